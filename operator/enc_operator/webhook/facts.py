"""The cluster's facts that reviews are decided by, as the watches last told of them."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from enc_operator.cluster.collections import Collection
from enc_operator.cluster.gateway import Gateway
from enc_operator.cluster.reflector import Reflector, ReflectorState
from enc_operator.cluster.watched import CONSENTS, OF_AGENTS, OF_CLUSTER, FactSink, fact_of, within
from enc_operator.core.admission.world import AdmissionSettings, World
from enc_operator.core.inventory import Inventory
from enc_operator.core.ledger.facts import Changes, Facts
from enc_operator.process.settings import Settings


class LiveFacts:
    """Reflectors, and the world that follows from what they know: prepared anew when somebody asks after a change."""

    def __init__(
        self,
        gateway: Gateway,
        settings: Settings,
        frame: Inventory,
        admission: AdmissionSettings,
        now: Callable[[], datetime],
    ) -> None:
        self._facts = Facts(frame, settings.accounts)
        self._admission, self._now = admission, now
        self._came = threading.Condition()
        self._preparing = threading.Lock()
        self._changes = 0
        self._prepared: tuple[int, World] | None = None
        self.reflectors = [
            Reflector(gateway, collection, partial(fact_of, kind), FactSink(kind, self))
            for kind, collection in _collections(settings)
        ]

    def put(self, changes: Changes) -> None:
        """Take what objects are now."""
        if changes:
            with self._came:
                for ref, fact in changes.items():
                    self._facts.put(ref, fact)
                self._changes += 1
                self._came.notify_all()

    def wake(self) -> None:
        """Take that a list is complete: whoever asks for the state finds it there."""

    def world(self) -> World:
        """Return the facts that hold now, prepared."""
        with self._preparing:
            now, known = self._now(), self._prepared
            if known and known[0] == self._changes and not _is_over(known[1], now):
                return known[1]
            with self._came:
                changes = self._changes
                self._facts.frame = replace(self._facts.frame, now=now)
                inventory = self._facts.inventory()
            world = World.of(inventory, self._admission)
            self._prepared = changes, world
            return world

    def wait_for_other(self, world: World, seconds: float) -> bool:
        """Wait until the facts are others than those of a world; tell whether they are."""
        with self._came:
            return self._came.wait_for(lambda: not self._is_newest(world), seconds)

    def states(self) -> Mapping[str, ReflectorState]:
        """Return how well each collection is kept up with, by its path."""
        return {each.collection.path: each.state for each in self.reflectors}

    def start(self) -> None:
        """Begin to list and watch."""
        for each in self.reflectors:
            each.start()

    def stop(self) -> None:
        """End all watches."""
        for each in self.reflectors:
            each.stop()

    def _is_newest(self, world: World) -> bool:
        known = self._prepared
        return known is not None and known[0] == self._changes and known[1] is world


def _is_over(world: World, now: datetime) -> bool:
    return world.until is not None and world.until <= now


def _collections(settings: Settings) -> Iterator[tuple[str, Collection]]:
    agents = sorted({agent.namespace for agent in settings.agents})
    for kind, collection in CONSENTS.items():
        yield from ((kind, each) for each in within(collection, sorted(settings.namespaces)))
    yield from OF_CLUSTER.items()
    for kind, collection in OF_AGENTS.items():
        yield from ((kind, collection.namespaced(namespace)) for namespace in agents)
