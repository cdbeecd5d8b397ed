"""An audit as a person reads it."""

import pytest

from agent_manifests import confd
from assessing import NODE_AGENT, pod
from auditing import audited
from chart_shapes import OWN_POD, binding, bound, chart, manifest, rule
from enc_operator.core.audit.rendering import (
    lines,
    missing_lines,
    own_lines,
    steps,
    summary,
    tables,
    unknown_lines,
)

ME = {"kind": "ServiceAccount", "name": "node", "namespace": "dd"}


def shown(*texts: str) -> str:
    """Return the blocks of an audit."""
    return "\n".join(text for _, text in lines(audited(*texts)))


def test_chart() -> None:
    """The blocks of the vendor's chart, one for each rule, in the order of the file."""
    assert shown(chart()).replace("file0.yaml", "f") == EXPECTED


EXPECTED = """\
f:34:3: surplus: get on every Secret of the cluster
    in ClusterRole one-datadog rules[1]
    watch/one-datadog (node Agent) by ClusterRoleBinding one-datadog
    watch/one-datadog-cluster-checks (cluster checks runner) by ClusterRoleBinding one-datadog
    resolves today only by it: nothing in the input
    fix: in the values of Helm release one (chart datadog-9.9.9), set datadog.secretBackend.enableGlobalPermissions: false
f:103:3: surplus: get on every Secret of the cluster
    in ClusterRole one-datadog-cluster-agent rules[1]
    watch/one-datadog-cluster-agent (Cluster Agent) by ClusterRoleBinding one-datadog-cluster-agent
    resolves today only by what is surplus:
      ENC[k8s_secret@base/ledger/password] (denied), ConfigMap watch/checks (f:7)
    fix: in the values of Helm release one (chart datadog-9.9.9), set datadog.secretBackend.enableGlobalPermissions: false
f:155:3: surplus: get, list, watch on Secret ledger of namespace base
    in Role base/one-datadog-secret-reader-base rules[0]
    watch/one-datadog (node Agent) by RoleBinding base/one-datadog-secret-reader-base, refers to no ledger
    no handle needs list, watch: an Agent resolves with get
    missing subject: watch/one-datadog-cluster-agent (Cluster Agent) refers to ledger: ConfigMap watch/checks (f:7)
    resolves today only by it: nothing in the input
    fix: in the values of Helm release one (chart datadog-9.9.9), set datadog.secretBackend.roles: []
f:212:3: surplus: list, watch on every Secret of the cluster
    in ClusterRole one-datadog-ksm-core rules[0]
    watch/one-datadog-cluster-agent (Cluster Agent) by ClusterRoleBinding one-datadog-ksm-core
    no handle needs list, watch: an Agent resolves with get
    resolves today only by it: nothing in the input
    stops: the metrics kubernetes_state.secret.*
    fix: in the values of Helm release one (chart datadog-9.9.9), set datadog.kubeStateMetricsCore.collectSecretMetrics: false"""


VALUES = """\
in the values of Helm release one (chart datadog-9.9.9):
datadog:
  secretBackend:
    enableGlobalPermissions: false
    roles: []
  kubeStateMetricsCore:
    collectSecretMetrics: false"""


def test_table() -> None:
    """What each ServiceAccount may read, with the verbs of all its permissions, and what it needs."""
    [(title, heads, rows)] = tables(audited(chart(), OWN_POD))

    assert (title, heads) == ("Access to Secrets", ("SERVICEACCOUNT", "RUNS", "MAY READ", "NEEDS"))
    assert rows[0] == (
        "watch/one-datadog",
        "node Agent",
        "every Secret of the cluster (get); Secret ledger of namespace base (get, list, watch)",
        "shop/db",
    )
    assert rows[2][2:] == ("every Secret of the cluster (get)", "nothing")


def test_steps() -> None:
    """First consent, then permissions, then the values as they stand in the file."""
    assert list(steps(audited(chart(), OWN_POD))) == [
        "decide on what is denied: `encctl grant` writes the SecretGrants, for the Secrets' owners to review",
        "apply what `encctl plan -o yaml` prints, which holds Role shop/enc-odupb4ranfsqkmngjqoa65xccq",
        VALUES,
    ]


