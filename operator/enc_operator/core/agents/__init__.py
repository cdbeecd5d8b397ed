"""Agents as processes that resolve handles: their backend, scoping, files, environment and settings.

What belongs here: what an Agent's own workload or files say about it. What does not: app teams' templates, and access.
"""
