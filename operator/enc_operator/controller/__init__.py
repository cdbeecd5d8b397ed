"""The operator: a process that keeps a live cluster as the core says. Its settings, its start, its life as leader.

Decisions do not belong here, and no call to the API server that does not pass the gateway.
"""
