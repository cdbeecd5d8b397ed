"""The RBAC of the vendor's Helm chart, by its values: the shapes that an audit has to know, with the names and labels they have there.

The release is called `one`, in namespace `watch`. Three components; the Cluster Agent mounts a check that refers to a Secret.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent_manifests import agent, check, config_map
from assessing import pod

DEFAULTS: Mapping[str, Any] = {
    "datadog": {
        "secretBackend": {
            "enableGlobalPermissions": True,
            "roles": [{"namespace": "base", "secrets": ["ledger"]}],
        },
        "kubeStateMetricsCore": {"collectSecretMetrics": True},
        "helmCheck": {"enabled": False},
    },
    "clusterAgent": {
        "admissionController": {"enabled": True},
        "rbac": {"flareAdditionalPermissions": True},
        "privateActionRunner": {"enabled": False},
    },
}
"""What the chart does unless it is told otherwise, with one Role listed by hand."""

NODE, CLUSTER, RUNNER = "one-datadog", "one-datadog-cluster-agent", "one-datadog-cluster-checks"
LABELS = {
    "helm.sh/chart": "datadog-9.9.9",
    "app.kubernetes.io/instance": "one",
    "app.kubernetes.io/managed-by": "Helm",
}
LEDGER = "ENC[k8s_secret@base/ledger/password]"
READING = ["get", "list", "watch"]


def chart(values: Mapping[str, Any] | None = None) -> str:
    """Return what the chart renders with these values over its defaults, as YAML documents."""
    merged = _merged(DEFAULTS, values or {})
    return "\n---\n".join([*_install(), *_rbac(merged)])


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(base)
    for key, value in over.items():
        found[key] = _merged(base.get(key, {}), value) if isinstance(value, dict) else value
    return found


def _install() -> Iterator[str]:
    backend = [{"name": "DD_SECRET_BACKEND_COMMAND", "value": "/readsecret_multiple_providers.sh"}]
    volumes = [{"name": "confd", "configMap": {"name": "checks"}}]
    mounts = [{"name": "confd", "mountPath": "/conf.d"}]
    yield agent(name=NODE, namespace="watch", env=backend)
    yield agent(
        "cluster-agent", name=CLUSTER, namespace="watch", env=backend, volumes=volumes, volumeMounts=mounts
    )
    yield agent("cluster-checks-runner", name=RUNNER, namespace="watch", env=backend)
    yield config_map("checks", {"postgres.yaml": check(LEDGER, cluster_check=True)}, namespace="watch")


def _rbac(values: Mapping[str, Any]) -> Iterator[str]:
    datadog, cluster = values["datadog"], values["clusterAgent"]
    everything = [rule("get")] if datadog["secretBackend"]["enableGlobalPermissions"] else []
    pods = rule(*READING, resources=("pods",))
    yield from bound("", NODE, [pods, *everything], NODE, RUNNER)
    yield from bound("", CLUSTER, [pods, *everything], CLUSTER)
    for entry in datadog["secretBackend"]["roles"]:
        named = rule("get", "watch", "list", names=entry["secrets"])
        yield from bound(entry["namespace"], f"{NODE}-secret-reader-{entry['namespace']}", [named], NODE)
    secrets = ("secrets",) * datadog["kubeStateMetricsCore"]["collectSecretMetrics"]
    watched = rule("list", "watch", resources=(*secrets, "pods"))
    yield from bound("", "one-datadog-ksm-core", [watched], CLUSTER)
    if datadog["helmCheck"]["enabled"]:
        yield from bound("", "one-datadog-helm-check", [rule(*READING)], RUNNER)
    yield from _own(cluster)


def _own(cluster: Mapping[str, Any]) -> Iterator[str]:
    if cluster["admissionController"]["enabled"]:
        main = rule(*READING, "update", "create")
        yield from bound("watch", "one-datadog-cluster-agent-main", [main], CLUSTER)
    if cluster["rbac"]["flareAdditionalPermissions"]:
        yield from bound("watch", "one-datadog-dca-flare", [rule("get", "list")], CLUSTER)
    if cluster["privateActionRunner"]["enabled"]:
        identity = rule("get", "update", names=["identity"])
        yield from bound("watch", "one-datadog-private-action-runner", [identity], CLUSTER)


def rule(
    *verbs: str, resources: Sequence[str] = ("secrets",), names: Sequence[str] = (), group: str = ""
) -> Mapping[str, Any]:
    """Return a rule of RBAC."""
    found = {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
    return {**found, "resourceNames": list(names)} if names else found


def bound(
    namespace: str,
    name: str,
    rules: Sequence[Mapping[str, Any]],
    *accounts: str,
    labels: Mapping[str, str] = LABELS,
    bound_in: str | None = None,
    home: str = "watch",
) -> Iterator[str]:
    """Yield a role (a ClusterRole without a namespace) and its binding to ServiceAccounts, in another namespace if it is said."""
    scope = namespace if bound_in is None else bound_in
    kind = "Role" if namespace else "ClusterRole"
    yield manifest(kind, namespace, name, labels, rules=list(rules))
    subjects = [{"kind": "ServiceAccount", "name": account, "namespace": home} for account in accounts]
    yield binding(scope, name, kind, name, subjects)


def binding(namespace: str, name: str, kind: str, role: str, subjects: Sequence[Mapping[str, str]]) -> str:
    """Return a binding, a ClusterRoleBinding without a namespace."""
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}
    own_kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    return manifest(own_kind, namespace, name, LABELS, roleRef=ref, subjects=list(subjects))


def manifest(kind: str, namespace: str, name: str, labels: Mapping[str, str], **parts: Any) -> str:
    """Return an object of RBAC as JSON of several lines, so that its rules stand on lines of their own."""
    metadata = {"name": name, "labels": dict(labels), **({"namespace": namespace} if namespace else {})}
    whole = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, **parts}
    return json.dumps(whole, indent=1)


OWN_POD = pod("ENC[k8s_secret@shop/db/password]")
"""A pod whose reference its own namespace allows."""
