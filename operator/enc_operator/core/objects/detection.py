"""Which workloads run an Agent: named by the reader, by their label, or by their shape.

The shape is that of installs without Helm: a DaemonSet or Deployment that runs the Agent's image. A label or a shape makes
nobody an Agent in a cluster (the install lists its Agents); on files the reader decides.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from enc_operator.core.inventory import Component, Flavour
from enc_operator.core.objects.shapes import entries, labels, mapping, text

COMPONENT_LABELS = ("agent.datadoghq.com/component", "agent.stackstate.com/component")
_KINDS = ("DaemonSet", "Deployment", "StatefulSet")
_IMAGES = {
    "agent": Component.NODE,
    "datadog-agent": Component.NODE,
    "stackstate-agent": Component.NODE,
    "stackstate-agent-2": Component.NODE,
    "stackstate-k8s-agent": Component.NODE,
    "cluster-agent": Component.CLUSTER,
    "datadog-cluster-agent": Component.CLUSTER,
    "stackstate-cluster-agent": Component.CLUSTER,
    "stackstate-k8s-cluster-agent": Component.CLUSTER,
}
_RUNNER_ENV = ("DD_CLC_RUNNER_ENABLED", "STS_CLC_RUNNER_ENABLED")


def detect_agent(kind: str, manifest: Mapping[str, Any]) -> tuple[Component, Flavour, str] | None:
    """Return component, flavour and by what (`label` or `shape`) a workload is known to run an Agent."""
    if kind not in _KINDS:
        return None
    component = _labelled(manifest)
    if component is not None:
        return component, flavour_of(manifest), "label"
    component = _shaped(kind, manifest)
    return (component, flavour_of(manifest), "shape") if component else None


def is_labelled_agent(labels: Mapping[str, str]) -> bool:
    """Tell whether labels say that a pod runs an Agent."""
    return any(label in labels for label in COMPONENT_LABELS)


def component_of(kind: str, manifest: Mapping[str, Any]) -> Component:
    """Return the component of a workload that the reader has named an Agent."""
    detected = _labelled(manifest) or _shaped(kind, manifest)
    return detected or (Component.NODE if kind == "DaemonSet" else Component.CLUSTER)


def flavour_of(manifest: Mapping[str, Any]) -> Flavour:
    """Tell whose Agent a workload runs: StackState's by its image or its `STS_` environment."""
    containers = list(_containers(manifest))
    if any("stackstate" in text(container, "image") for container in containers):
        return Flavour.STACKSTATE
    names = {name for container in containers for name in _env_names(container)}
    stackstate = any(name.startswith("STS_") for name in names) and not any(
        name.startswith("DD_") for name in names
    )
    return Flavour.STACKSTATE if stackstate else Flavour.DATADOG


def flavour_of_image(image: str, environment: Mapping[str, str]) -> Flavour | None:
    """Return whose Agent an image outside Kubernetes is, or None."""
    if _IMAGES.get(image_name(image)) is None:
        return None
    if "stackstate" in image or any(name.startswith("STS_") for name in environment):
        return Flavour.STACKSTATE
    known = "datadog" in image or any(name.startswith("DD_") for name in environment)
    return Flavour.DATADOG if known else None


def image_name(image: str) -> str:
    """Return an image's short name: no registry, no path, no tag, no digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def long_image_name(image: str) -> str:
    """Return an image's name without tag and digest."""
    name = image.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.partition(":")[0]


def _labelled(manifest: Mapping[str, Any]) -> Component | None:
    for path in (("metadata", "labels"), ("spec", "template", "metadata", "labels")):
        found = labels(manifest, *path)
        for label in COMPONENT_LABELS:
            if found.get(label) in list(Component):
                return Component(found[label])
    return None


def _shaped(kind: str, manifest: Mapping[str, Any]) -> Component | None:
    for container in _containers(manifest):
        component = _IMAGES.get(image_name(text(container, "image")))
        if component is None or not _is_vendors(container):
            continue
        if component is Component.CLUSTER or kind == "DaemonSet":
            return component
        if any(name in _RUNNER_ENV for name in _env_names(container)):
            return Component.RUNNER
    return None


def _is_vendors(container: Mapping[str, Any]) -> bool:
    """Tell whether an image called `agent` is the vendor's, also behind a mirror's name."""
    image = text(container, "image")
    return (
        "datadog" in image
        or "stackstate" in image
        or any(n.startswith(("DD_", "STS_")) for n in _env_names(container))
    )


def _containers(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for _, container in entries(mapping(manifest, "spec", "template", "spec"), "containers"):
        yield container


def _env_names(container: Mapping[str, Any]) -> Iterator[str]:
    for _, variable in entries(container, "env"):
        yield text(variable, "name")
