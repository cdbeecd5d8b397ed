"""Decisions as findings: what a reader is told, and how to fix it."""

import pytest

from assessing import NODE_AGENT, assess_texts, codes, granted, pod
from granting import CROSS, ELSEWHERE, GRANT

EVERYTHING = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: all}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: all}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: all}
subjects: [{kind: ServiceAccount, name: node, namespace: dd}]
"""


def test_residual_by_rbac() -> None:
    """What is refused resolves all the same where the Agent may read the Secret by RBAC that is there: it is said."""
    assessment = assess_texts(NODE_AGENT, CROSS, EVERYTHING, pod(ELSEWHERE))

    assert codes(assessment) == ["secrets-unbounded", "access-denied", "residual"]
    assert "may get the Secret by RBAC of the input" in assessment.findings[2].what
    assert granted(assessment) == {}


def test_fix_for_a_pod_of_an_agents_account() -> None:
    """A pod that runs as an Agent's ServiceAccount is not told to widen what the Agent may read."""
    mine = pod(ELSEWHERE, namespace="dd").replace("serviceAccountName: web", "serviceAccountName: node")

    denied = assess_texts(NODE_AGENT, CROSS, mine).findings[0]

    assert "SecretGrant" in denied.fix
    assert "Role" not in denied.fix


def test_scope_that_the_plan_sets() -> None:
    """Where the plan itself keeps an Agent to its pods' namespaces, the finding says so and names the AgentTarget."""
    found = assess_texts(NODE_AGENT, GRANT, pod(ELSEWHERE)).findings[0]

    assert "the plan keeps Agents to their pods' own namespaces" in found.what
    assert found.fix == "add an AgentTarget in namespace dd with spec: {crossNamespace: true}"


def test_template_on_the_workload_itself() -> None:
    """A template on a Deployment's own metadata is read by nobody, and that is said."""
    deployment = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, annotations: {ad.datadoghq.com/app.checks: "{}", other: x}}
spec: {template: {metadata: {}, spec: {containers: [{name: app, image: a}]}}}
"""

    found = assess_texts(deployment).findings

    assert [item.code for item in found] == ["not-resolved"]
    assert found[0].fix == "move it to spec.template.metadata.annotations"


def test_expired_grant() -> None:
    """A grant whose time is over is named: a denial alone would not tell why it does not count."""
    expired = GRANT.replace("spec:", 'spec:\n  expires: "2020-01-01T00:00:00Z"')

    assert codes(assess_texts(NODE_AGENT, CROSS, expired, pod(ELSEWHERE))) == [
        "access-denied",
        "grant-expired",
    ]


def test_kinds_that_are_not_read() -> None:
    """A kind that is not read is named where a handle stands in it, and only there."""
    rollout = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r, annotations: {a: VALUE}}\n"
    )
    limits = "apiVersion: v1\nkind: LimitRange\nmetadata: {name: r, annotations: {a: VALUE}}\n"

    assert codes(assess_texts(rollout.replace("VALUE", "plain"), limits.replace("VALUE", "plain"))) == []
    assert codes(assess_texts(rollout.replace("VALUE", '"ENC[x]"'))) == ["not-read"]
    assert codes(assess_texts(limits.replace("VALUE", '"ENC[x]"'))) == ["not-read"]


OWN_FOLDER = NODE_AGENT.replace(
    "{name: agent, image: registry.datadoghq.com/agent:7}",
    """name: agent
        image: registry.datadoghq.com/agent:7
        env: [{name: DD_API_KEY, value: "ENC[file@/etc/own/api]"}]
        volumeMounts: [{name: own, mountPath: /etc/own}]
      volumes: [{name: own, secret: {secretName: keys}}]""",
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/etc/own/api", ["file-refused", "residual"], id="the file that the Agent names"),
        pytest.param("/etc/own/other", ["file-refused", "residual"], id="another one in its folder"),
        pytest.param("/etc/owner/api", ["file-refused"], id="one of another folder"),
    ],
)
def test_residual_in_an_open_folder(path: str, expected: list[str]) -> None:
    """A refused file in a folder that the Agent's own configuration opens to the resolver resolves all the same."""
    assert codes(assess_texts(OWN_FOLDER, pod(f"ENC[file@{path}]"))) == expected


def test_a_backend_in_the_way_is_pointed_at() -> None:
    """A backend of the user's own is reported at the variable that configures it."""
    own = OWN_FOLDER.replace(
        "name: DD_API_KEY, value:", "name: DD_SECRET_BACKEND_COMMAND, value: /own}, {name: DD_SITE, value:"
    )
    (found,) = (item for item in assess_texts(own, pod()).findings if item.code == "backend-conflict")

    excerpt = found.where.excerpt()
    assert excerpt
    assert excerpt.marks.strip() == "^" * len("DD_SECRET_BACKEND_COMMAND")
