"""Roles, ClusterRoles and their bindings."""

from collections.abc import Mapping
from typing import Any

from enc_operator.core.findings import Where
from enc_operator.core.inventory import BindingFact, RoleFact, Rule, Subject
from enc_operator.core.objects.shapes import entries, labels, selector, text, texts

MANAGED_BY = "enc-operator.io/managed-by"
"""The label of what enc-operator wrote."""

OWNER = "enc-operator"
"""Its value where no install gives another."""


def read_role(manifest: Mapping[str, Any], where: Where, namespace: str, name: str) -> RoleFact:
    """Read a Role, or a ClusterRole (namespace empty)."""
    rules = tuple(
        Rule(
            texts(rule, "verbs"),
            texts(rule, "apiGroups"),
            texts(rule, "resources"),
            texts(rule, "resourceNames"),
            index,
        )
        for index, rule in entries(manifest, "rules")
        # A list of names that is none would read as "all names".
        if len(texts(rule, "resourceNames")) == _length(rule.get("resourceNames"))
    )
    aggregates = tuple(
        selector(item) for _, item in entries(manifest, "aggregationRule", "clusterRoleSelectors")
    )
    return RoleFact(where, namespace, name, rules, labels(manifest, "metadata", "labels"), aggregates)


def _length(names: Any) -> int:
    if names is None:
        return 0
    return len(names) if isinstance(names, list) else -1


def read_binding(manifest: Mapping[str, Any], where: Where, namespace: str, name: str) -> BindingFact:
    """Read a RoleBinding, or a ClusterRoleBinding (namespace empty)."""
    subjects = tuple(
        Subject(text(item, "kind"), text(item, "name"), text(item, "namespace"))
        for _, item in entries(manifest, "subjects")
    )
    ours = MANAGED_BY in labels(manifest, "metadata", "labels")
    role_kind, role_name = text(manifest, "roleRef", "kind"), text(manifest, "roleRef", "name")
    return BindingFact(where, namespace, name, role_kind, role_name, subjects, ours)
