"""The reconciler: one thread that takes what changed, asks what must be asked, and has written what follows."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from queue import SimpleQueue
from typing import Protocol

from enc_operator.controller.applier import Applier, Done, Refused
from enc_operator.controller.asking import Asking
from enc_operator.controller.inbox import Batch, Inbox
from enc_operator.controller.waiting import Waiting
from enc_operator.controller.watches import Watches
from enc_operator.core.findings import ObjectRef
from enc_operator.core.ledger.facts import NamespaceFact
from enc_operator.core.ledger.ledger import Ledger
from enc_operator.core.rbac.convergence import Write, converge
from enc_operator.core.rbac.planning import Need, Permission
from enc_operator.process.clock import Clock
from enc_operator.process.settings import Settings

_FIRST_LISTS_SECONDS = 0.05
_IDLE_SECONDS = 5.0
_ASK_AGAIN_SECONDS = 0.5
_UNDECIDED_SECONDS = 60.0  # so long what a predecessor wrote stands without being decided anew

_log = logging.getLogger(__name__)


class Gate(Protocol):
    """Whether anything may be written at this moment."""

    def open(self) -> bool:
        """Tell whether this process leads, knows everything, and the fence holds."""


@dataclass(slots=True)
class Progress:
    """What the reconciler has done, for metrics and conditions."""

    passes: int = 0
    errors: int = 0
    heartbeat: float = 0.0
    writes: int = 0
    problems: dict[str, tuple[Refused, ...]] = field(default_factory=dict)


class Reconciler:
    """Keeps Roles and bindings as the ledger says."""

    def __init__(
        self,
        ledger: Ledger,
        watches: Watches,
        inbox: Inbox,
        asking: Asking,
        gate: Gate,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self.ledger = ledger
        self.progress = Progress(heartbeat=time.monotonic())
        self.converged: Callable[[float], None] = lambda _: None
        self._watches, self._inbox, self._asking = watches, inbox, asking
        self._gate, self._settings, self._clock = gate, settings, clock
        self._waiting: dict[str, Waiting] = {}
        self._done: SimpleQueue[Done] = SimpleQueue()
        self._look_everywhere = self._stepping = False
        self._applier: Applier | None = None
        self.complete = self._decided = self._held_up = False
        self._started_at: float | None = None

    def lead(self, applier: Applier) -> None:
        """Begin to write, with the next step."""
        self._applier = applier
        self._look_everywhere = True
        self._inbox.wake()

    def heard(self, done: Done) -> None:
        """Take what became of a namespace's writes, from a thread of the applier."""
        self._done.put(done)
        self._inbox.wake()

    @property
    def settled(self) -> bool:
        """Whether everything that is known has been written."""
        applier = self._applier
        under_way = self._stepping or self._waiting or self._asking.deciding or (applier and applier.busy)
        return self._started_at is not None and not under_way

    def given(self) -> set[Need]:
        """Return what Agents may get by what has been written, as the watches saw it last."""
        found: set[Need] = set()
        for namespace in list(self.ledger.shards):
            desired = self._desired(namespace)
            wrong = self._unwritten(namespace, desired) if namespace in self._waiting else frozenset[str]()
            found.update(need for each in desired if each.name not in wrong for need in each.needs())
        return found

    def step(self, seconds: float | None = None) -> None:
        """Wait for changes, `seconds` at most or as long as nothing is due, and deal with them."""
        self.progress.heartbeat = time.monotonic()
        if not self.complete and self._watches.missing():
            time.sleep(_FIRST_LISTS_SECONDS)  # read together, the first lists cost a tenth
            return
        self.complete = True
        # Asked before the changes are taken: what made the picture complete is then among them.
        opened = self._gate.open()
        batch = self._inbox.take(self.patience() if seconds is None else seconds)
        self.progress.heartbeat = time.monotonic()
        self.progress.passes += 1
        self._stepping = True
        self.ledger.apply(batch.changes, self._clock.now())
        if batch.rbac:
            self._asking.changed(self.ledger, at_once=self._started_at is None)
        answered = self._asking.exchange(self.ledger)
        self._note_dirty(batch, answered or batch.since)
        for done in self._take_done():
            self._note_done(done)
        self._held_up = bool(self._waiting)
        if self._applier and opened and self._gate.open():
            self._held_up = False
            self._write(self._applier)
        self._stepping = False

    def patience(self) -> float:
        """Return for how many seconds nothing is due unless something changes."""
        now = time.monotonic()
        # Where writes go on, their end is heard of; where answers lack, they are asked for again below.
        ends = [_IDLE_SECONDS, *(each.not_before - now for each in self._waiting.values() if each.not_before)]
        if not (self._applier and self._gate.open()):
            ends = [_ASK_AGAIN_SECONDS if self._waiting else _IDLE_SECONDS]
        elif self._held_up:
            ends = [0.0]
        ends += self._asking.patience()
        deadline = self.ledger.next_deadline()
        if deadline is not None:
            ends.append(max((deadline - self._clock.now()) / timedelta(seconds=1), 0.0))
        return max(min(ends), 0.0)

    def _note_dirty(self, batch: Batch, since: float | None) -> None:
        named = {ref.name for ref in batch.changes if ref.kind == "Namespace"}
        if self._look_everywhere:
            self._look_everywhere = False
            named |= {*self._watches.namespaces_written(), *self.ledger.shards}
        for namespace in self.ledger.take_dirty() | batch.namespaces | named:
            self._waiting.setdefault(namespace, Waiting(since or time.monotonic())).look()

    def _take_done(self) -> Iterator[Done]:
        while not self._done.empty():
            yield self._done.get()

    def _note_done(self, done: Done) -> None:
        """Look at the namespace once more: what was written is known by now, and what was not is tried again."""
        now = time.monotonic()
        self.progress.writes += done.writes
        waiting = self._waiting.setdefault(done.namespace, Waiting(now))
        waiting.set_back(done.refused, now)
        wrong = [each for each in done.refused if not each.conflict]
        self.progress.errors += bool(wrong)
        for refused in wrong:
            _log.warning("not written: %s", refused.message)

    def _write(self, applier: Applier) -> None:
        now = time.monotonic()
        self._started_at = self._started_at or now
        late = now - self._started_at > _UNDECIDED_SECONDS
        self._decided = self._decided or late or not self._asking.deciding
        undecided = set() if self._decided else self._asking.undecided_in()
        for namespace, waiting in list(self._waiting.items()):
            if namespace in undecided:
                waiting.look()
            elif namespace not in applier.busy and waiting.not_before <= now:
                self._write_in(applier, namespace, waiting)

    def _write_in(self, applier: Applier, namespace: str, waiting: Waiting) -> None:
        steps = self._steps(applier, namespace, self._desired(namespace))
        due = waiting.due(steps, time.monotonic())
        if waiting.problems():
            self.progress.problems[namespace] = waiting.problems()
        else:
            self.progress.problems.pop(namespace, None)
        if due:
            applier.submit(namespace, due)
        elif not steps:
            del self._waiting[namespace]
            self.converged(time.monotonic() - waiting.since)

    def _desired(self, namespace: str) -> list[Permission]:
        return self.ledger.permissions(namespace) if self._may_hold(namespace) else []

    def _steps(
        self, applier: Applier, namespace: str, desired: list[Permission]
    ) -> tuple[tuple[Write, ...], ...]:
        told = self._watches.told(namespace)
        written = applier.overlay.over(namespace, self._watches.written(namespace), told)
        return tuple(converge(desired, written, self._settings.install))

    def _unwritten(self, namespace: str, desired: list[Permission]) -> frozenset[str]:
        """Return the names that are not as they should be; who does not write knows of none that is."""
        if self._applier is None:
            return frozenset(each.name for each in desired)
        steps = self._steps(self._applier, namespace, desired)
        return frozenset(write.name for writes in steps for write in writes)

    def _may_hold(self, namespace: str) -> bool:
        """Tell whether Roles may be written: not where the fence protects, nor where everything is being deleted."""
        fact = self.ledger.facts.get(ObjectRef("Namespace", "", namespace))
        alive = isinstance(fact, NamespaceFact) and not fact.terminating
        within = not self._settings.namespaces or namespace in self._settings.namespaces
        return alive and within and namespace not in self._settings.protected_namespaces
