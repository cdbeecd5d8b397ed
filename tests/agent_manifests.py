"""Agents, and what refers to Secrets, as manifests for the tests of references."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from assessing import inventory_of
from enc_operator.core.agents.model import Agent
from enc_operator.core.references.gather import gather
from enc_operator.core.references.gathering import Gathered
from enc_operator.core.references.model import Reference, SecretTarget

HANDLE = "ENC[k8s_secret@dd/a/key]"


def env(**values: str) -> list[dict[str, Any]]:
    """Return environment variables with literal values."""
    return [{"name": name, "value": value} for name, value in values.items()]


def agent(
    component: str = "agent",
    *,
    name: str = "",
    namespace: str = "dd",
    image: str = "datadog/agent:7",
    containers: Sequence[Mapping[str, Any]] = (),
    volumes: Sequence[Mapping[str, Any]] = (),
    **container: Any,
) -> str:
    """Return the workload of a component; further arguments are fields of its first container."""
    kind = "DaemonSet" if component == "agent" else "Deployment"
    name = name or {"agent": "node", "cluster-agent": "cluster", "cluster-checks-runner": "runner"}[component]
    first = {"name": "agent" if component != "cluster-agent" else component, "image": image, **container}
    spec = {"serviceAccountName": name, "containers": [first, *containers], "volumes": list(volumes)}
    labels = {"agent.datadoghq.com/component": component}
    template = {"metadata": {"labels": labels}, "spec": spec}
    metadata = {"name": name, "namespace": namespace}
    return _text("apps/v1", kind, metadata, spec={"template": template})


def config_map(name: str, data: Mapping[str, str], *, namespace: str = "dd") -> str:
    """Return a ConfigMap."""
    return _text("v1", "ConfigMap", {"name": name, "namespace": namespace}, data=data)


def secret(name: str, data: Mapping[str, str], *, namespace: str = "dd") -> str:
    """Return a Secret with plain values."""
    return _text("v1", "Secret", {"name": name, "namespace": namespace}, stringData=data)


def target(namespace: str = "dd", name: str = "target", **spec: Any) -> str:
    """Return an AgentTarget."""
    metadata = {"name": name, "namespace": namespace}
    return _text("enc-operator.io/v1alpha1", "AgentTarget", metadata, spec=spec)


def mode_none(namespace: str = "dd") -> str:
    """Return an AgentTarget that leaves the Agents' backends as they are."""
    return target(namespace, "none", resolver={"mode": "none"})


def service(
    value: Any, *, identifier: str = "service", selector: Mapping[str, str] | None = None, **annotations: str
) -> str:
    """Return a Service with one check that has one value; further annotations are named by their suffix."""
    checks = json.dumps({"http_check": {"instances": [{"value": value}]}})
    found = {f"ad.datadoghq.com/{identifier}.checks": checks}
    found |= {f"ad.datadoghq.com/{identifier}.{suffix}": text for suffix, text in annotations.items()}
    metadata = {"name": "web", "namespace": "shop", "annotations": found}
    return _text("v1", "Service", metadata, spec={"selector": dict(selector or {"app": "web"})})


def pod(
    value: Any = None,
    *,
    image: str = "redis:8",
    name: str = "web",
    namespace: str = "shop",
    annotations: Mapping[str, str] | None = None,
    containers: Sequence[Mapping[str, Any]] = (),
    **spec: Any,
) -> str:
    """Return a pod with a container `app`, annotated with one check that has one value."""
    found = dict(annotations or {})
    if value is not None:
        found["ad.datadoghq.com/app.checks"] = json.dumps({"redisdb": {"instances": [{"value": value}]}})
    metadata = {"name": name, "namespace": namespace, "annotations": found}
    all_containers = [{"name": "app", "image": image}, *containers]
    return _text("v1", "Pod", metadata, spec={"containers": all_containers, **spec})


def confd(
    files: Mapping[str, str],
    component: str = "agent",
    *,
    mount: str = "/conf.d",
    source: str = "confd",
    **options: Any,
) -> tuple[str, str]:
    """Return an Agent that mounts check files, and their ConfigMap."""
    volumes = [{"name": "confd", "configMap": {"name": source}}]
    mounts = [{"name": "confd", "mountPath": mount}]
    return agent(component, volumes=volumes, volumeMounts=mounts, **options), config_map(source, files)


def check(value: str, **fields: Any) -> str:
    """Return a check's file with one instance that has one value."""
    return json.dumps({**fields, "instances": [{"value": value}]})


def gathered(*texts: str) -> Gathered:
    """Gather the references of YAML texts."""
    return gather(inventory_of(*texts))[1]


def references(*texts: str) -> list[Reference]:
    """Return the references of YAML texts."""
    return gathered(*texts).references


def agents(*texts: str) -> list[Agent]:
    """Return the Agents of YAML texts."""
    return gather(inventory_of(*texts))[0]


def resolved_by(found: Sequence[Reference]) -> list[str]:
    """Return the ServiceAccounts that resolve references as things stand."""
    return [item.agent.service_account for item in found if item.live and item.agent]


def secrets_of(found: Sequence[Reference]) -> list[str]:
    """Return the Secrets that references lead to."""
    return [str(item.target) for item in found if isinstance(item.target, SecretTarget)]


def problem_codes(found: Sequence[Reference]) -> list[str]:
    """Return what is wrong with references."""
    return [item.problem.code for item in found if item.problem]


def idle_codes(found: Sequence[Reference]) -> list[str]:
    """Return why references stay unresolved."""
    return [item.idle.code for item in found if item.idle]


def _text(api_version: str, kind: str, metadata: Mapping[str, Any], **parts: Any) -> str:
    return json.dumps({"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts})
