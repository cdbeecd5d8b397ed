"""`encctl adopt`: from what a live cluster's Agents read today to files for review, with which they need no more than the least.

It reads as `encctl scan` does and writes files only. What an Agent relies on, and what takes a permission away, is the core's.
"""
