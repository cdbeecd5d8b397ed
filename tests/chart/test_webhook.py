"""What the API server is told to ask the webhook, whatever the values are."""

import json
from typing import Any

import pytest
import yaml

from enc_operator.core.admission.predicate import PATTERN
from rendering_chart import AGENTS, CHART, WEBHOOK_ON, Manifest, configured, manifests, rendered

ON = WEBHOOK_ON
WITH_TEMPLATES = {"pods", "services", "workloads", "cronjobs", "podtemplates"}
OTHERS = {"configmaps", "consents", "instrumentations"}
ALL = sorted(WITH_TEMPLATES | OTHERS)
OVERRIDES = {
    "failurePolicy": "Fail",
    "timeoutSeconds": 9,
    "matchPolicy": "Exact",
    "namespaceSelector": {"matchLabels": {"a": "b"}},
    "objectSelector": {"matchLabels": {"c": "d"}},
    "matchConditions": [{"name": "never", "expression": "false"}],
    "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["secrets"]}],
}


def webhooks(helm: str, *options: str) -> dict[str, Manifest]:
    """Return the webhooks that judge something by the first part of their names."""
    return {name: each for name, each in configured(helm, *options).items() if name != "probe"}


def test_nothing_of_it_is_there_by_default(helm: str) -> None:
    """The chart installs no webhook unless it is told to."""
    assert "webhook" not in {
        word for each in manifests(rendered(helm, AGENTS)) for word in each["metadata"]["name"].split("-")
    }


@pytest.mark.parametrize(("mode", "policy"), [("audit", "Ignore"), ("warn", "Ignore"), ("enforce", "Fail")])
def test_one_value_switches_to_enforce(mode: str, policy: str, helm: str) -> None:
    """What could hold a handle is refused while nobody answers, and only then."""
    assert {each["failurePolicy"] for each in webhooks(helm, f"--set=webhook.mode={mode}").values()} == {
        policy
    }


@pytest.fixture(scope="module")
def usual(helm: str) -> dict[str, Manifest]:
    """Return the webhooks of the chart's own values."""
    return webhooks(helm)


@pytest.mark.parametrize("name", ALL)
def test_every_setting_of_every_webhook_can_be_replaced(
    name: str, helm: str, usual: dict[str, Manifest]
) -> None:
    """It is that of the values, and the other webhooks are as before."""
    options = [
        f"--set-json=webhook.webhooks.{name}.{field}={json.dumps(value)}"
        for field, value in OVERRIDES.items()
    ]

    found = webhooks(helm, *options)
    conditions = found[name].pop("matchConditions")

    expected = {key: value for key, value in OVERRIDES.items() if key != "matchConditions"}
    assert found == {**usual, name: {**without(usual[name], "matchConditions"), **expected}}
    assert [each for each in conditions if each["name"] != "no-trial"] == OVERRIDES["matchConditions"]


def without(mapping: Manifest, key: str) -> Manifest:
    """Return a mapping without a key."""
    return {each: value for each, value in mapping.items() if each != key}


@pytest.mark.parametrize("name", ALL)
def test_each_webhook_can_be_left_out(name: str, helm: str) -> None:
    """The others stay."""
    assert sorted(webhooks(helm, f"--set=webhook.webhooks.{name}.enabled=false")) == [
        each for each in ALL if each != name
    ]


def test_without_agents_no_configuration_of_agents_is_judged(helm: str) -> None:
    """A selector of no namespace would be one of all."""
    assert "configmaps" not in webhooks(helm, "--set-json=agents=[]")


def test_the_filter_is_the_cores(usual: dict[str, Manifest]) -> None:
    """What the core may call a reference the API server asks about."""
    for name, each in usual.items():
        texts = [condition["expression"] for condition in each["matchConditions"]]
        assert any(PATTERN in text for text in texts) == (name in WITH_TEMPLATES), name


@pytest.mark.parametrize(
    ("options", "scope"),
    [
        ([], []),
        (['--set-json=namespaces=["shop"]'], [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop"]}]),
    ],
    ids=["everywhere", "in some namespaces"],
)  # fmt: skip
def test_what_is_never_asked_about(options: list[str], scope: list[Any], helm: str) -> None:
    """Kubernetes' own namespace, ours and those of the values: only resources of ours are judged everywhere."""
    found = webhooks(helm, *options, '--set-json=webhook.excludedNamespaces=["cni"]')
    never = {
        "key": "kubernetes.io/metadata.name",
        "operator": "NotIn",
        "values": ["cni", "enc-operator", "kube-system"],
    }

    assert found.pop("consents")["namespaceSelector"] == {}
    agents = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["datadog"]}
    assert found.pop("configmaps")["namespaceSelector"] == {"matchExpressions": [agents, never]}
    assert [each["namespaceSelector"] for each in found.values()] == [
        {"matchExpressions": [never, *scope]}
    ] * 6


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--set=webhook.certificates.mode=files"], "needs existingSecret"),
        (["--set=webhook.certificates.mode=files", "--set=webhook.certificates.existingSecret=tls"], "caBundle"),
        (["--set=webhook.certificates.leafSeconds=7200"], "4 times settlingSeconds"),
        (["--set=webhook.certificates.authoritySeconds=7776000"], "2 times leafSeconds"),
        (["--set=webhook.timeoutSeconds=2"], "deadlineSeconds must be less"),
        (["--set=webhook.drainSeconds=25"], "terminationGracePeriodSeconds"),
        (["--set=webhook.mode=strict"], "mode"),
        (["--set=webhook.probe.enable=false"], "enable"),
        (["--set=webhook.webhooks.pods.failurepolicy=Fail"], "failurepolicy"),
        (["--set=webhook.webhooks.nodes.enabled=true"], "nodes"),
        (["--set=webhook.injection.failurePolicy=Fail"], "failurePolicy"),
        (["--set=webhook.injection.timeoutSeconds=4"], "timeoutSeconds"),
    ],
    ids=["files without a Secret", "files without a CA", "no time to renew", "a CA that ends with its certificate",
         "an answer that nobody hears", "no time to end", "a mode that there is not", "a misspelt probe",
         "a misspelt field", "a webhook that there is not", "an injection that Agents wait for", "or wait for long"],
)  # fmt: skip
def test_values_that_make_no_sense_are_refused(options: list[str], said: str, helm: str) -> None:
    """A typo is an error with its name, never a default."""
    with pytest.raises(ValueError, match=said):
        rendered(helm, AGENTS, ON, *options)


