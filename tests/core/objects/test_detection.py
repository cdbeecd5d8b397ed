"""Which workloads run an Agent, and whose: by label, by image, and by environment."""

from typing import Any

import pytest

from enc_operator.core.inventory import Component, Flavour
from enc_operator.core.objects.detection import (
    component_of,
    detect_agent,
    flavour_of,
    flavour_of_image,
    image_name,
    long_image_name,
)


def workload(image: str = "nginx", *env: str, **labels: str) -> dict[str, Any]:
    """Return a workload of one container; labels are the pods' component labels."""
    container = {"name": "c", "image": image, "env": [{"name": name} for name in env]}
    metadata = {"labels": {f"agent.{vendor}.com/component": value for vendor, value in labels.items()}}
    return {"spec": {"template": {"metadata": metadata, "spec": {"containers": [container]}}}}


@pytest.mark.parametrize(
    ("kind", "manifest", "expected"),
    [
        pytest.param(
            "DaemonSet", workload(datadoghq="agent"), ("agent", "datadog", "label"), id="the pods' label"
        ),
        pytest.param(
            "Deployment",
            workload(datadoghq="cluster-checks-runner"),
            ("cluster-checks-runner", "datadog", "label"),
            id="a runner's label",
        ),
        pytest.param(
            "DaemonSet",
            {"metadata": {"labels": {"agent.datadoghq.com/component": "agent"}}},
            ("agent", "datadog", "label"),
            id="the workload's own label",
        ),
        pytest.param(
            "DaemonSet",
            workload("stackstate/agent", stackstate="agent"),
            ("agent", "stackstate", "label"),
            id="StackState's label",
        ),
        pytest.param("DaemonSet", workload(datadoghq="other"), None, id="a label of another component"),
        pytest.param(
            "DaemonSet",
            workload("datadog/agent:7.60", datadoghq="x"),
            ("agent", "datadog", "shape"),
            id="the vendor's image",
        ),
        pytest.param(
            "DaemonSet",
            workload("gcr.io/datadoghq/agent@sha256:0"),
            ("agent", "datadog", "shape"),
            id="an image by its digest",
        ),
        pytest.param(
            "DaemonSet",
            workload("mirror:5000/x/agent:7", "DD_API_KEY"),
            ("agent", "datadog", "shape"),
            id="behind a mirror's name",
        ),
        pytest.param(
            "DaemonSet", workload("mirror:5000/x/agent:7"), None, id="an image called agent of somebody else"
        ),
        pytest.param(
            "Deployment",
            workload("datadog/cluster-agent:7"),
            ("cluster-agent", "datadog", "shape"),
            id="the Cluster Agent's image",
        ),
        pytest.param(
            "Deployment",
            workload("datadog/agent:7", "DD_CLC_RUNNER_ENABLED"),
            ("cluster-checks-runner", "datadog", "shape"),
            id="a runner",
        ),
        pytest.param(
            "Deployment", workload("datadog/agent:7"), None, id="the node Agent's image in a Deployment"
        ),
        pytest.param(
            "StatefulSet",
            workload("datadog/cluster-agent:7"),
            ("cluster-agent", "datadog", "shape"),
            id="a StatefulSet",
        ),
        pytest.param(
            "DaemonSet",
            workload("quay.io/stackstate/stackstate-k8s-agent:1"),
            ("agent", "stackstate", "shape"),
            id="StackState's image",
        ),
        pytest.param(
            "DaemonSet",
            workload("docker.io/stackstate/stackstate-agent-2:2"),
            ("agent", "stackstate", "shape"),
            id="StackState's Agent V2",
        ),
        pytest.param(
            "Deployment",
            workload("quay.io/stackstate/stackstate-k8s-cluster-agent:1"),
            ("cluster-agent", "stackstate", "shape"),
            id="StackState's Cluster Agent",
        ),
        pytest.param(
            "DaemonSet",
            workload("mirror/agent:2", "STS_API_KEY"),
            ("agent", "stackstate", "shape"),
            id="StackState's environment",
        ),
        pytest.param("DaemonSet", workload("nginx", "DD_AGENT_HOST"), None, id="an app that sends metrics"),
        pytest.param("DaemonSet", {}, None, id="nothing"),
        pytest.param(
            "Job", workload("datadog/agent:7", datadoghq="agent"), None, id="a kind that runs no Agent"
        ),
        pytest.param("Pod", workload(datadoghq="agent"), None, id="a pod"),
    ],
)
def test_detection(kind: str, manifest: dict[str, Any], expected: tuple[str, str, str] | None) -> None:
    """A workload runs an Agent by its label, or by its image in the right kind of workload."""
    assert detect_agent(kind, manifest) == (
        expected and (Component(expected[0]), Flavour(expected[1]), expected[2])
    )


