"""`encctl uninstall`: taking an install of the operator back with the user's own kubectl. What has to go is the core's to say."""
