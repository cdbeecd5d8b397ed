"""How the release is watched: its alerts as Prometheus itself reads them, and that everything which they speak of is there."""

import json
import re

import pytest
import yaml

from assessing import ROOT
from e2e.monitoring.prometheus import Judged, faults_of_rules, judge
from exposed_metrics import exposed
from rendering_chart import AGENTS, CHART, WEBHOOK_ON, Manifest, manifests, rendered

RULES = "--set=metrics.prometheusRule.enabled=true"
ENFORCE = "--set=webhook.mode=enforce"
MODES = {
    "without the webhook": [],
    "auditing": [WEBHOOK_ON],
    "enforcing": [WEBHOOK_ON, ENFORCE],
    "with cert-manager": [WEBHOOK_ON, "--set=webhook.certificates.mode=cert-manager"],
}
NS = 'namespace="enc-operator"'


pytestmark = pytest.mark.usefixtures("prometheus")


def alerts(helm: str, *options: str) -> dict[str, Manifest]:
    """Return the alerts by their names."""
    found = of_kind(helm, "PrometheusRule", RULES, *options)["spec"]["groups"]
    return {rule["alert"]: rule for group in found for rule in group["rules"]}


def of_kind(helm: str, kind: str, *options: str) -> Manifest:
    """Return the only object of a kind."""
    (found,) = [each for each in manifests(rendered(helm, AGENTS, *options)) if each["kind"] == kind]
    return found


@pytest.mark.parametrize("options", MODES.values(), ids=MODES)
def test_prometheus_takes_the_rules(options: list[str], helm: str) -> None:
    """Its own parser reads every expression, duration and template."""
    spec = of_kind(helm, "PrometheusRule", RULES, *options)["spec"]

    assert faults_of_rules(yaml.safe_dump(spec)) == []


def test_prometheus_would_say_what_is_wrong() -> None:
    """A field, an expression, a duration and a template that it does not know are each a fault."""
    rules = [
        {"alert": "a", "exprs": "up"},
        {"alert": "a", "expr": "sum(up"},
        {"alert": "a", "expr": "up", "for": "soon"},
        {"alert": "a", "expr": "up", "annotations": {"summary": "{{ $label }}"}},
    ]

    for rule in rules:
        assert faults_of_rules(yaml.safe_dump({"groups": [{"name": "a", "rules": [rule]}]})), rule


@pytest.mark.parametrize("options", MODES.values(), ids=MODES)
def test_every_alert_says_what_it_is_and_what_to_do(options: list[str], helm: str) -> None:
    """And how bad it is."""
    for name, rule in alerts(helm, *options).items():
        assert set(rule["annotations"]) == {"summary", "description", "action"}, name
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}, name


@pytest.mark.parametrize("options", MODES.values(), ids=MODES)
def test_every_metric_of_the_alerts_is_there(options: list[str], helm: str) -> None:
    """No alert waits for a metric that nobody shows."""
    found = judge([rule["expr"] for rule in alerts(helm, *options).values()])

    assert [each.error for each in found if each.error] == []
    assert {name for each in found for name in each.metrics} <= exposed()
    assert all(each.metrics for each in found)