@pytest.mark.parametrize(
    ("kind", "manifest", "expected"),
    [
        pytest.param(
            "DaemonSet", workload(datadoghq="cluster-agent"), "cluster-agent", id="the label decides"
        ),
        pytest.param(
            "Deployment",
            workload("datadog/agent", "DD_CLC_RUNNER_ENABLED"),
            "cluster-checks-runner",
            id="then the shape",
        ),
        pytest.param("DaemonSet", workload(), "agent", id="then the kind, a node's"),
        pytest.param("Deployment", workload(), "cluster-agent", id="… or the cluster's"),
    ],
)
def test_component_of_a_named_workload(kind: str, manifest: dict[str, Any], expected: str) -> None:
    """A workload that the reader names has a component in any case."""
    assert component_of(kind, manifest) == Component(expected)


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        pytest.param(workload("x/stackstate/agent", "DD_API_KEY"), "stackstate", id="the image decides"),
        pytest.param(workload("agent", "STS_API_KEY"), "stackstate", id="then the environment"),
        pytest.param(
            workload("agent", "STS_API_KEY", "DD_API_KEY"), "datadog", id="… if it is only StackState's"
        ),
        pytest.param(workload(), "datadog", id="Datadog otherwise"),
        pytest.param({"spec": []}, "datadog", id="another shape"),
    ],
)
def test_flavour(manifest: dict[str, Any], expected: str) -> None:
    """Whose Agent it is follows from image and environment."""
    assert flavour_of(manifest) == Flavour(expected)


@pytest.mark.parametrize(
    ("image", "environment", "expected"),
    [
        pytest.param("datadog/agent:7", {}, "datadog", id="the vendor's image"),
        pytest.param("stackstate/stackstate-agent-2", {}, "stackstate", id="StackState's image"),
        pytest.param("mirror/agent", {"DD_API_KEY": ""}, "datadog", id="the environment"),
        pytest.param("mirror/agent", {"STS_API_KEY": ""}, "stackstate", id="StackState's environment"),
        pytest.param("jenkins/agent", {"A": ""}, None, id="somebody else's agent"),
        pytest.param("nginx", {"DD_AGENT_HOST": ""}, None, id="an app"),
    ],
)
def test_flavour_of_an_image(image: str, environment: dict[str, str], expected: str | None) -> None:
    """A container outside Kubernetes runs an Agent by its image."""
    assert flavour_of_image(image, environment) == (expected and Flavour(expected))


@pytest.mark.parametrize(
    ("image", "short", "long"),
    [
        pytest.param("redis", "redis", "redis", id="a name"),
        pytest.param("redis:7", "redis", "redis", id="a tag"),
        pytest.param("a.example:5000/b/redis:7@sha256:0", "redis", "a.example:5000/b/redis", id="everything"),
        pytest.param("localhost:5000/redis", "redis", "localhost:5000/redis", id="a port and no tag"),
        pytest.param("", "", "", id="nothing"),
    ],
)
def test_image_names(image: str, short: str, long: str) -> None:
    """An image has a short name, and a long one with its registry."""
    assert (image_name(image), long_image_name(image)) == (short, long)
