"""`encctl scan`: what `encctl plan` and `encctl lint` say, of what a cluster holds, read with the user's own rights.

Only lists are read, and access reviews asked where RBAC cannot be read; Secrets are never read, not even their names. Telling
which objects are Agents, and every decision, is the core's.
"""