def test_values_from_before_there_was_a_webhook(helm: str) -> None:
    """`helm upgrade --reuse-values` brings none of it: the release is what it was."""
    assert rendered(helm, AGENTS, "--set=webhook=null") == rendered(helm, AGENTS)


LATER = ["certificates.authoritySeconds", "certificates.leafSeconds", "certificates.settlingSeconds"]


@pytest.mark.parametrize(
    "key", [*sorted(yaml.safe_load((CHART / "values.yaml").read_text())["webhook"]), *LATER]
)
def test_values_of_an_earlier_webhook(key: str, helm: str) -> None:
    """What came later is off without its values, or it is said which are missing and how to have them."""
    off = {"enabled", "injection", "probe"}
    options = [AGENTS, ON, f"--set=webhook.{key}=null"]
    if key in off:
        assert manifests(rendered(helm, *options))
    else:
        with pytest.raises(ValueError, match=f"webhook.{key}[.a-z]* is missing.*--reset-then-reuse-values"):
            rendered(helm, *options)


def test_files_of_somebody_else_are_mounted_and_trusted(helm: str) -> None:
    """The webhook may then neither read a Secret nor write to its configuration."""
    options = ["mode=files", "existingSecret=of-somebody", "caBundle=Y2E="]
    found = manifests(rendered(helm, AGENTS, ON, *(f"--set=webhook.certificates.{each}" for each in options)))
    deployment = next(
        each
        for each in found
        if each["kind"] == "Deployment" and each["metadata"]["name"].endswith("-webhook")
    )
    rules = [rule for each in found if each["kind"] in {"Role", "ClusterRole"} for rule in each["rules"]]
    configuration = next(each for each in found if each["kind"] == "ValidatingWebhookConfiguration")

    assert {"name": "tls", "secret": {"secretName": "of-somebody", "defaultMode": 0o440}} in deployment[
        "spec"
    ]["template"]["spec"]["volumes"]
    assert {each["clientConfig"]["caBundle"] for each in configuration["webhooks"]} == {"Y2E="}
    assert not {"secrets", "validatingwebhookconfigurations"} & {
        name for rule in rules for name in rule["resources"]
    }
    assert not [each for each in found if each["kind"] == "Secret"]


def injections(helm: str, *options: str) -> list[Manifest]:
    """Return the webhooks that change something."""
    found = manifests(rendered(helm, *options))
    return [
        each
        for configuration in found
        if configuration["kind"] == "MutatingWebhookConfiguration"
        for each in configuration["webhooks"]
    ]


INJECTING = "--set=webhook.injection.enabled=true"


@pytest.mark.parametrize(
    "options",
    [[AGENTS, ON], [AGENTS, INJECTING], [ON, INJECTING]],
    ids=["unless told to", "without the webhook", "without Agents"],
)
def test_nothing_is_changed(options: list[str], helm: str) -> None:
    """There is no mutating configuration, and nobody may write one."""
    assert injections(helm, *options) == []
    assert "mutatingwebhookconfigurations]" not in rendered(helm, *options)


def test_agents_are_changed_where_they_run_and_wait_for_nobody(helm: str) -> None:
    """Whatever mode holds; what is refused elsewhere is never refused here."""
    (found,) = injections(
        helm, AGENTS, ON, INJECTING, "--set=webhook.mode=enforce", "--set=webhook.timeoutSeconds=10"
    )

    assert (found["failurePolicy"], found["reinvocationPolicy"], found["sideEffects"]) == (
        "Ignore",
        "IfNeeded",
        "None",
    )
    assert found["timeoutSeconds"] == 3
    assert found["clientConfig"]["service"]["path"] == "/mutate"
    assert found["namespaceSelector"]["matchExpressions"][0]["values"] == ["datadog"]
    conditions = {each["name"]: each["expression"] for each in found["matchConditions"]}
    assert "datadog/dd" in conditions["runs-an-agent"]
    assert conditions["not-ours"].startswith("!request.userInfo.username.startsWith('system:serviceaccount:")


@pytest.mark.parametrize(
    ("field", "value"),
    [*((field, value) for field, value in OVERRIDES.items() if field not in {"failurePolicy", "timeoutSeconds"}), ("timeoutSeconds", 1), ("reinvocationPolicy", "Never")],
    ids=[*(field for field in OVERRIDES if field not in {"failurePolicy", "timeoutSeconds"}), "timeoutSeconds", "reinvocationPolicy"],
)  # fmt: skip
def test_every_setting_of_the_injection_can_be_replaced(field: str, value: Any, helm: str) -> None:
    """But for what happens without an answer."""
    (usual,) = injections(helm, AGENTS, ON, INJECTING)
    (found,) = injections(
        helm, AGENTS, ON, INJECTING, f"--set-json=webhook.injection.{field}={json.dumps(value)}"
    )

    assert found == {**usual, field: value}
