"""The audit: what Agents' ServiceAccounts can read by the RBAC there is, against what their references need.

What does not belong here: whether a reference may be granted (access), and the Roles that it takes (rbac).
"""
