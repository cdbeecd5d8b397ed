"""`encctl doctor`: is everything of an install on a live cluster as it should be, read only, with the user's own rights.

What is read stands in `reading`; each group of checks, which are pure, in a module of its own. Secrets are never read.
"""
