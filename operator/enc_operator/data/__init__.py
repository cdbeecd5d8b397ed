"""Data that the package carries: the Agent's settings, the schema of our own, the findings' examples. Reading it is the doors' work."""
