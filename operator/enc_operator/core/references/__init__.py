"""References: every place that could make an Agent read a Secret, who would read it, and on whose behalf.

What does not belong here: whether it may (access), and what follows from it (RBAC, injection, findings' severities).
"""
