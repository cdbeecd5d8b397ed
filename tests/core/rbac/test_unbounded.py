"""Rules that let an Agent read every Secret of the cluster."""

import pytest

from assessing import CLUSTER_AGENT, NODE_AGENT, assess_texts
from enc_operator.core.findings import Finding

ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reads}
rules:
- {apiGroups: [""], resources: [pods], verbs: [get]}
- {apiGroups: [GROUP], resources: [RESOURCES], verbs: [VERBS]NAMES}
"""
BINDING = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: NAME}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reads}
subjects: [{kind: ServiceAccount, name: node, namespace: dd}]
"""


def unbounded(*texts: str, **changes: str) -> list[Finding]:
    """Return what is said of a ClusterRole that is written with changes."""
    parts = {"GROUP": '""', "RESOURCES": "secrets", "VERBS": "get, list, update", "NAMES": "", **changes}
    role = ROLE
    for name, value in parts.items():
        role = role.replace(name, value)
    found = assess_texts(NODE_AGENT, role, *(texts or [BINDING.replace("NAME", "one")])).findings
    return [item for item in found if item.code == "secrets-unbounded"]


def test_unbounded() -> None:
    """The rule is named, with the verbs that read and the Agents that have it."""
    (found,) = unbounded()

    assert found.what == "get, list on every Secret of the cluster for node Agent dd/node"
    assert found.where.path == ("rules", 1)
    assert "encctl audit" in found.fix


def test_several() -> None:
    """A rule is named once, whoever has it and however often."""
    bindings = [BINDING.replace("NAME", "one"), BINDING.replace("NAME", "two")]
    bindings.append(BINDING.replace("NAME", "three").replace("name: node", "name: cluster"))

    (found,) = unbounded(CLUSTER_AGENT, *bindings)

    assert found.what.endswith("for Cluster Agent dd/cluster, node Agent dd/node")


def test_everything() -> None:
    """A rule about everything is one about Secrets."""
    (found,) = unbounded(GROUP='"*"', RESOURCES='"*"', VERBS='"*"')

    assert found.what.startswith("get, list, watch on every Secret")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"NAMES": ", resourceNames: [a]"}, id="named Secrets"),
        pytest.param({"RESOURCES": "configmaps"}, id="something else"),
        pytest.param({"GROUP": "apps"}, id="another API group"),
        pytest.param({"VERBS": "create"}, id="writing only"),
    ],
)
def test_bounded(changes: dict[str, str]) -> None:
    """Nothing is said of other rules."""
    assert unbounded(**changes) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("name: node,", "name: other,", id="another ServiceAccount"),
        pytest.param(
            "kind: ClusterRoleBinding\nmetadata: {name: NAME}",
            "kind: RoleBinding\nmetadata: {name: NAME, namespace: shop}",
            id="one namespace, which is the audit's affair",
        ),
    ],
)
def test_bound_otherwise(before: str, after: str) -> None:
    """Nothing is said of who else has the rule, or has it in a namespace only."""
    assert unbounded(BINDING.replace(before, after)) == []
