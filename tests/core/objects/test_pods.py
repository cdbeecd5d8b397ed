"""Pods and the templates of everything that makes pods; Services."""

from typing import Any

import pytest

from enc_operator.core.inventory import Container
from reading_objects import read

POD: dict[str, Any] = {
    "metadata": {
        "name": "web-0",
        "uid": "1",
        "annotations": {"ad.datadoghq.com/app.checks": "{}"},
        "labels": {"a": "b"},
    },
    "spec": {
        "serviceAccountName": "web",
        "initContainers": [{"name": "init", "image": "busybox"}],
        "containers": [{"name": "app", "image": "redis:7"}, "x"],
        "ephemeralContainers": [{"name": "debug"}],
    },
    "status": {"podIP": "10.0.0.1"},
}
KINDS = {
    "PodTemplate": ("template",),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


def nested(value: Any, *path: str) -> Any:
    """Put a value at a path."""
    for step in reversed(path):
        value = {step: value}
    return value


def test_pods() -> None:
    """A pod that exists has a name, a uid and an address."""
    (pod,) = read({"apiVersion": "v1", "kind": "Pod", **POD}).pods
    assert (pod.name, pod.uid, pod.address, pod.namespace) == ("web-0", "1", "10.0.0.1", "default")
    assert (pod.service_account, pod.metadata, pod.labels) == ("web", ("metadata",), {"a": "b"})
    assert pod.containers == (
        Container("init", "busybox"),
        Container("app", "redis:7"),
        Container("debug", ""),
    )
    assert pod.object.kind == "Pod"


@pytest.mark.parametrize("kind", KINDS)
def test_templates(kind: str) -> None:
    """A template has what its pods will have, but no name, uid or address."""
    manifest = {"kind": kind, "metadata": {"name": "w", "namespace": "shop"}, **nested(POD, *KINDS[kind])}
    (pod,) = read(manifest).pods
    assert (pod.name, pod.uid, pod.address, pod.namespace) == (None, None, None, "shop")
    assert (pod.service_account, pod.annotations) == ("web", POD["metadata"]["annotations"])
    assert pod.metadata == (*KINDS[kind], "metadata")
    assert str(pod.object) == f"{kind} shop/w"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({}, "default", id="none is default"),
        pytest.param({"serviceAccountName": ""}, "default", id="an empty one is default"),
        pytest.param({"serviceAccount": "old"}, "old", id="the old field"),
        pytest.param({"serviceAccount": "old", "serviceAccountName": "new"}, "new", id="both fields"),
    ],
)
def test_service_accounts(spec: dict[str, str], expected: str) -> None:
    """The ServiceAccount is the one that the API server sets."""
    (pod,) = read({"kind": "Pod", "spec": spec}).pods
    assert pod.service_account == expected


@pytest.mark.parametrize(
    ("annotations", "kept"),
    [
        pytest.param({"ad.datadoghq.com/app.checks": "{}"}, True, id="a template"),
        pytest.param({"service-discovery.datadoghq.com/app.logs": "[]"}, True, id="a legacy one"),
        pytest.param({"example.com/a": "b"}, False, id="other annotations"),
        pytest.param({}, False, id="none"),
    ],
)
def test_texts_are_kept_only_for_templates(annotations: dict[str, str], kept: bool) -> None:  # noqa: FBT001
    """Thousands of manifests without templates take no memory for their texts."""
    (pod,) = read(f"kind: Pod\nmetadata: {{name: a, annotations: {annotations}}}\n").pods
    assert bool(pod.where.source.text) is kept


@pytest.mark.parametrize(
    ("spec", "selects", "address"),
    [
        pytest.param({"selector": {"a": "b"}, "clusterIP": "10.1.0.1"}, True, "10.1.0.1", id="a usual one"),
        pytest.param({"clusterIP": "None"}, False, None, id="a headless one without selector"),
        pytest.param({"selector": {}}, False, None, id="an empty selector"),
        pytest.param([], False, None, id="another shape"),
    ],
)
def test_services(spec: Any, selects: bool, address: str | None) -> None:  # noqa: FBT001
    """A Service selects pods or does not, and has an address or not."""
    metadata = {"name": "s", "annotations": {"ad.datadoghq.com/service.checks": "{}"}}
    (service,) = read({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}).services
    assert (service.selects_pods, service.address) == (selects, address)
    assert service.annotations == metadata["annotations"]


def test_services_without_annotations() -> None:
    """A Service without annotations is nobody's source."""
    assert read({"kind": "Service", "metadata": {"name": "s"}}).services == []
