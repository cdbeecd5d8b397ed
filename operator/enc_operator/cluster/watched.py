"""The collections whose objects become facts, and which of them lie where; who watches them, and what follows, is the doors' affair."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from enc_operator.cluster.collections import Collection
from enc_operator.cluster.store import Key
from enc_operator.core.findings import ObjectRef
from enc_operator.core.ledger.facts import Changes, Fact
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


class Takes(Protocol):
    """Who takes changes; called by many threads."""

    def put(self, changes: Changes) -> None:
        """Take what objects are now."""

    def wake(self) -> None:
        """Take that a list is complete."""


class FactSink:
    """Hears of one collection's facts and tells of them as changes; a list tells also what is gone."""

    def __init__(self, kind: str, inbox: Takes) -> None:
        self._kind = kind
        self._inbox = inbox
        self._known: dict[ObjectRef, str] = {}

    def uid(self, ref: ObjectRef) -> str:
        """Return the uid of an object that is known, or an empty one."""
        return self._known.get(ref, "")

    def replaced(self, items: Mapping[Key, Fact]) -> None:
        """Take a whole list."""
        found: dict[ObjectRef, Fact | None] = {self._ref(key): item for key, item in items.items()}
        gone: dict[ObjectRef, Fact | None] = dict.fromkeys(self._known.keys() - found.keys())
        self._known = {self._ref(key): key.uid for key in items}
        self._inbox.put({**gone, **found})
        self._inbox.wake()

    def changed(self, key: Key, item: Fact | None) -> None:
        """Take one object's change."""
        ref = self._ref(key)
        if item is None:
            self._known.pop(ref, None)
        else:
            self._known[ref] = key.uid
        self._inbox.put({ref: item})

    def _ref(self, key: Key) -> ObjectRef:
        return ObjectRef(self._kind, key.namespace, key.name)
