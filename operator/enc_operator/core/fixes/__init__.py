"""Corrections of a file's own text, for findings where only one can be meant; each is read back before it counts.

What is not certain is no fix: `enc[…]` may be a password. Reading and writing files is the door's affair.
"""
