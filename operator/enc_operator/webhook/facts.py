"""The cluster's facts that reviews are decided by, as the watches last told of them."""

import logging
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
from enc_operator.webhook.faults import told

_log = logging.getLogger(__name__)


_PACE = 0.1  # seconds between two preparations: with thousands of grants one takes 15 ms


class LiveFacts:
    """Reflectors, and the world that follows from what they know, prepared anew in a thread: no review waits for that."""

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
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep_preparing, name="facts", daemon=True)
        self._changes = 0
        self._known = 0
        self._world: World | None = None
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
        """Return the facts as they were prepared last, or now where time alone has made them others."""
        world = self._world
        return self.prepare() if world is None or _is_over(world, self._now()) else world

    def prepare(self) -> World:
        """Prepare what is known now, and return it."""
        with self._preparing:
            now = self._now()
            with self._came:
                known = self._changes
                if self._world and known == self._known and not _is_over(self._world, now):
                    return self._world
                self._facts.frame = replace(self._facts.frame, now=now)
                inventory = self._facts.inventory()
            world = World.of(inventory, self._admission)
            with self._came:
                self._known, self._world = known, world
            return world

    def is_current(self, world: World) -> bool:
        """Tell whether no others than these facts are prepared."""
        return self._world is world

    def states(self) -> Mapping[str, ReflectorState]:
        """Return how well each collection is kept up with, by its path."""
        return {each.collection.path: each.state for each in self.reflectors}

    @property
    def known(self) -> bool:
        """Whether every collection was listed."""
        return all(state.synced for state in self.states().values())

    def start(self) -> None:
        """Begin to list and watch."""
        self._thread.start()
        for each in self.reflectors:
            each.start()

    def stop(self) -> None:
        """End all watches."""
        self._stopped.set()
        with self._came:
            self._came.notify_all()
        for each in self.reflectors:
            each.stop()

    def _keep_preparing(self) -> None:
        while not self._stopped.is_set():
            with self._came:
                self._came.wait_for(lambda: self._known != self._changes or self._stopped.is_set())
            try:
                self.prepare()
            except Exception as error:  # noqa: BLE001 - without this thread no grant would ever end
                _log.error("the facts could not be prepared: %s", told(error))
            self._stopped.wait(_PACE)


def _is_over(world: World, now: datetime) -> bool:
    return world.until is not None and world.until <= now


def _collections(settings: Settings) -> Iterator[tuple[str, Collection]]:
    agents = sorted({agent.namespace for agent in settings.agents})
    for kind, collection in CONSENTS.items():
        yield from ((kind, each) for each in within(collection, sorted(settings.namespaces)))
    yield from OF_CLUSTER.items()
    for kind, collection in OF_AGENTS.items():
        yield from ((kind, collection.namespaced(namespace)) for namespace in agents)
