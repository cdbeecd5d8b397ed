"""An object of an API server to the fact that the ledger keeps of it: small, since there are many."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from sys import intern
from typing import Any

from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.inventory import NOTHING, Container, PodFact
from enc_operator.core.ledger.facts import LIVE, Fact, NamespaceFact
from enc_operator.core.objects.authorization import read_binding
from enc_operator.core.objects.configuration import read_config_map
from enc_operator.core.objects.consents import read_grant, read_target
from enc_operator.core.objects.detection import COMPONENT_LABELS
from enc_operator.core.objects.pods import read_instrumentation, read_pod, read_service
from enc_operator.core.objects.shapes import labels, mapping, text
from enc_operator.core.objects.workloads import read_live_workload
from enc_operator.core.templates.autodiscovery import parse_key


def read_live(kind: str, manifest: Mapping[str, Any]) -> Fact | None:
    """Return the fact that an object makes, or None for what no assessment looks at.

    `kind` is given since the items of a list carry none. Custom resources are taken as the API server's schema lets them in.
    """
    namespace, name = text(manifest, "metadata", "namespace"), text(manifest, "metadata", "name")
    where = Where(LIVE, ObjectRef(kind, intern(namespace), intern(name)))
    return _READERS[kind](manifest, where)


def _pod(manifest: Mapping[str, Any], where: Where) -> PodFact:
    pod = read_pod("Pod", manifest, where, where.ref.namespace)
    kept = {label: value for label, value in pod.labels.items() if label in COMPONENT_LABELS}
    return replace(
        pod,
        service_account=intern(pod.service_account),
        containers=tuple(Container(intern(each.name), intern(each.image)) for each in pod.containers),
        annotations=_templates(pod.annotations),
        labels=kept or NOTHING,
    )


def _templates(annotations: Mapping[str, str]) -> Mapping[str, str]:
    return {key: value for key, value in annotations.items() if parse_key(key)} or NOTHING


def _service(manifest: Mapping[str, Any], where: Where) -> Fact | None:
    service = read_service(manifest, where, where.ref.namespace)
    templates = _templates(service.annotations)
    return replace(service, annotations=templates) if templates else None


def _config_map(manifest: Mapping[str, Any], where: Where) -> Fact:
    return read_config_map(manifest, where, where.ref.namespace, where.ref.name)


def _instrumentation(manifest: Mapping[str, Any], where: Where) -> Fact:
    return read_instrumentation(manifest, where, where.ref.namespace)


def _grant(manifest: Mapping[str, Any], where: Where) -> Fact:
    return read_grant(manifest, where, where.ref.namespace, where.ref.name)


def _target(manifest: Mapping[str, Any], where: Where) -> Fact:
    """Read an AgentTarget; unless it asks for the injection, the Agents count as they stand."""
    target = read_target(manifest, where, where.ref.namespace, where.ref.name)
    return target if target.injects else replace(target, mode="none")


def _binding(manifest: Mapping[str, Any], where: Where) -> Fact:
    return read_binding(manifest, where, where.ref.namespace, where.ref.name)


def _namespace(manifest: Mapping[str, Any], where: Where) -> Fact:
    metadata = mapping(manifest, "metadata")
    return NamespaceFact(
        where,
        text(metadata, "uid"),
        labels(metadata, "labels"),
        "deletionTimestamp" in metadata,
        text(metadata, "creationTimestamp"),
    )


_READERS: dict[str, Callable[[Mapping[str, Any], Where], Fact | None]] = {
    "Pod": _pod,
    "Service": _service,
    "ConfigMap": _config_map,
    "DatadogInstrumentation": _instrumentation,
    "DaemonSet": read_live_workload,
    "Deployment": read_live_workload,
    "StatefulSet": read_live_workload,
    "SecretGrant": _grant,
    "ClusterSecretGrant": _grant,
    "AgentTarget": _target,
    "RoleBinding": _binding,
    "Namespace": _namespace,
}
