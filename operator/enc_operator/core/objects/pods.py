"""Pods, and the templates of workloads that make pods."""

from collections.abc import Mapping
from typing import Any

from enc_operator.core.findings import Where
from enc_operator.core.inventory import Container, InstrumentationFact, PodFact, ServiceFact
from enc_operator.core.objects.shapes import entries, labels, mapping, text

TEMPLATES: dict[str, tuple[str, ...]] = {
    "Pod": (),
    "PodTemplate": ("template",),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Where the pod stands in each kind of object."""

_CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")


def read_pod(kind: str, manifest: Mapping[str, Any], where: Where, namespace: str) -> PodFact:
    """Read a pod or a template; a missing ServiceAccount is `default`, as the API server sets it."""
    path = TEMPLATES[kind]
    pod = mapping(manifest, *path)
    spec = mapping(pod, "spec")
    is_pod = kind == "Pod"
    return PodFact(
        where=where,
        namespace=namespace,
        service_account=text(spec, "serviceAccountName") or text(spec, "serviceAccount") or "default",
        containers=tuple(_containers(spec)),
        annotations=labels(pod, "metadata", "annotations"),
        metadata=(*path, "metadata"),
        labels=labels(pod, "metadata", "labels"),
        name=text(pod, "metadata", "name") or None if is_pod else None,
        uid=text(pod, "metadata", "uid") or None if is_pod else None,
        address=text(pod, "status", "podIP") or None if is_pod else None,
    )


def _containers(spec: Mapping[str, Any]) -> list[Container]:
    return [
        Container(text(item, "name"), text(item, "image"))
        for kind in _CONTAINER_LISTS
        for _, item in entries(spec, kind)
    ]


def read_instrumentation(manifest: Mapping[str, Any], where: Where, namespace: str) -> InstrumentationFact:
    """Read a DatadogInstrumentation."""
    target, config = mapping(manifest, "spec", "targetRef"), mapping(manifest, "spec", "config")
    return InstrumentationFact(where, namespace, text(target, "kind"), text(target, "name"), config)


def read_service(manifest: Mapping[str, Any], where: Where, namespace: str) -> ServiceFact:
    """Read a Service."""
    address = text(manifest, "spec", "clusterIP")
    return ServiceFact(
        where=where,
        namespace=namespace,
        annotations=labels(manifest, "metadata", "annotations"),
        selects_pods=bool(mapping(manifest, "spec", "selector")),
        address=address if address not in ("", "None") else None,
    )
