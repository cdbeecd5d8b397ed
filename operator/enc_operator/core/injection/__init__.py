"""The resolver and the secret volumes into an Agent's workload: a manifest in, a changed manifest out.

Injecting twice changes nothing. What does not belong here: which references are allowed, and writing to a cluster.
"""
