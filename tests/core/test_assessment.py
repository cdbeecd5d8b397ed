"""The assessment as a whole: what follows from facts, and what never follows."""

from itertools import permutations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assessing import CLUSTER_AGENT, NODE_AGENT, assess_texts, codes, granted, inventory_of, pod
from enc_operator.cli.loading import assess_inventory
from enc_operator.core.assessment import assess, questions
from enc_operator.core.inventory import Question
from enc_operator.core.rendering import as_data
from granting import CROSS, ELSEWHERE, GRANT

RBAC = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r, namespace: db}
rules: [{apiGroups: [""], resources: [secrets], resourceNames: [orders], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: r, namespace: db}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
"""


def test_permission_for_the_node_agent() -> None:
    """A pod's own Secret is granted to the node Agent, which gets the resolver too."""
    assessment = assess_texts(NODE_AGENT, CLUSTER_AGENT, pod())

    assert granted(assessment) == {"dd/node": ["shop/db"]}
    assert [str(item.object) for item in assessment.injections if item.changes] == ["DaemonSet dd/node"]
    assert not assessment.has_errors


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param((), {}, id="nothing allows it"),
        pytest.param((GRANT,), {"dd/node": ["db/orders"]}, id="the Secret's owner grants it"),
        pytest.param((RBAC,), {"dd/node": ["db/orders"]}, id="the pod's ServiceAccount may get it"),
        pytest.param(
            (
                RBAC.replace(
                    "metadata: {name: r, namespace: db}",
                    "metadata: {name: r, namespace: db, labels: {enc-operator.io/managed-by: x}}",
                ),
            ),
            {},
            id="a Role of our own making authorises nobody",
        ),
    ],
)
def test_other_namespaces(texts: tuple[str, ...], expected: dict[str, list[str]]) -> None:
    """A Secret of another namespace needs the owner's consent, or the pod's own right."""
    assert granted(assess_texts(NODE_AGENT, CROSS, pod(ELSEWHERE), *texts)) == expected


def test_agents_own_account_is_never_asked_about() -> None:
    """A pod that runs as an Agent's ServiceAccount gains nothing by what the Agent may read."""
    mine = pod(ELSEWHERE, namespace="dd").replace("serviceAccountName: web", "serviceAccountName: node")
    rbac = RBAC.replace("name: web, namespace: shop", "name: node, namespace: dd")

    assessment = assess_texts(NODE_AGENT, CROSS, mine, rbac)

    assert granted(assessment) == {}
    assert "access-denied" in codes(assessment)


def test_questions_come_first() -> None:
    """What RBAC decides is listed, and without an answer it is denied."""
    inventory = inventory_of(NODE_AGENT, CROSS, pod(ELSEWHERE), RBAC)

    asked = questions(inventory)
    assert asked == [Question("dd", "node", "db", "orders"), Question("shop", "web", "db", "orders")]
    assert assess(inventory).permissions == ()
    inventory.answers = {Question("shop", "web", "db", "orders"): True}
    assert granted(assess(inventory)) == {"dd/node": ["db/orders"]}


def test_residual() -> None:
    """A refused reference to a Secret that the Agent reads for an allowed one is reported as still resolving."""
    thief = pod(ELSEWHERE, namespace="evil", name="thief")

    assessment = assess_texts(NODE_AGENT, CROSS, GRANT, pod(ELSEWHERE), thief)

    assert codes(assessment) == ["access-denied", "residual"]


def test_scope() -> None:
    """Without crossNamespace the Agent refuses other namespaces itself: no permission, and the finding says so."""
    assessment = assess_texts(NODE_AGENT, GRANT, pod(ELSEWHERE))

    assert granted(assessment) == {}
    assert codes(assessment) == ["scope-refused"]


def test_value_that_is_a_handle() -> None:
    """A referenced Secret whose value is itself a handle is reported: the resolver refuses it."""
    secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\nstringData: {password: "ENC[x]"}\n'

    assert codes(assess_texts(NODE_AGENT, pod(), secret)) == ["secret-holds-handle"]


def test_other_keys_are_no_handle() -> None:
    """Another key's handle does not matter to this reference."""
    secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\nstringData: {other: "ENC[x]", password: p}\n'

    assert codes(assess_texts(NODE_AGENT, pod(), secret)) == []


def test_without_agents() -> None:
    """Manifests without an Agent are judged all the same; one finding says who is missing."""
    assessment = assess_texts(pod(), pod(ELSEWHERE, name="other"), pod(name="third"))

    assert codes(assessment) == ["access-denied", "no-agent"]
    assert "3 handles wait for a node Agent" in next(
        item.what for item in assessment.findings if item.code == "no-agent"
    )
    assert granted(assessment) == {}


def test_one_handle_waits() -> None:
    """One handle waits in the singular."""
    assert "1 handle waits for" in assess_texts(pod()).findings[0].what


