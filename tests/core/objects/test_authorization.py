"""Roles and bindings as facts."""

from typing import Any

import pytest

from enc_operator.core.inventory import BindingFact, Rule, Selector, Subject
from enc_operator.core.objects.authorization import read_role
from reading_objects import WHERE, read

RULE = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"], "verbs": ["get"]}


@pytest.mark.parametrize(
    ("kind", "namespace"),
    [
        pytest.param("Role", "shop", id="a Role"),
        pytest.param("ClusterRole", "", id="a ClusterRole has no namespace, whatever is written"),
    ],
)
def test_roles(kind: str, namespace: str) -> None:
    """A role has its rules; what is no rule is left out."""
    metadata = {"name": "r", "namespace": "shop", "labels": {"a": "b"}}
    manifest = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata}
    (role,) = read({**manifest, "rules": [RULE, {"nonResourceURLs": ["/x"], "verbs": ["get", 1]}, "x"]}).roles
    assert (role.namespace, role.name, role.labels) == (namespace, "r", {"a": "b"})
    assert role.rules == (Rule(("get",), ("",), ("secrets",), ("a",)), Rule(("get",), (), ()))
    assert role.aggregates == ()


def test_aggregated_roles() -> None:
    """A ClusterRole may take in what other roles' labels say."""
    selectors: list[Any] = [{"matchLabels": {"a": "b"}}, {}, 1]
    role = read_role({"aggregationRule": {"clusterRoleSelectors": selectors}}, WHERE, "", "view")
    assert role.aggregates == (Selector({"a": "b"}), Selector())


@pytest.mark.parametrize(
    ("kind", "namespace"),
    [
        pytest.param("RoleBinding", "shop", id="a RoleBinding"),
        pytest.param("ClusterRoleBinding", "", id="a ClusterRoleBinding"),
    ],
)
def test_bindings(kind: str, namespace: str) -> None:
    """A binding has a role and subjects, and is ours by its label."""
    manifest = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": {
            "name": "b",
            "namespace": "shop",
            "labels": {"enc-operator.io/managed-by": "enc-operator"},
        },
        "roleRef": {"kind": "ClusterRole", "name": "view"},
        "subjects": [
            {"kind": "ServiceAccount", "name": "web", "namespace": "shop"},
            {"kind": "Group", "name": "g"},
            None,
        ],
    }
    (binding,) = read(manifest).bindings
    subjects = (Subject("ServiceAccount", "web", "shop"), Subject("Group", "g"))
    assert binding == BindingFact(binding.where, namespace, "b", "ClusterRole", "view", subjects, ours=True)


def test_a_binding_of_others() -> None:
    """Without the label a binding is not ours."""
    (binding,) = read({"kind": "RoleBinding", "metadata": {"name": "b"}}).bindings
    assert (binding.ours, binding.role_name, binding.subjects) == (False, "", ())
