"""Where pods may run and what they carry: the same values hold for every Deployment and Job of the chart."""

import json
from typing import Any

import pytest

from rendering_chart import AGENTS, WEBHOOK_ON, Manifest, manifests, rendered

VALUES = {
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"key": "infra", "operator": "Exists"}],
    "imagePullSecrets": [{"name": "registry"}],
    "priorityClassName": "system-cluster-critical",
}
OF_DEPLOYMENTS = {
    "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    "terminationGracePeriodSeconds": 40,
}
DEPLOYMENTS = ["enc-operator", "enc-operator-webhook"]


def pods(helm: str, values: dict[str, Any]) -> dict[str, Manifest]:
    """Return the pods' templates by the names of their Deployments and Jobs."""
    options = [f"--set-json={key}={json.dumps(value)}" for key, value in values.items()]
    found = manifests(rendered(helm, AGENTS, WEBHOOK_ON, *options))
    return {
        each["metadata"]["name"]: each["spec"].get("template", each)
        for each in found
        if each["kind"] in {"Deployment", "Job", "Pod"}
    }


@pytest.mark.parametrize("key", [*VALUES, *OF_DEPLOYMENTS])
def test_a_value_holds_for_all_pods(key: str, helm: str) -> None:
    """What only long-lived pods need holds for both Deployments."""
    value = {**VALUES, **OF_DEPLOYMENTS}[key]
    found = pods(helm, {key: value})

    assert len(found) == 5
    assert {name for name, pod in found.items() if pod["spec"].get(key) == value} == set(
        found if key in VALUES else DEPLOYMENTS
    )


def test_labels_annotations_and_environment(helm: str) -> None:
    """Both Deployments' pods carry them, and extraLabels are on everything."""
    values: dict[str, Any] = {
        "extraLabels": {"team": "platform"},
        "podLabels": {"network": "restricted"},
        "podAnnotations": {"example.com/a": "b"},
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com"}],
    }
    found = pods(helm, values)

    for name in DEPLOYMENTS:
        metadata, spec = found[name]["metadata"], found[name]["spec"]
        assert metadata["labels"].items() >= {"team": "platform", "network": "restricted"}.items()
        assert metadata["annotations"]["example.com/a"] == "b"
        assert values["extraEnv"][0] in spec["containers"][0]["env"]
    assert {pod["metadata"]["labels"].get("team") for pod in found.values()} == {"platform"}


def test_extra_labels_are_on_everything(helm: str) -> None:
    """Hooks, policies, monitors and the dashboard too; only the CRDs are as they are."""
    found = manifests(
        rendered(
            helm,
            AGENTS,
            WEBHOOK_ON,
            "--set=extraLabels.team=platform",
            "--set=webhook.injection.enabled=true",
            "--set=networkPolicy.enabled=true",
            *(f"--set=metrics.{each}.enabled=true" for each in ("podMonitor", "prometheusRule", "dashboard")),
        )
    )

    assert len(found) > 40
    assert [each for each in found if each["metadata"]["labels"].get("team") != "platform"] == []


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_replicas_are_spread_over_nodes(name: str, helm: str) -> None:
    """Those of each Deployment by themselves."""
    pod = pods(helm, {})[name]
    (found,) = pod["spec"]["topologySpreadConstraints"]

    assert (found["topologyKey"], found["whenUnsatisfiable"]) == ("kubernetes.io/hostname", "ScheduleAnyway")
    assert selected(found, pods(helm, {})) == {name}


ZONE = {"maxSkew": 2, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_constraint_without_a_selector_is_about_the_deployments_own_pods(name: str, helm: str) -> None:
    """So that one value serves both."""
    found = pods(helm, {"topologySpreadConstraints": [ZONE]})
    (constraint,) = found[name]["spec"]["topologySpreadConstraints"]

    assert {key: constraint[key] for key in ZONE} == ZONE
    assert selected(constraint, found) == {name}


def test_a_constraints_own_selector_stays(helm: str) -> None:
    """As it was written."""
    own = {**ZONE, "labelSelector": {"matchLabels": {"a": "b"}}}
    found = pods(helm, {"topologySpreadConstraints": [own]})

    assert [found[name]["spec"]["topologySpreadConstraints"] for name in DEPLOYMENTS] == [[own], [own]]


def selected(constraint: Manifest, found: dict[str, Manifest]) -> set[str]:
    """Return whose pods a constraint is about."""
    wanted = constraint["labelSelector"]["matchLabels"].items()
    return {name for name, pod in found.items() if wanted <= pod["metadata"]["labels"].items()}