def test_nothing_to_do() -> None:
    """Where nothing is too much and nothing is missing, there is no step."""
    found = audited(NODE_AGENT)

    assert list(steps(found)) == []
    assert [row[2:] for _, _, rows in tables(found) for row in rows] == [("nothing", "nothing")]
    assert summary(found).startswith("1 ServiceAccount of Agents; 0 rules with too much; 0 missing;")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param(
            [rule("get", "list", names=["db"])], "surplus: list on Secret db of namespace shop", id="a verb"
        ),
        pytest.param(
            [rule("get", names=["db", "old"])],
            "surplus: get on Secret old of namespace shop",
            id="a name",
        ),
        pytest.param(
            [rule("get", "list", names=["db", "old"])],
            "surplus: list on Secrets db, old of namespace shop; get on Secret old of namespace shop",
            id="a verb and a name",
        ),
        pytest.param(
            [rule("get", "create", resources=["secrets", "serviceaccounts/token"], names=["db"])],
            "surplus: reads Secrets by other means",
            id="nothing but other means",
        ),
        pytest.param(
            [rule("impersonate", resources=["serviceaccounts"])],
            "amounts to reading: impersonate all serviceaccounts",
            id="other means",
        ),
        pytest.param(
            [rule("list")], "no handle needs list: an Agent resolves with get", id="a verb for lists"
        ),
    ],
)
def test_headlines(rules: list[object], expected: str) -> None:
    """What is too much of a rule is said exactly."""
    text = "\n---\n".join(bound("shop", "r", rules, "node", labels={}, home="dd"))  # type: ignore[arg-type]

    assert expected in shown(NODE_AGENT, OWN_POD, text)


def test_by_other_means() -> None:
    """A permission without a verb on Secrets is in the table too."""
    text = "\n---\n".join(
        bound("", "r", [rule("impersonate", resources=["users"])], "node", labels={}, home="dd")
    )
    [(_, _, rows)] = tables(audited(NODE_AGENT, text))

    assert rows[0][2] == "every Secret of the cluster (by other means)"


def test_every_namespace() -> None:
    """A name in a ClusterRoleBinding is that Secret in every namespace; of many references some are shown."""
    text = "\n---\n".join(bound("", "r", [rule("get", names=["db"])], "node", labels={}, home="dd"))
    pods = [pod(f"ENC[k8s_secret@shop/db/k{number}]", name=f"p{number}") for number in range(12)]
    found = shown(NODE_AGENT, text, *pods)

    assert "surplus: get on Secret db of every namespace" in found
    assert found.count("ENC[k8s_secret@shop/db/k") == 10
    assert "      and 2 more, which -o json shows" in found


def test_long_lists() -> None:
    """A list of names is cut where nobody reads on; so are the lines of one section."""
    pods = [pod(f"ENC[k8s_secret@shop/s{number}/k]", name=f"p{number}") for number in range(12)]
    found = audited(NODE_AGENT, *pods)
    [(_, _, [row])] = tables(found)

    assert row[3] == "shop/s0, shop/s1, shop/s10, shop/s11, shop/s2, and 7 more"
    assert len(list(missing_lines(found))) == 11


def test_built_in_role() -> None:
    """A role that the API server brings stands nowhere: the binding's place is shown, and who is bound by which subject."""
    group = {"kind": "Group", "name": "system:serviceaccounts:dd"}
    found = shown(NODE_AGENT, binding("shop", "b", "ClusterRole", "cluster-admin", [group]))

    assert found.startswith(
        "file1.yaml:1:1: surplus: * on every Secret of namespace shop\n    in ClusterRole cluster-admin"
    )
    assert "by RoleBinding shop/b, as Group system:serviceaccounts:dd" in found


def test_sections() -> None:
    """What is missing, what is not counted and what the input does not show have lines of their own."""
    text = (
        '{"ad_identifiers": ["mysql"], "instances": [{"password": "ENC[k8s_secret@%%kube_namespace%%/a/k]"}]}'
    )
    unseen = binding("", "b", "ClusterRole", "their-own", [ME])
    found = audited(chart(), *confd({"redis.yaml": text}), unseen, pod(namespace="shop"))

    assert [line.partition(";")[0] for line in missing_lines(found)] == [
        "dd/node (node Agent): shop/db, not resolved today",
        "watch/one-datadog (node Agent): shop/db, today by ClusterRole one-datadog",
        "watch/one-datadog-cluster-agent (Cluster Agent): base/ledger, today by ClusterRole one-datadog-cluster-agent",
    ]
    assert [line.rpartition("; ")[2] for line in own_lines(found)] == [
        "off with clusterAgent.admissionController.enabled: false",
        "off with clusterAgent.rbac.flareAdditionalPermissions: false",
    ]
    waiting, binds = unknown_lines(found)
    assert "no pod of the input matches it" in waiting
    assert (
        binds
        == "ClusterRoleBinding b binds ClusterRole their-own, which is not in the input: what it gives is not known"
    )


def test_own_without_setting() -> None:
    """What the vendor's operator always gives has no setting that ends it."""
    labels = {"app.kubernetes.io/managed-by": "datadog-operator"}
    sidecar = manifest("ClusterRole", "", "dda", labels, rules=[rule("get", names=["datadog-secret"])])
    [line] = own_lines(audited(NODE_AGENT, sidecar, binding("", "b", "ClusterRole", "dda", [ME])))

    assert line.endswith("it copies that Secret for the sidecars that it injects")


def test_edits() -> None:
    """What no setting changes is a step of its own, said once."""
    text = "\n---\n".join(bound("shop", "r", [rule("list")], "node", labels={}, home="dd"))

    assert list(steps(audited(NODE_AGENT, text))) == [
        "remove rules[0] of Role shop/r, or ServiceAccount node from RoleBinding shop/r"
    ]
