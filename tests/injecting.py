"""Workloads and injections, as the tests of the injection write them."""

from collections.abc import Mapping
from typing import Any

from assessing import document, resolver
from enc_operator.core.agents.backends import Backend, BackendKind
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.injection.planning import Injection, Use, plan_injection
from enc_operator.core.inventory import Component, Flavour, GrantFrom, SecretVolume, TargetFact, WorkloadFact
from enc_operator.core.syntax import Source

TARGET = TargetFact(None, "dd", "")
VOLUME = SecretVolume(
    "tls", "tls-keys", ("ca", "key"), (GrantFrom(namespace="shop", service_accounts=("*",)),)
)


def workload(
    manifest: Mapping[str, Any], component: Component = Component.NODE, flavour: Flavour = Flavour.DATADOG
) -> WorkloadFact:
    """Return a workload that runs an Agent."""
    where = Where(Source("f"), ObjectRef(manifest["kind"], "dd", manifest["metadata"]["name"]))
    return WorkloadFact(where, component, flavour, manifest, "label")


def inject(
    manifest: Mapping[str, Any],
    target: TargetFact = TARGET,
    component: Component = Component.NODE,
    **more: Any,
) -> Injection:
    """Plan the injection into a manifest."""
    flavour = more.pop("flavour", Flavour.DATADOG)
    backend = Backend(BackendKind.NONE, root=more.pop("root", ""))
    use = Use(**more) if more else None
    return plan_injection(workload(manifest, component, flavour), target, resolver(), backend, use)


def pod_spec(injection: Injection) -> dict[str, Any]:
    """Return the pod spec that comes out."""
    assert injection.manifest is not None
    spec = injection.manifest["spec"]["template"]["spec"]
    assert isinstance(spec, dict)
    return spec


def environment(container: Mapping[str, Any]) -> dict[str, Any]:
    """Return a container's literal variables."""
    return {item["name"]: item.get("value") for item in container.get("env", [])}


def edited(manifest: str, **container: Any) -> dict[str, Any]:
    """Return a manifest whose first container has other fields."""
    found = dict(document(manifest))
    found["spec"]["template"]["spec"]["containers"][0].update(container)
    return found
