"""RBAC: what rules let a ServiceAccount do, and the least Roles and RoleBindings that references need.

What does not belong here: whether a reference may be granted (access).
"""
