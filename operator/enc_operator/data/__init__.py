"""Data that the package carries: the Agent's settings. Reading it is the doors' work."""
