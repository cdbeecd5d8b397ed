"""The collections whose objects become facts, and which of them lie where; who watches them, and what follows, is the doors' affair."""

from collections.abc import Mapping, Sequence
from typing import Any

from enc_operator.cluster.collections import Collection
from enc_operator.core.ledger.facts import Fact
from enc_operator.core.ledger.live import read_live
from enc_operator.core.objects.authorization import MANAGED_BY

RBAC = "/apis/rbac.authorization.k8s.io/v1"
_OURS = "/apis/enc-operator.io/v1alpha1"
_RUNNING = {"fieldSelector": "status.phase!=Succeeded,status.phase!=Failed"}
_INSTRUMENTATIONS = "/apis/datadoghq.com/v1alpha1/datadoginstrumentations"
SOURCES = {
    "Pod": Collection("/api/v1/pods", _RUNNING),
    "Service": Collection("/api/v1/services"),
    "DatadogInstrumentation": Collection(_INSTRUMENTATIONS),
}
"""What refers to Secrets, in every namespace."""
CONSENTS = {
    "SecretGrant": Collection(f"{_OURS}/secretgrants"),
    "AgentTarget": Collection(f"{_OURS}/agenttargets"),
    "RoleBinding": Collection(f"{RBAC}/rolebindings", {"labelSelector": MANAGED_BY}),
}
"""What decides about references, in every namespace."""
OF_CLUSTER = {
    "Namespace": Collection("/api/v1/namespaces"),
    "ClusterSecretGrant": Collection(f"{_OURS}/clustersecretgrants"),
}
OF_AGENTS = {
    "ConfigMap": Collection("/api/v1/configmaps"),
    "DaemonSet": Collection("/apis/apps/v1/daemonsets"),
    "Deployment": Collection("/apis/apps/v1/deployments"),
    "StatefulSet": Collection("/apis/apps/v1/statefulsets"),
}
"""What makes and configures Agents, in their namespaces."""
OPTIONAL = "/apis/datadoghq.com/"
"""Where the vendor's resources lie, which most clusters do not have."""


def fact_of(kind: str, manifest: Mapping[str, Any]) -> Fact | None:
    """Read a fact; an AgentTarget that is being deleted asks for nothing any more."""
    if kind == "AgentTarget" and "deletionTimestamp" in manifest["metadata"]:
        return None
    return read_live(kind, manifest)


def within(collection: Collection, namespaces: Sequence[str]) -> list[Collection]:
    """Return the parts of a collection that lie in some namespaces, or all of it where none is named."""
    return [collection.namespaced(namespace) for namespace in namespaces] or [collection]
