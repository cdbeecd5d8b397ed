"""What to change: the vendor's chart and operator have settings, of the rest it is the rule or the binding."""

from collections.abc import Mapping

import pytest

from enc_operator.core.audit.changes import Change, change_of
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.inventory import BindingFact, RoleFact, Rule, Subject
from enc_operator.core.rbac.evaluation import Given
from enc_operator.core.syntax import Source

CHART = {"helm.sh/chart": "datadog-3.2.1", "app.kubernetes.io/instance": "one"}
OPERATOR = {"app.kubernetes.io/managed-by": "datadog-operator", "agent.datadoghq.com/name": "two"}
OURS = {"enc-operator.io/managed-by": "enc-operator"}
OTHER_CHART = {"helm.sh/chart": "watcher-1.0.0"}
GET = Rule(("get",), ("",), ("secrets",))
READ = Rule(("get", "list", "watch"), ("",), ("secrets",))
MAIN = Rule(("get", "list", "create"), ("",), ("secrets",))
SIDECAR = Rule(("get",), ("",), ("secrets",), ("datadog-secret",))
NAMED = Rule(("get", "list"), ("",), ("secrets",), ("a", "b"))
GET_NAMED = Rule(("get",), ("",), ("secrets",), ("a", "b"))
MIXED = Rule(("list",), ("",), ("pods", "secrets"), index=3)
ME = Subject("ServiceAccount", "node", "dd")


def given(
    name: str,
    rule: Rule,
    labels: Mapping[str, str],
    namespace: str = "",
    subject: Subject = ME,
    file: str = "f",
) -> Given:
    """Return a rule of a role of this name, as a binding in the same namespace gives it."""
    kind = "Role" if namespace else "ClusterRole"
    where = Where(Source(file), ObjectRef(kind, namespace, name))
    bound = Where(Source("f"), ObjectRef(f"{kind}Binding", namespace, "b"))
    binding = BindingFact(bound, namespace, "b", kind, name, (subject,))
    return Given(RoleFact(where, namespace, name, (rule,), labels), rule, binding, subject)


@pytest.mark.parametrize(
    ("item", "setting"),
    [
        pytest.param(
            given("one-datadog", GET, CHART), "datadog.secretBackend.enableGlobalPermissions", id="all"
        ),
        pytest.param(
            given("x-ksm-core", MIXED, CHART),
            "datadog.kubeStateMetricsCore.collectSecretMetrics",
            id="metrics",
        ),
        pytest.param(given("x-helm-check", READ, CHART), "datadog.helmCheck.enabled", id="Helm"),
        pytest.param(
            given("x-secret-reader-db", NAMED, CHART, "db"), "datadog.secretBackend.roles", id="a listed Role"
        ),
        pytest.param(
            given("x-cluster-agent-main", MAIN, CHART, "dd"),
            "clusterAgent.admissionController.enabled",
            id="the webhook",
        ),
        pytest.param(
            given("x-dca-flare", READ, CHART, "dd"),
            "clusterAgent.rbac.flareAdditionalPermissions",
            id="flares",
        ),
        pytest.param(
            given("x-private-action-runner", GET_NAMED, CHART, "dd"),
            "clusterAgent.privateActionRunner.enabled",
            id="the action runner",
        ),
        pytest.param(
            given("x-cluster-agent", SIDECAR, CHART),
            "clusterAgent.admissionController.agentSidecarInjection.enabled",
            id="sidecars",
        ),
        pytest.param(
            given("dd-two-secret-backend", GET, OPERATOR),
            "spec.global.secretBackend.enableGlobalPermissions",
            id="all, by the operator",
        ),
        pytest.param(
            given("db-two-secret-backend", GET_NAMED, OPERATOR, "db"),
            "spec.global.secretBackend.roles",
            id="a listed Role, by the operator",
        ),
        pytest.param(
            given("dd-two-ksm-core-ccr", MIXED, OPERATOR),
            "spec.features.kubeStateMetricsCore.collectSecretMetrics",
            id="metrics, by the operator",
        ),
        pytest.param(
            given("dd-two-helm-check-ccr", READ, OPERATOR),
            "spec.features.helmCheck.enabled",
            id="Helm, by the operator",
        ),
        pytest.param(
            given("whatever", MAIN, OPERATOR, "dd"),
            "spec.features.admissionController.enabled",
            id="the webhook, by the operator",
        ),
        pytest.param(
            given("two-cluster-agent", SIDECAR, OPERATOR), "", id="sidecars, always by the operator"
        ),
        pytest.param(given("x-cluster-agent", READ, CHART), "", id="a rule that the chart is not known for"),
        pytest.param(given("x", GET, CHART, "dd"), "", id="nor a Role"),
        pytest.param(given("x", READ, OPERATOR), "", id="a rule that the operator is not known for"),
        pytest.param(given("x-ksm-core", MIXED, OTHER_CHART), "", id="another chart"),
    ],
)
def test_settings(item: Given, setting: str) -> None:
    """The vendor's setting behind a rule, by the role's labels, kind and name."""
    assert change_of(item).setting == setting


