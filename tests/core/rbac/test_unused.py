"""Roles that open more to an Agent than its references need."""

import pytest

from assessing import NODE_AGENT, assess_texts, pod

ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}
metadata: {{name: secrets{namespace}}}
rules:
- {{apiGroups: [""], resources: [{resources}], verbs: [{verbs}], resourceNames: {names}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}Binding
metadata: {{name: secrets{namespace}{labels}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: secrets}}
subjects: [{subjects}]
"""
AGENT = "{kind: ServiceAccount, name: node, namespace: dd}"
OURS = ", labels: {enc-operator.io/managed-by: enc-operator}"


def unused(names: str, changes: dict[str, str], *, referring: bool = True) -> list[str]:
    """Return what is said of a Role that names Secrets."""
    parts = {
        "kind": "Role",
        "namespace": ", namespace: shop",
        "resources": "secrets",
        "verbs": "get",
        "labels": "",
        "subjects": AGENT,
        **changes,
    }
    found = assess_texts(NODE_AGENT, pod() if referring else "", ROLE.format(names=names, **parts)).findings
    return [item.what for item in found if item.code == "role-unused"]


def test_unused() -> None:
    """The Secrets that nothing needs are named, three of them at most."""
    assert unused("[db, b, a]", {}) == [
        "no reference of the input needs Secret a, b, which this rule opens to an Agent"
    ]
    assert "a, b, c and 2 more" in unused("[a, b, c, d, e]", {})[0]
    assert unused("[a]", {"kind": "ClusterRole", "namespace": ""}) != []


@pytest.mark.parametrize(
    ("names", "changes"),
    [
        pytest.param("[db]", {}, id="what is needed"),
        pytest.param("[]", {}, id="all of them, which is the audit's affair"),
        pytest.param("[a]", {"resources": "configmaps"}, id="something else"),
        pytest.param("[a]", {"verbs": "get, update"}, id="what the Agent writes itself"),
        pytest.param("[a]", {"labels": OURS}, id="what enc-operator wrote"),
        pytest.param("[a]", {"subjects": AGENT.replace("node", "other")}, id="another ServiceAccount's"),
        pytest.param(
            "[a]",
            {"subjects": f"{AGENT}, {AGENT.replace('node', 'other')}"},
            id="what somebody else reads too",
        ),
        pytest.param("[a]", {"subjects": "{kind: User, name: node}"}, id="a user's"),
        pytest.param("[db]", {"kind": "ClusterRole", "namespace": ""}, id="what is needed in some namespace"),
    ],
)
def test_used(names: str, changes: dict[str, str]) -> None:
    """Nothing is said of what is needed, and of what is somebody else's."""
    assert unused(names, changes) == []


def test_an_agent_that_refers_to_nothing() -> None:
    """Where the input shows no reference of the Agent, its Roles may well be for others."""
    assert unused("[a]", {}, referring=False) == []
