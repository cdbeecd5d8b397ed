"""What Agents hold against what they need: too much, exact, missing, and what depends on it."""

from collections.abc import Sequence

import pytest

from agent_manifests import agent, confd, service, target
from assessing import CLUSTER_AGENT, NODE_AGENT, pod
from auditing import audited
from chart_shapes import CLUSTER, OWN_POD, binding, bound, chart, manifest, rule
from enc_operator.core.audit.model import Audit

GET = rule("get")
GET_DB = rule("get", names=["db"])
ALSO_LIST = rule("get", "list", names=["db"])
TWO = rule("get", names=["db", "old"])
ELSEWHERE = pod("ENC[k8s_secret@db/orders/password]", name="far")
CRD_GRANT = """
apiVersion: enc-operator.io/v1alpha1
kind: SecretGrant
metadata: {name: g, namespace: db}
spec:
  from: [{namespace: shop, serviceAccounts: [web]}]
  to: [{secretName: orders, keys: [password]}]
"""


def node_role(*rules: object, namespace: str = "shop", bound_in: str | None = None) -> str:
    """Return a role with these rules, bound to the node Agent."""
    return "\n---\n".join(
        bound(namespace, "r", list(rules), "node", labels={}, home="dd", bound_in=bound_in)  # type: ignore[arg-type]
    )


def told(found: Audit) -> list[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], int]]:
    """Return verbs that are surplus, Secrets that are needed and unused, and how many references break."""
    return [(held.surplus_verbs, held.needed, held.unused, len(held.breaks)) for held in found.surplus]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param([node_role(GET_DB)], [], id="what is needed, exactly"),
        pytest.param([node_role(ALSO_LIST)], [(("list",), ("db",), (), 0)], id="a verb too many"),
        pytest.param([node_role(TWO)], [((), ("db",), ("old",), 0)], id="a Secret too many"),
        pytest.param([node_role(GET)], [(("get",), (), (), 1)], id="all Secrets of the namespace"),
        pytest.param(
            [node_role(GET, namespace="")], [(("get",), (), (), 1)], id="all Secrets of the cluster"
        ),
        pytest.param(
            [node_role(GET_DB, namespace="")],
            [(("get",), (), (), 1)],
            id="the Secret's name in every namespace",
        ),
        pytest.param(
            [node_role(GET_DB, namespace="", bound_in="shop")],
            [],
            id="a ClusterRole bound where it is needed",
        ),
        pytest.param(
            [node_role(GET_DB, GET)],
            [(("get",), (), (), 0)],
            id="all Secrets beside the one: nothing depends on it",
        ),
        pytest.param(
            [node_role(rule("list", "watch"))],
            [(("list", "watch"), (), (), 0)],
            id="verbs that resolve nothing",
        ),
        pytest.param([node_role(rule("get", resources=["pods"]))], [], id="no Secrets"),
        pytest.param(
            [node_role(rule("create", resources=["serviceaccounts/token"]))],
            [((), (), (), 0)],
            id="what amounts to reading",
        ),
    ],
)
def test_surplus(texts: Sequence[str], expected: list[object]) -> None:
    """Anything but `get` on the very Secrets that are needed, in their namespaces, is too much."""
    assert told(audited(NODE_AGENT, OWN_POD, *texts)) == expected


@pytest.mark.parametrize(
    ("texts", "now", "role"),
    [
        pytest.param([], [], True, id="nothing gives it"),
        pytest.param([node_role(GET, namespace="")], ["r"], True, id="what is too much gives it"),
    ],
)
def test_missing(texts: Sequence[str], now: list[str], *, role: bool) -> None:
    """A Secret that is needed and given by nothing that may stay is missing, with the plan's Role."""
    [item] = audited(NODE_AGENT, OWN_POD, *texts).missing

    assert (str(item.account), item.namespace, item.secret, item.named) == ("dd/node", "shop", "db", None)
    assert [held.given.role.name for held in item.now] == now
    assert item.role.startswith("shop/enc-") is role


