"""What the API server is told to ask the webhook, whatever the values are."""

import json
from typing import Any

import pytest

from enc_operator.core.admission.predicate import PATTERN
from rendering_chart import AGENTS, Manifest, manifests, rendered

ON = "--set=webhook.enabled=true"
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
    """Return the webhooks by the first part of their names."""
    found = [
        each
        for each in manifests(rendered(helm, AGENTS, ON, *options))
        if each["kind"] == "ValidatingWebhookConfiguration"
    ]
    assert len(found) == 1
    return {each["name"].removesuffix(".enc-operator.io"): each for each in found[0]["webhooks"]}


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

    assert webhooks(helm, *options) == {**usual, name: {**usual[name], **OVERRIDES}}


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
        (["--set=webhook.timeoutSeconds=2"], "deadlineSeconds must be less"),
        (["--set=webhook.drainSeconds=25"], "terminationGracePeriodSeconds"),
        (["--set=webhook.mode=strict"], "mode"),
        (["--set=webhook.webhooks.pods.failurepolicy=Fail"], "failurepolicy"),
        (["--set=webhook.webhooks.nodes.enabled=true"], "nodes"),
    ],
    ids=["files without a Secret", "files without a CA", "an answer that nobody hears", "no time to end", "a mode that there is not",
         "a misspelt field", "a webhook that there is not"],
)  # fmt: skip
def test_values_that_make_no_sense_are_refused(options: list[str], said: str, helm: str) -> None:
    """A typo is an error with its name, never a default."""
    with pytest.raises(ValueError, match=said):
        rendered(helm, AGENTS, ON, *options)


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
