"""`encctl can-i`: whether the Agents may get what they would ask the Kubernetes API for.

The questions and the answers of the input's RBAC are pure (`questions`); asking a cluster is done by the user's own kubectl
(`cluster`), never by a client of ours.
"""