def test_denied_is_not_missing() -> None:
    """What is denied is asked of the Secret's owner, not of RBAC; unless somebody has listed it for this very Agent."""
    listed = node_role(rule("get", names=["orders"]), namespace="db")

    assert audited(NODE_AGENT, ELSEWHERE).missing == ()
    found = audited(NODE_AGENT, ELSEWHERE, listed)
    assert found.missing == ()
    assert told(found) == [(("get",), (), (), 1)]


def test_planned_scoping() -> None:
    """Before the plan keeps Agents to their pods' namespaces, a reference to another namespace resolves: it would break."""
    everywhere = node_role(GET, namespace="")
    [held] = audited(NODE_AGENT, ELSEWHERE, CRD_GRANT, everywhere).surplus
    scoped = agent(
        name="node", env=[{"name": "DD_SECRET_SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE", "value": "true"}]
    )
    [after] = audited(scoped, ELSEWHERE, CRD_GRANT, everywhere, target(resolver={"mode": "none"})).surplus

    assert [item.reference.title for item in held.breaks] == ["ENC[k8s_secret@db/orders/password]"]
    assert after.breaks == ()


def test_undetermined_name() -> None:
    """A Secret that only the running pod names can be any of its namespace."""
    late = pod("ENC[k8s_secret@shop/%%host%%/k]")
    [held] = audited(NODE_AGENT, late, node_role(GET)).surplus

    assert len(held.breaks) == 1
    assert audited(NODE_AGENT, late).missing == ()
    assert audited(NODE_AGENT, late, node_role(GET_DB)).surplus[0].breaks == ()


def test_shared_account() -> None:
    """Components that run as one ServiceAccount are audited as one."""
    shared = CLUSTER_AGENT.replace("serviceAccountName: cluster", "serviceAccountName: node")
    [item] = audited(NODE_AGENT, shared, node_role(GET)).accounts

    assert item.account.components == "node Agent, Cluster Agent"


def test_groups() -> None:
    """What the group of all ServiceAccounts may read, an Agent may read: the subject that gives it is said."""
    group = {"kind": "Group", "name": "system:serviceaccounts"}
    role = manifest("Role", "shop", "r", {}, rules=[GET])
    [held] = audited(NODE_AGENT, role, binding("shop", "b", "Role", "r", [group])).surplus

    assert held.change.text == "take Group system:serviceaccounts out of the subjects of RoleBinding shop/b"


@pytest.mark.parametrize(
    ("kind", "name", "surplus", "unseen"),
    [
        pytest.param("ClusterRole", "cluster-admin", 1, 0, id="known without being there"),
        pytest.param("ClusterRole", "edit", 3, 0, id="edit, with what amounts to reading"),
        pytest.param("ClusterRole", "view", 0, 0, id="known to read no Secret"),
        pytest.param("ClusterRole", "their-own", 0, 1, id="not in the input"),
    ],
)
def test_unseen_roles(kind: str, name: str, surplus: int, unseen: int) -> None:
    """A role that is bound and not in the input is said, unless the API server brings it."""
    me = {"kind": "ServiceAccount", "name": "node", "namespace": "dd"}
    found = audited(NODE_AGENT, binding("", "b", kind, name, [me]))

    assert (len(found.surplus), len(found.unseen)) == (surplus, unseen)


def test_role_of_the_api_server() -> None:
    """The Role that aggregated API servers read their configuration by holds no Secret."""
    me = {"kind": "ServiceAccount", "name": "node", "namespace": "dd"}
    text = binding("kube-system", "b", "Role", "extension-apiserver-authentication-reader", [me])

    assert audited(NODE_AGENT, text).unseen == ()


def test_a_manifest_counts_instead() -> None:
    """A role of the input counts instead of the one that the API server brings."""
    me = {"kind": "ServiceAccount", "name": "node", "namespace": "dd"}
    own = manifest("ClusterRole", "", "edit", {}, rules=[])

    assert audited(NODE_AGENT, own, binding("", "b", "ClusterRole", "edit", [me])).surplus == ()


def test_unmatched_templates() -> None:
    """A template that no pod of the input matches is said: what it would read is not known."""
    text = (
        '{"ad_identifiers": ["redis"], "instances": [{"password": "ENC[k8s_secret@%%kube_namespace%%/a/k]"}]}'
    )
    found = audited(*confd({"redis.yaml": text}))

    assert [len(item.unmatched) for item in found.accounts] == [1]


