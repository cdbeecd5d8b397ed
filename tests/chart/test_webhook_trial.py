"""How the chart has replicas try the way from the API server to them, whatever the values are."""

import pytest

from enc_operator.process.settings import Probe, Settings, parse_settings
from enc_operator.webhook.reach import WEBHOOK
from enc_operator.webhook.server import TRIAL_PATH
from rendering_chart import AGENTS, Manifest, configured, manifests, rendered
from rendering_chart import WEBHOOK_ON as ON

TRIAL = "probe"
OTHER = "--set=nameOverride=other"


def policy(helm: str, *options: str) -> list[str]:
    """Return the CEL by which the fence lets resources of ours be written."""
    found = manifests(rendered(helm, AGENTS, *options))
    fence = next(
        each
        for each in found
        if each["metadata"]["name"].endswith(".resources") and "validations" in each["spec"]
    )
    return [each["expression"] for each in fence["spec"]["variables"] + fence["spec"]["validations"]]


def trials(found: list[Manifest]) -> list[Manifest]:
    """Return the rules by which somebody may create a grant, or learn who is in a Service."""
    rules = [rule for each in found if each["kind"] == "Role" for rule in each["rules"]]
    return [
        rule
        for rule in rules
        if rule["resources"] == ["endpointslices"]
        or (rule["resources"], rule["verbs"]) == (["secretgrants"], ["create"])
    ]


def settings(found: list[Manifest]) -> Settings:
    """Return the rendered settings."""
    return parse_settings(
        next(each["data"]["settings.yaml"] for each in found if each["kind"] == "ConfigMap")
    )


FILES = [
    f"--set=webhook.certificates.{each}"
    for each in ("mode=files", "existingSecret=of-somebody", "caBundle=Y2E=")
]


@pytest.mark.parametrize(
    "options",
    [[], ["--set=webhook.mode=enforce"], ["--set=webhook.webhooks.consents.enabled=false"], FILES, ["--set=webhook.certificates.mode=cert-manager"]],
    ids=["auditing", "enforcing", "without the webhook of grants", "with files", "with cert-manager"],
)  # fmt: skip
def test_the_way_is_tried_whatever_else_the_values_say(options: list[str], helm: str) -> None:
    """The trial has a webhook of its own, which nobody else's writes meet, and which says why it was not reached: it never ignores that."""
    found = manifests(rendered(helm, AGENTS, ON, *options))
    trial = configured(helm, *options)[TRIAL]
    probe = Probe("enc-operator-trial", "enc-operator-webhook")
    condition = trial["matchConditions"][0]["expression"]
    webhook = settings(found).webhook

    assert webhook
    assert webhook.probe == probe
    assert (trial["failurePolicy"], trial["clientConfig"]["service"]["path"]) == ("Fail", TRIAL_PATH)
    assert f"{TRIAL}.enc-operator.io" == trial["name"] == WEBHOOK
    assert trial["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": "enc-operator"}}
    assert [part in condition for part in ("dryRun", f"'{probe.name}'", ":enc-operator-webhook'")] == [
        True
    ] * 3
    assert len(trials(found)) == 2
    assert any(condition in each for each in policy(helm, ON, *options))


def test_no_trial_is_judged_as_a_grant(helm: str) -> None:
    """Neither by this release nor by another one, whose webhook of grants is asked about every namespace."""
    own, other = (configured(helm, *options)["consents"]["matchConditions"] for options in ([], [OTHER]))
    exempt = [each for each in own if each["name"] == "no-trial"]

    assert ["'enc-operator-trial'" in each["expression"] for each in exempt] == [True]
    assert exempt == [each for each in other if each["name"] == "no-trial"]


def test_the_way_is_not_tried_where_nobody_wants_it(helm: str) -> None:
    """Nothing of it is left: no webhook, no permission, no gap in the fence."""
    off = "--set=webhook.probe.enabled=false"
    found = manifests(rendered(helm, AGENTS, ON, off))
    webhook = settings(found).webhook

    assert webhook
    assert webhook.probe is None
    assert TRIAL not in configured(helm, off)
    assert trials(found) == []
    assert policy(helm, ON, off) == policy(helm)