def test_refused_injection() -> None:
    """A workload that cannot take the injection is a finding at the workload."""
    windows = NODE_AGENT.replace(
        "serviceAccountName: node", "serviceAccountName: node\n      os: {name: windows}"
    )

    assessment = assess_texts(windows, pod())

    assert codes(assessment) == ["agent-refused", "not-resolved"]
    assert granted(assessment) == {}
    assert str(assessment.findings[0].where.object) == "DaemonSet dd/node"


def test_mode_none_is_no_finding() -> None:
    """Whoever switches the injection off is not told so."""
    backend = NODE_AGENT.replace(
        "image: registry.datadoghq.com/agent:7",
        'image: registry.datadoghq.com/agent:7, env: [{name: DD_SECRET_BACKEND_TYPE, value: "k8s.secrets"}]',
    )
    target = CROSS.replace("crossNamespace: true", "resolver: {mode: none}")

    assert codes(assess_texts(backend, target, pod("ENC[shop/db;password]"))) == []


def test_objects_come_in_order() -> None:
    """Permissions come before the workloads that use them: an Agent that asks too early does not ask again."""
    kinds = [item["kind"] for item in assess_texts(NODE_AGENT, pod()).objects()]

    assert kinds == ["Role", "RoleBinding", "ConfigMap", "DaemonSet"]


def test_injected_before() -> None:
    """A workload that is injected already is not written again."""
    first = assess_texts(NODE_AGENT, pod()).objects()[-1]

    again = assess_texts(yaml.safe_dump(first), pod())

    assert [item["kind"] for item in again.objects()] == ["Role", "RoleBinding", "ConfigMap"]
    assert again.injections[0].changes == ()


def templated(secret: str) -> tuple[str, str]:
    """Return a node Agent and its check's template for every redis, with a handle of a fixed Secret."""
    config = f"""
apiVersion: v1
kind: ConfigMap
metadata: {{name: confd, namespace: dd}}
data:
  redisdb.yaml: |
    ad_identifiers: [redis]
    instances: [{{password: "ENC[k8s_secret@{secret}/password]"}}]
"""
    mount = "        volumeMounts: [{name: c, mountPath: /conf.d}]\n      volumes: [{name: c, configMap: {name: confd}}]\n"
    agent = NODE_AGENT.replace(
        "{name: agent, image: registry.datadoghq.com/agent:7}", "name: agent\n        image: datadog/agent:7"
    )
    return agent + mount, config


def test_many_spoofers() -> None:
    """A template that reaches many foreign pods names the first of them and counts the rest."""
    mine = pod("x", namespace="dd", name="mine")
    others = [pod("x", namespace=f"n{number}", name="p") for number in range(5)]

    assessment = assess_texts(*templated("dd/shared"), CROSS, mine, *others)

    found = [item for item in assessment.findings if item.code == "spoofable"]
    assert len(found) == 1
    assert "Pod n0/p, Pod n1/p, Pod n2/p and 2 more" in found[0].what


def test_denied_template_is_not_spoofable_too() -> None:
    """What the Agents' configuration may not use is denied once, not reported pod by pod."""
    assert codes(assess_texts(*templated("db/shared"), CROSS, pod("x"))) == ["access-denied"]


PIECES = (
    NODE_AGENT,
    CLUSTER_AGENT,
    CROSS,
    GRANT,
    RBAC,
    pod(ELSEWHERE),
    pod(name="near"),
    pod(ELSEWHERE, namespace="evil"),
)


@given(st.permutations(range(len(PIECES))))
def test_stable_under_permutation(order: list[int]) -> None:
    """The assessment is the same whatever order the manifests came in."""
    expected = as_data(assess_texts(*PIECES))
    found = as_data(assess_inventory(inventory_of(*(PIECES[index] for index in order))))

    for data in (expected, found):
        for part in ("references", "findings"):
            for item in data[part]:
                del item["file"]
    assert found == expected


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_removing_consent_removes_the_permission(order: tuple[int, ...]) -> None:
    """Without the grant nothing of its permission is left, in whatever order the rest comes."""
    rest = (NODE_AGENT, CROSS, pod(ELSEWHERE))

    assert granted(assess_texts(*(rest[index] for index in order), GRANT)) == {"dd/node": ["db/orders"]}
    assert granted(assess_texts(*(rest[index] for index in order))) == {}


def test_a_workload_that_stands_twice() -> None:
    """An overlay that repeats its base's Agent makes no second one."""
    assessment = assess_texts(NODE_AGENT, NODE_AGENT, pod())

    assert len(assessment.judged) == 1
    assert [item["kind"] for item in assessment.objects()] == [
        "Role",
        "RoleBinding",
        "ConfigMap",
        "DaemonSet",
    ]
