"""Which collections the operator watches, what it keeps of each, and where that goes."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from enc_operator.cluster.collections import Collection
from enc_operator.cluster.gateway import Gateway
from enc_operator.cluster.reflector import Reflector, ReflectorState
from enc_operator.cluster.watched import (
    CONSENTS,
    OF_AGENTS,
    OF_CLUSTER,
    OPTIONAL,
    RBAC,
    SOURCES,
    FactSink,
    fact_of,
    within,
)
from enc_operator.controller.inbox import Inbox, NamespaceSink
from enc_operator.core.findings import ObjectRef
from enc_operator.core.ledger.facts import Fact
from enc_operator.core.objects.authorization import MANAGED_BY
from enc_operator.core.objects.shapes import labels, text
from enc_operator.core.rbac.convergence import Written, read_written
from enc_operator.process.settings import Settings

_NOT_FOUND = 404
_PAGE = 500  # objects that are held whole at a time


class Watches:
    """All reflectors, and what they say of themselves."""

    def __init__(self, gateway: Gateway, settings: Settings, inbox: Inbox) -> None:
        self._inbox = inbox
        self._settings = settings
        self.roles: list[Reflector[Written]] = []
        self._written: list[tuple[str, str, Reflector[Written]]] = []
        self._others: list[Reflector[Any]] = []
        self._absent: set[str] = set()
        self._sinks: dict[str, list[FactSink]] = {}
        self._make(gateway)

    def start(self) -> None:
        """Begin to list and watch."""
        for reflector in self.all():
            reflector.start()

    def renew(self) -> None:
        """Have everything listed anew before it counts as known."""
        for reflector in self.all():
            reflector.renew()

    def stop(self) -> None:
        """End all watches."""
        for reflector in self.all():
            reflector.stop()

    def all(self) -> Iterator[Reflector[Any]]:
        """Yield every reflector."""
        yield from self.roles
        yield from self._others

    def states(self) -> Mapping[str, ReflectorState]:
        """Return how well each collection is kept up with, by its path."""
        return {_named(reflector.collection): reflector.state for reflector in self.all()}

    def missing(self) -> list[str]:
        """Return what keeps the first complete picture from being there: nothing is written before."""
        states = self.states()
        # Once there was no such resource, whatever the API server says later, or fails to: nothing of it was known, and is missing.
        self._absent |= {
            path for path, state in states.items() if path.startswith(OPTIONAL) and state.status == _NOT_FOUND
        }
        return [
            f"{path}: {state.error or 'not listed yet'}"
            for path, state in states.items()
            if not state.synced and path not in self._absent
        ]

    def written(self, namespace: str) -> list[Written]:
        """Return the Roles and bindings of this install in a namespace, as the watches last saw them."""
        return [item for reflector in self.roles for item in reflector.store.in_namespace(namespace).values()]

    def told(self, namespace: str) -> Mapping[str, int]:
        """Return up to which resourceVersion each kind of what this install wrote is known; to be asked before `written`."""
        return {
            kind: int(version)
            for kind, within, reflector in self._written
            if within in ("", namespace) and (version := reflector.state.resource_version).isdecimal()
        }

    def namespaces_written(self) -> set[str]:
        """Return the namespaces that hold Roles or bindings of this install."""
        return {key.namespace for reflector in self.roles for key in reflector.store.items()}

    def uid(self, ref: ObjectRef) -> str:
        """Return the uid of an object that is watched, or an empty one."""
        return "".join(sink.uid(ref) for sink in self._sinks.get(ref.kind, ()))

    def epoch(self) -> int:
        """Return the highest epoch that anything of this install carries."""
        found = (item.epoch for reflector in self.roles for item in reflector.store.items().values())
        return max(found, default=0)

    def _make(self, gateway: Gateway) -> None:
        scope = sorted(self._settings.namespaces)
        agents = sorted({agent.namespace for agent in self._settings.agents})
        for kind, collection in (SOURCES | CONSENTS).items():
            self._add_facts(gateway, kind, within(collection, scope))
        for kind, collection in OF_CLUSTER.items():
            self._add_facts(gateway, kind, [collection])
        for kind, collection in OF_AGENTS.items():
            self._add_facts(gateway, kind, [collection.namespaced(namespace) for namespace in agents])
        for kind in ("Role", "RoleBinding"):
            self._add_written(gateway, kind, scope)
            self._add_rights(gateway, f"{RBAC}/{kind.lower()}s", scope)
            self._add_rights(gateway, f"{RBAC}/cluster{kind.lower()}s", [])

    def _add_facts(self, gateway: Gateway, kind: str, collections: list[Collection]) -> None:
        for collection in collections:
            reduce: Callable[[Mapping[str, Any]], Fact | None] = partial(fact_of, kind)
            sink = FactSink(kind, self._inbox)
            self._sinks.setdefault(kind, []).append(sink)
            self._others.append(Reflector(gateway, collection, reduce, sink, _PAGE))

    def _add_written(self, gateway: Gateway, kind: str, scope: list[str]) -> None:
        ours = {"labelSelector": f"{MANAGED_BY}={self._settings.install}"}
        sink: NamespaceSink[Written] = NamespaceSink(lambda found: self._inbox.look_at(*found))
        plural = Collection(f"{RBAC}/{kind.lower()}s", ours)
        for namespace, collection in zip(scope or [""], within(plural, scope), strict=True):
            reflector = Reflector(gateway, collection, partial(read_written, kind), sink)
            self.roles.append(reflector)
            self._written.append((kind, namespace, reflector))

    def _add_rights(self, gateway: Gateway, path: str, scope: list[str]) -> None:
        """Watch the RBAC of others by its metadata alone: that it changed is all that matters."""
        sink: NamespaceSink[str] = NamespaceSink(lambda _: self._inbox.rbac_changed())
        for collection in within(Collection(path, metadata_only=True), scope):
            self._others.append(Reflector(gateway, collection, self._version_of_others, sink))

    def _version_of_others(self, manifest: Mapping[str, Any]) -> str | None:
        """Leave out what this install wrote: it gives rights to Agents only, about whom RBAC is never asked."""
        ours = labels(manifest, "metadata", "labels").get(MANAGED_BY) == self._settings.install
        return None if ours else text(manifest, "metadata", "resourceVersion")


def _named(collection: Collection) -> str:
    return f"{collection.path} ({MANAGED_BY})" if "labelSelector" in collection.query else collection.path