# Alert, what fires it, what does not: one value a minute, of a release in enc-operator and never of another.
FIRING = [
    ("EncOperatorHasNoLeader", {f'enc_leader{{{NS},pod="a"}}': "0x3", f'enc_leader{{{NS},pod="b"}}': "0x3"},
     {f'enc_leader{{{NS},pod="a"}}': "0x3", f'enc_leader{{{NS},pod="b"}}': "1x3"}),
    ("EncOperatorHasNoLeader", {'enc_leader{namespace="other"}': "1x3"}, {f"enc_leader{{{NS}}}": "1x3"}),
    ("EncOperatorBlind", {f'enc_watch_age_seconds{{{NS},pod="a",collection="/api/v1/pods"}}': "10 70 200"},
     {f'enc_watch_age_seconds{{{NS},pod="a",collection="/api/v1/pods"}}': "10 70 75"}),
    ("EncOperatorBlind", {f"enc_watch_age_seconds{{{NS}}}": "Inf"}, {f"enc_watch_age_seconds{{{NS}}}": "0"}),
    ("EncOperatorFenceNotHeld", {f"enc_fence_holds{{{NS}}}": "1 0"}, {f"enc_fence_holds{{{NS}}}": "0 1"}),
    ("EncOperatorWritesRefused", {f"enc_namespaces_failing{{{NS}}}": "2"}, {f"enc_namespaces_failing{{{NS}}}": "0"}),
    ("EncOperatorNotConverged", {f"enc_converged{{{NS}}}": "0", f"enc_leader{{{NS}}}": "1"},
     {f"enc_converged{{{NS}}}": "0", f"enc_leader{{{NS}}}": "0"}),
    ("EncOperatorSlow", {f'enc_convergence_seconds_bucket{{{NS},le="10.0"}}': "0x9", f'enc_convergence_seconds_bucket{{{NS},le="30.0"}}': "0+5x9",
                         f'enc_convergence_seconds_bucket{{{NS},le="+Inf"}}': "0+5x9"},
     {f'enc_convergence_seconds_bucket{{{NS},le="0.3"}}': "0+5x9", f'enc_convergence_seconds_bucket{{{NS},le="+Inf"}}': "0+5x9"}),
    ("EncOperatorAccessUnanswered", {f"enc_access_unanswered{{{NS}}}": "3"}, {f"enc_access_unanswered{{{NS}}}": "0"}),
    ("EncReferencesCapped", {f"enc_objects_capped{{{NS}}}": "1"}, {f"enc_objects_capped{{{NS}}}": "0"}),
    ("EncReferencesResidual", {f'enc_references{{{NS},decision="residual"}}': "1"}, {f'enc_references{{{NS},decision="denied"}}': "1"}),
    ("EncReferencesDenied", {f'enc_references_unauthorized{{{NS},kind="Pod",code="access-denied"}}': "1"},
     {f'enc_references_unauthorized{{{NS},kind="Pod",code="access-denied"}}': "1 0"}),
    ("EncUnauthorizedStands", {f'enc_references_unauthorized{{{NS},kind="Pod",code="access-denied"}}': "1"}, {}),
    ("EncWebhookDown", {'enc_certificate_expiry_timestamp_seconds{namespace="other"}': "1"}, {f"enc_certificate_expiry_timestamp_seconds{{{NS}}}": "1"}),
    ("EncWebhookNotReached", {f'enc_admission_reached{{{NS},pod="a"}}': "1", f'enc_admission_reached{{{NS},pod="b"}}': "0"},
     {f"enc_admission_reached{{{NS}}}": "1"}),
    ("EncReviewsNotJudged", {f'enc_admission_decisions_total{{{NS},decision="not_judged",code=""}}': "0 0 2 2"},
     {f'enc_admission_decisions_total{{{NS},decision="not_judged",code=""}}': "2 2 2", f'enc_admission_decisions_total{{{NS},decision="denied",code="a"}}': "0 9"}),
    ("EncWebhookSlow", {f'enc_admission_seconds_bucket{{{NS},le="1.0"}}': "0x9", f'enc_admission_seconds_bucket{{{NS},le="2.0"}}': "0+9x9",
                        f'enc_admission_seconds_bucket{{{NS},le="+Inf"}}': "0+9x9"},
     {f'enc_admission_seconds_bucket{{{NS},le="0.01"}}': "0+9x9", f'enc_admission_seconds_bucket{{{NS},le="+Inf"}}': "0+9x9"}),
    ("EncCertificateEndsSoon", {f"enc_certificate_expiry_timestamp_seconds{{{NS}}}": "1209000"}, {f"enc_certificate_expiry_timestamp_seconds{{{NS}}}": "1209900"}),
    ("EncCertificateEndsSoon", {f"enc_certificate_expiry_timestamp_seconds{{{NS}}}": "0"}, {f"enc_certificate_expiry_timestamp_seconds{{{NS}}}": "5184000"}),
]  # fmt: skip


@pytest.fixture(scope="session")
def every(helm: str) -> dict[str, Manifest]:
    """Return the alerts of all modes."""
    return {name: rule for options in MODES.values() for name, rule in alerts(helm, *options).items()}


@pytest.mark.parametrize(
    ("name", "firing", "quiet"), FIRING, ids=[f"{number} {case[0]}" for number, case in enumerate(FIRING)]
)
def test_an_alert_fires_when_it_should(
    name: str, firing: dict[str, str], quiet: dict[str, str], every: dict[str, Manifest]
) -> None:
    """And at no other time; Prometheus' own engine says so."""
    (loud,), (still,) = (judge([every[name]["expr"]], series) for series in (firing, quiet))

    assert loud.yields
    assert still == Judged("", loud.metrics, [])


def test_every_alert_was_seen_firing(every: dict[str, Manifest]) -> None:
    """The table has them all."""
    assert {name for name, _, _ in FIRING} == set(every)


def test_a_short_certificate_is_not_always_about_to_end(helm: str) -> None:
    """What is renewed after two thirds of its life is late when a quarter is left."""
    short = ["leafSeconds=3600", "settlingSeconds=60", "authoritySeconds=7200"]
    found = alerts(helm, WEBHOOK_ON, *(f"--set=webhook.certificates.{each}" for each in short))

    assert found["EncCertificateEndsSoon"]["expr"].endswith("- time() < 900")