def test_agents_outside_kubernetes() -> None:
    """An Agent that is no pod has no ServiceAccount to audit."""
    compose = 'services: {agent: {image: "datadog/agent:7", environment: {DD_API_KEY: "ENC[key]"}}}'

    assert audited(compose).accounts == ()


@pytest.mark.parametrize("strict", [False, True], ids=["not counted", "counted with --strict"])
def test_own_features(*, strict: bool) -> None:
    """What a feature of the Agent needs in its own namespace stays, and so does what resolves by it."""
    own = pod("ENC[k8s_secret@watch/keys/k]", namespace="watch")
    found = audited(chart(), own, strict=strict)
    broad = [held for held in found.surplus if held.account.name == CLUSTER and held.given.scope == "watch"]

    assert len(found.own) == (0 if strict else 2)
    assert len(broad) == (2 if strict else 0)


def test_our_own_roles() -> None:
    """Roles that enc-operator planned are exact; what is left of an earlier plan is too much."""
    ours = {"enc-operator.io/managed-by": "enc-operator"}
    exact = "\n---\n".join(bound("shop", "enc-a", [GET_DB], "node", labels=ours, home="dd"))
    left = "\n---\n".join(bound("shop", "enc-a", [TWO], "node", labels=ours, home="dd"))

    assert audited(NODE_AGENT, OWN_POD, exact).surplus == ()
    [held] = audited(NODE_AGENT, OWN_POD, left).surplus
    assert (held.unused, held.breaks) == (("old",), ())


def fixes(found: Audit) -> list[tuple[str, str]]:
    """Return what is to be changed for each ServiceAccount."""
    return [(str(held.account), held.change.text) for held in found.surplus]


NODE_OUT = "take ServiceAccount node out of the subjects of RoleBinding shop/r: others hold Role shop/r too"


@pytest.mark.parametrize(
    ("subjects", "expected"),
    [
        pytest.param(
            ["node"],
            'in rules[0] of Role shop/r, write verbs: ["get"] and resourceNames: [db]',
            id="nobody else",
        ),
        pytest.param(["node", "ci"], NODE_OUT, id="somebody who is no Agent"),
        pytest.param(["node", "cluster"], NODE_OUT, id="an Agent that needs something else"),
    ],
)
def test_shared_roles(subjects: list[str], expected: str) -> None:
    """A role that others hold too is not cut down: they would lose what they need."""
    role = "\n---\n".join(bound("shop", "r", [TWO], *subjects, labels={}, home="dd"))
    old = service("ENC[k8s_secret@shop/old/k]")
    found = audited(NODE_AGENT, CLUSTER_AGENT, OWN_POD, old, role)

    assert ("dd/node", expected) in fixes(found)
    assert (expected == NODE_OUT) is bool(found.surplus[0].breaks)


def test_shared_by_need() -> None:
    """Agents that need the same of a role share it."""
    role = "\n---\n".join(bound("shop", "r", [TWO], "node", "cluster", labels={}, home="dd"))
    found = audited(NODE_AGENT, CLUSTER_AGENT, OWN_POD, service("ENC[k8s_secret@shop/db/k]"), role)

    assert len({text for _, text in fixes(found)}) == 1
    assert "resourceNames: [db]" in fixes(found)[0][1]


def test_aggregated_roles() -> None:
    """A rule that an aggregated ClusterRole gathers is another role's, which others gather too."""
    selector = {"clusterRoleSelectors": [{"matchLabels": {"part": "yes"}}]}
    whole = manifest("ClusterRole", "", "whole", {}, rules=[], aggregationRule=selector)
    part = manifest("ClusterRole", "", "part", {"part": "yes"}, rules=[GET])
    me = {"kind": "ServiceAccount", "name": "node", "namespace": "dd"}
    found = audited(NODE_AGENT, whole, part, binding("", "b", "ClusterRole", "whole", [me]))

    assert fixes(found) == [
        (
            "dd/node",
            "take ServiceAccount node out of the subjects of ClusterRoleBinding b: others hold ClusterRole part too",
        )
    ]