@pytest.mark.parametrize(
    ("item", "needed", "text"),
    [
        pytest.param(
            given("one-datadog", GET, CHART),
            (),
            "in the values of Helm release one (chart datadog-3.2.1), set datadog.secretBackend.enableGlobalPermissions: false",
            id="a value",
        ),
        pytest.param(
            given("db-two-secret-backend", GET_NAMED, OPERATOR, "db"),
            (),
            "in the DatadogAgent dd/two, set spec.global.secretBackend.roles: []",
            id="a field",
        ),
        pytest.param(
            given("db-two-secret-backend", GET_NAMED, {**OPERATOR, "agent.datadoghq.com/name": ""}, "db"),
            ("a",),
            "in the DatadogAgent, take b of namespace db out of spec.global.secretBackend.roles",
            id="one item of a field",
        ),
        pytest.param(
            given("two", SIDECAR, OPERATOR),
            (),
            "nothing: the DatadogAgent dd/two always gives it",
            id="no field",
        ),
        pytest.param(
            given("enc-x", GET_NAMED, OURS, "db"),
            ("a",),
            "apply the plan again, or delete Role db/enc-x and its binding: no reference asks for all of it any more",
            id="our own",
        ),
        pytest.param(
            given("r", NAMED, {}, "db"),
            ("a",),
            'in rules[0] of Role db/r, write verbs: ["get"] and resourceNames: [a]',
            id="a rule that is needed in part",
        ),
        pytest.param(
            given("r", MIXED, {}),
            (),
            "take secrets out of rules[3] of ClusterRole r",
            id="one resource of several",
        ),
        pytest.param(
            given("r", READ, OTHER_CHART),
            (),
            "remove rules[0] of ClusterRole r (chart watcher-1.0.0), or ServiceAccount node from ClusterRoleBinding b",
            id="a rule of somebody's chart",
        ),
        pytest.param(
            given("r", READ, {}, "db", Subject("Group", "system:authenticated")),
            (),
            "take Group system:authenticated out of the subjects of RoleBinding db/b",
            id="a group",
        ),
        pytest.param(
            given("edit", READ, {}, file="<built in>"),
            (),
            "take ServiceAccount node out of the subjects of ClusterRoleBinding b",
            id="a role that nobody edits",
        ),
    ],
)
def test_texts(item: Given, needed: tuple[str, ...], text: str) -> None:
    """What a person is told to do."""
    assert change_of(item, needed).text == text


def test_purpose() -> None:
    """What a feature of the Agent itself needs says so; what is lost with a setting too."""
    webhook = change_of(given("x-cluster-agent-main", MAIN, CHART, "dd"))
    metrics = change_of(given("x-ksm-core", MIXED, CHART))

    assert (bool(webhook.purpose), bool(webhook.loses)) == (True, False)
    assert metrics == Change(
        metrics.text, metrics.owner, metrics.setting, loses="the metrics kubernetes_state.secret.*"
    )
