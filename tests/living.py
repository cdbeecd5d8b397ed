"""A cluster's objects as the API server gives them, for tests of the ledger and the operator's door."""

import json
from datetime import UTC, datetime
from typing import Any

from enc_operator.core.findings import ObjectRef
from enc_operator.core.inventory import Inventory, Resolver
from enc_operator.core.ledger.facts import Fact
from enc_operator.core.ledger.live import read_live

Manifest = dict[str, Any]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
AGENTS = frozenset({("dd", "node"), ("dd", "cluster")})
_COMMAND = {"name": "DD_SECRET_BACKEND_COMMAND", "value": "/readsecret_multiple_providers.sh"}


def frame() -> Inventory:
    """Return an inventory without facts."""
    return Inventory(NOW, Resolver("0" * 64, {}, ("true",)), trusted_labels=frozenset({"team"}))


def manifest(kind: str, namespace: str, name: str, **rest: Any) -> Manifest:
    """Return an object; `annotations`, `labels` and `uid` go into its metadata."""
    metadata = {"namespace": namespace, "name": name} if namespace else {"name": name}
    for key in ("annotations", "labels", "uid"):
        if key in rest:
            metadata[key] = rest.pop(key)
    return {"kind": kind, "metadata": metadata, **rest}


def pod(
    name: str, handle: str, *, namespace: str = "shop", account: str = "web", image: str = "redis:8"
) -> Manifest:
    """Return a running pod with a handle in a version 2 annotation, or without a template."""
    check = {"redisdb": {"instances": [{"password": f"ENC[{handle}]"}]}}
    annotations = {"ad.datadoghq.com/app.checks": json.dumps(check)} if handle else {}
    spec = {"serviceAccountName": account, "containers": [{"name": "app", "image": image}]}
    status = {"podIP": "10.0.0.1", "phase": "Running"}
    return manifest(
        "Pod", namespace, name, annotations=annotations, uid=f"uid-{name}", spec=spec, status=status
    )


def service(name: str, handle: str, *, namespace: str = "shop") -> Manifest:
    """Return a Service with a handle in its template."""
    check = {"http": {"instances": [{"password": f"ENC[{handle}]"}]}}
    annotations = {"ad.datadoghq.com/service.checks": json.dumps(check)}
    return manifest("Service", namespace, name, annotations=annotations, spec={"selector": {"app": "web"}})


def agent(component: str = "agent", *, account: str = "", backend: bool = True) -> Manifest:
    """Return an Agent's workload with the built-in script as its backend, that mounts the check files of ConfigMap `confd`."""
    account = account or ("node" if component == "agent" else "cluster")
    container = {
        "name": component,
        "image": f"example.com/{component}:7",
        "env": [_COMMAND] if backend else [],
        "volumeMounts": [{"name": "confd", "mountPath": "/etc/datadog-agent/conf.d"}],
    }
    volumes = [{"name": "confd", "configMap": {"name": "confd" if component == "agent" else "cluster-confd"}}]
    labels = {"agent.datadoghq.com/component": component}
    template = {
        "metadata": {"labels": labels},
        "spec": {"serviceAccountName": account, "containers": [container], "volumes": volumes},
    }
    kind = "DaemonSet" if component == "agent" else "Deployment"
    return manifest(kind, "dd", component, labels=labels, spec={"template": template})


def check_file(handle: str, *, name: str = "confd", identifier: str = "redis") -> Manifest:
    """Return a ConfigMap with a check file that waits for containers of an image, or for nothing."""
    lines = ["init_config:", "instances:", f'- password: "ENC[{handle}]"']
    if identifier:
        lines.insert(0, f"ad_identifiers: [{identifier}]")
    return manifest("ConfigMap", "dd", name, data={"redisdb.yaml": "\n".join(lines)})


def grant(name: str, namespace: str, secret: str, *, of: dict[str, Any], expires: str = "") -> Manifest:
    """Return a SecretGrant, or a ClusterSecretGrant where no namespace is given."""
    to: dict[str, Any] = {"secretName": secret, "keys": ["*"]}
    if not namespace:
        to["namespaces"] = ["*"]
    spec: dict[str, Any] = {"from": [of], "to": [to]}
    if expires:
        spec["expires"] = expires
    return manifest("SecretGrant" if namespace else "ClusterSecretGrant", namespace, name, spec=spec)


def target(manage: str = "RBAC", **spec: Any) -> Manifest:
    """Return an AgentTarget of the Agents' namespace."""
    return manifest("AgentTarget", "dd", "target", spec={"manage": manage, "crossNamespace": True, **spec})


def namespace(name: str, *, uid: str = "1", terminating: bool = False, **labels: str) -> Manifest:
    """Return a namespace."""
    found = manifest("Namespace", "", name, uid=uid, labels=labels)
    if terminating:
        found["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return found


def ref_of(manifest: Manifest) -> ObjectRef:
    """Return which object it is."""
    metadata = manifest["metadata"]
    return ObjectRef(manifest["kind"], metadata.get("namespace", ""), metadata["name"])


def facts(*manifests: Manifest) -> dict[ObjectRef, Fact | None]:
    """Read objects as the operator's door does."""
    return {ref_of(each): read_live(each["kind"], each) for each in manifests}