def test_alerts_can_be_left_out_and_labelled(helm: str) -> None:
    """The labels of the values hold over the chart's own."""
    found = alerts(
        helm,
        '--set-json=metrics.prometheusRule.disabled=["EncReferencesDenied"]',
        '--set-json=metrics.prometheusRule.alertLabels={"team": "a", "severity": "page"}',
    )

    assert "EncReferencesDenied" not in found
    assert {json.dumps(rule["labels"], sort_keys=True) for rule in found.values()} == {
        '{"severity": "page", "team": "a"}'
    }


def test_the_schema_knows_every_alert(every: dict[str, Manifest]) -> None:
    """So that a misspelt name among those to leave out is refused."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    rule = schema["properties"]["metrics"]["properties"]["prometheusRule"]

    assert set(rule["properties"]["disabled"]["items"]["enum"]) == set(every)


def test_the_page_names_every_alert_and_what_to_do(every: dict[str, Manifest]) -> None:
    """docs/monitoring.md has a row for each, and for no other."""
    rows = re.findall(r"^\| `(Enc\w+)` \|", (ROOT / "docs/monitoring.md").read_text(), re.MULTILINE)

    assert sorted(rows) == sorted(every)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["serviceMonitor.enabled=true", "podMonitor.enabled=true"], "counted twice"),
        (["serviceMonitor.enabled=true", "service.enabled=false"], "needs metrics.service.enabled"),
        (["podMonitor.enabled=true", "podMonitor.interval=often"], "interval"),
        (["prometheusRule.disabled={EncReferenceDenied}"], "disabled"),
        (["dashboard.enable=true"], "enable"),
    ],
    ids=["two monitors", "a monitor of no Service", "a time that is none", "an alert that there is not", "a misspelt field"],
)  # fmt: skip
def test_values_that_make_no_sense_are_refused(options: list[str], said: str, helm: str) -> None:
    """A typo is an error with its name, never a default."""
    with pytest.raises(ValueError, match=said):
        rendered(helm, AGENTS, *(f"--set=metrics.{each}" for each in options))


@pytest.mark.parametrize("which", ["serviceMonitor", "podMonitor", "prometheusRule", "dashboard"])
def test_nothing_of_it_is_there_unless_asked_for(which: str, helm: str) -> None:
    """Nor with the values of a release that knew nothing of it."""
    assert rendered(helm, AGENTS) == rendered(helm, AGENTS, f"--set=metrics.{which}=null")
    assert "monitoring.coreos.com" not in rendered(helm, AGENTS, WEBHOOK_ON)


def selects(monitor: Manifest, labels: dict[str, str]) -> bool:
    """Tell whether a monitor's selector admits labels."""
    wanted: dict[str, str] = monitor["spec"]["selector"]["matchLabels"]
    return wanted.items() <= labels.items()


def test_a_service_monitor_finds_both_services(helm: str) -> None:
    """Each has the port that is scraped, on which the container serves metrics."""
    options = [AGENTS, WEBHOOK_ON, "--set=metrics.serviceMonitor.enabled=true"]
    found = manifests(rendered(helm, *options))
    monitor = of_kind(helm, "ServiceMonitor", *options[1:])
    services = [
        each for each in found if each["kind"] == "Service" and selects(monitor, each["metadata"]["labels"])
    ]
    ports = [{port["name"]: port["port"] for port in each["spec"]["ports"]} for each in services]

    assert [port[monitor["spec"]["endpoints"][0]["port"]] for port in ports] == [8080, 8080]


def test_a_pod_monitor_finds_both_deployments_pods(helm: str) -> None:
    """By a port of that name, which the pods of Jobs have not."""
    options = [
        AGENTS,
        WEBHOOK_ON,
        "--set=metrics.podMonitor.enabled=true",
        "--set=metrics.service.enabled=false",
    ]
    found = manifests(rendered(helm, *options))
    monitor = of_kind(helm, "PodMonitor", *options[1:])
    port = monitor["spec"]["podMetricsEndpoints"][0]["port"]
    templates = {
        each["metadata"]["name"]: each["spec"]["template"]
        for each in found
        if each["kind"] in {"Deployment", "Job"}
    }

    scraped = {name for name, template in templates.items() if selects(monitor, template["metadata"]["labels"])
               and any(each["name"] == port for each in template["spec"]["containers"][0].get("ports", ()))}  # fmt: skip
    assert scraped == {"enc-operator", "enc-operator-webhook"}
