"""What is read of a cluster, kind by kind: where it is listed, what is not judged without it, and what is kept of an object. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from enc_operator.core.findings import ObjectRef
from enc_operator.core.objects.shapes import entries, items, mapping, text

Manifest = dict[str, Any]

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_RUNNING = {"fieldSelector": "status.phase!=Succeeded,status.phase!=Failed"}
_OF_TEMPLATES = "pod-template-hash"
"""The label that a Deployment gives its ReplicaSets and their pods (k8s.io/api `DefaultDeploymentUniqueLabelKey`)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind that is read.

    `unjudged` is what nothing can be said about without it; `narrowed` says that a scan of one namespace reads it there alone,
    `custom` that it need not exist, `scoped` that its objects stand in namespaces.
    """

    name: str
    version: str
    unjudged: str
    narrowed: bool = False
    custom: bool = False
    scoped: bool = True
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def plural(self) -> str:
        """Its name in paths."""
        return f"{self.name.lower()}s"

    def path(self, namespace: str = "") -> str:
        """Return the path of its list, in a namespace or all."""
        root = "/apis" if "/" in self.version else "/api"
        within = f"/namespaces/{namespace}" if namespace else ""
        return f"{root}/{self.version}{within}/{self.plural}"


_AGENTS = "Agents that they run"
_OURS = "enc-operator.io/v1alpha1"
_RBAC = "rbac.authorization.k8s.io/v1"
_RIGHTS = "what RBAC gives already"

TARGETS = Kind("AgentTarget", _OURS, "what they say of the Agents", custom=True)
"""Read first: they name workloads that nothing else marks as an Agent's."""

CONFIG_MAPS = Kind("ConfigMap", "v1", "the Agents' own configuration")
"""Read last, and only in the namespaces of Agents."""

KINDS = (
    Kind("Pod", "v1", "handles in annotations of pods", narrowed=True, query=_RUNNING),
    Kind("Service", "v1", "handles in annotations of Services", narrowed=True),
    Kind("DatadogInstrumentation", "datadoghq.com/v1alpha1", "handles in them", narrowed=True, custom=True),
    Kind("DaemonSet", "apps/v1", _AGENTS),
    Kind("Deployment", "apps/v1", _AGENTS),
    Kind("StatefulSet", "apps/v1", _AGENTS),
    Kind("SecretGrant", _OURS, "what they allow", custom=True),
    Kind("ClusterSecretGrant", _OURS, "what they allow", custom=True, scoped=False),
    Kind("Namespace", "v1", "grants that select namespaces by labels", scoped=False),
    Kind("Role", _RBAC, _RIGHTS),
    Kind("RoleBinding", _RBAC, _RIGHTS),
    Kind("ClusterRole", _RBAC, _RIGHTS, scoped=False),
    Kind("ClusterRoleBinding", _RBAC, _RIGHTS, scoped=False),
)

SOURCES = frozenset({"Pod", "Service", "DatadogInstrumentation", "ConfigMap"})
WORKLOADS = frozenset({"DaemonSet", "Deployment", "StatefulSet", "AgentTarget"})
RIGHTS = frozenset({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})


def slim(kind: Kind, manifest: Manifest) -> Manifest:
    """Return what is judged of an object, and nothing that a server adds: 10,000 pods fit in little memory."""
    found = {"apiVersion": kind.version, "kind": kind.name, **manifest, "metadata": _metadata(kind, manifest)}
    if kind.name == "Pod":
        found["spec"] = _pod(mapping(manifest, "spec"))
        found["status"] = {"podIP": text(manifest, "status", "podIP")}
    else:
        found.pop("status", None)
    return found


def _metadata(kind: Kind, manifest: Manifest) -> Manifest:
    metadata = mapping(manifest, "metadata")
    if kind.name in RIGHTS:
        return {key: value for key, value in metadata.items() if key != "managedFields"}
    more = ["uid"] if kind.name == "Pod" else ["ownerReferences"] if kind.name in WORKLOADS else []
    kept = ("name", "namespace", "labels", "annotations", *more)
    found = {key: metadata[key] for key in kept if key in metadata}
    if _LAST_APPLIED in mapping(found, "annotations"):
        found["annotations"] = {
            key: value for key, value in found["annotations"].items() if key != _LAST_APPLIED
        }
    return found


def _pod(spec: Mapping[str, Any]) -> Manifest:
    """Keep names and images: an environment may hold secrets."""
    lists = {
        part: [{key: item.get(key) for key in ("name", "image")} for _, item in entries(spec, part)]
        for part in _CONTAINERS
        if items(spec, part)
    }
    return {"serviceAccountName": spec.get("serviceAccountName"), **lists}


def owner_of(manifest: Manifest) -> ObjectRef | None:
    """Return the workload that made a pod, or None; for the ReplicaSet of a Deployment that is the Deployment."""
    metadata = mapping(manifest, "metadata")
    owners = [item for _, item in entries(metadata, "ownerReferences") if item.get("controller") is True]
    # A static pod's owner is its Node, which is no reason why two pods should be alike.
    owner = next((item for item in owners if text(item, "kind") != "Node"), None)
    if owner is None:
        return None
    kind, name, namespace = text(owner, "kind"), text(owner, "name"), text(metadata, "namespace")
    label = text(metadata, "labels", _OF_TEMPLATES)
    if kind == "ReplicaSet" and label and name.endswith(f"-{label}"):
        return ObjectRef("Deployment", namespace, name.removesuffix(f"-{label}"))
    return ObjectRef(kind, namespace, name)
