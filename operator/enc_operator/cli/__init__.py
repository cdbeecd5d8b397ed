"""encctl: the core over files, for people and pipelines.

What belongs here: reading input, choosing a format, printing. What does not: deciding anything.
"""
