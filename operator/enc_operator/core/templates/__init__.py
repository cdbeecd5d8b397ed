"""The grammar of Autodiscovery templates: annotations, labels, check files, template variables, and the strings in them.

What does not belong here: who resolves a template, and whether it may.
"""
