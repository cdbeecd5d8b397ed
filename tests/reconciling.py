"""A reconciler with everything around it that a test can set: what is watched, what RBAC answers, whether it may write."""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from enc_operator.cluster.access import AccessAnswers
from enc_operator.cluster.calls import ApiError, Call
from enc_operator.controller.applier import Applier, Done, Overlay, Refused
from enc_operator.controller.asking import Asking
from enc_operator.controller.inbox import Inbox
from enc_operator.controller.reconciler import Reconciler
from enc_operator.controller.watches import Watches
from enc_operator.core.inventory import AnyQuestion, Question
from enc_operator.core.ledger.ledger import Ledger
from enc_operator.core.rbac.convergence import Write, Written, read_written
from enc_operator.process.clock import Clock
from enc_operator.process.settings import LeaseName, Settings
from living import AGENTS, NOW, Manifest, agent, facts, frame, namespace, target

T = TypeVar("T")
INSTALL = [namespace("shop"), namespace("bank"), namespace("dd"), agent(), agent("cluster-agent"), target()]


class Seen(Watches):
    """What the watches know."""

    def __init__(self) -> None:
        self.lacking: list[str] = []
        self.there: list[Written] = []

    def missing(self) -> list[str]:
        """Say what is not listed yet."""
        return self.lacking

    def written(self, namespace: str) -> list[Written]:
        """Return what is there."""
        return [each for each in self.there if each.namespace == namespace]

    def told(self, namespace: str) -> Mapping[str, int]:
        """Say nothing of versions."""
        del namespace
        return {}

    def namespaces_written(self) -> set[str]:
        """Return where something is."""
        return {each.namespace for each in self.there}


class Answers(AccessAnswers):
    """RBAC as a test has it."""

    def __init__(self) -> None:
        self.yes: set[Question] = set()
        self.generation = 0
        self.silent = False
        self.asked: list[Question] = []
        self.late: frozenset[Question] = frozenset()

    def ask(self, question: AnyQuestion) -> bool:
        """Answer, or do not."""
        assert isinstance(question, Question)
        self.asked.append(question)
        if self.silent:
            raise ApiError(Call("POST", "/reviews"), 503, "", "away")
        return question in self.yes

    def overdue(self) -> frozenset[Question]:
        """Return what must be asked again."""
        return self.late

    def drop(self) -> None:
        """Forget nothing: nothing is remembered."""
        self.generation += 1


class AtOnce(Executor):
    """Does what it is given before it says that it has taken it."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        """Do it."""
        fn(*args, **kwargs)
        return Future()


class Written_(Applier):  # noqa: N801 - a name that says what it stands in for
    """Notes what it is to write."""

    def __init__(self) -> None:
        self.busy: set[str] = set()
        self.overlay = Overlay()
        self.submitted: list[tuple[str, list[str]]] = []

    def submit(self, namespace: str, steps: Iterable[tuple[Write, ...]]) -> None:
        """Note writes."""
        self.busy.add(namespace)
        shown = [f"{write.action} {write.kind}" for step in steps for write in step]
        self.submitted.append((namespace, shown))
        self.last = [write for step in steps for write in step]

    def store(self, seen: Seen) -> None:
        """Have the watches see what was written last."""
        for write in self.last:
            manifest = dict(write.manifest or {})
            metadata = {**manifest["metadata"], "uid": "u", "resourceVersion": "1"}
            seen.there.append(read_written(write.kind, {**manifest, "metadata": metadata}))


@dataclass
class Gate_:  # noqa: N801
    """Open or not."""

    opened: bool = True

    def open(self) -> bool:
        """Tell."""
        return self.opened


def _now() -> float:
    """Return the time as a test has set it by then."""
    return time.monotonic()


@dataclass
class Bench:
    """A reconciler and everything around it."""

    seen: Seen = field(default_factory=Seen)
    answers: Answers = field(default_factory=Answers)
    applier: Written_ = field(default_factory=Written_)
    gate: Gate_ = field(default_factory=Gate_)
    inbox: Inbox = field(default_factory=Inbox)
    settings: Settings = field(default_factory=lambda: Settings(LeaseName("home", "lease")))
    converged: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        ledger = Ledger(frame(), AGENTS)
        clock = Clock(lambda: None, lambda: NOW)
        asking = Asking(self.answers, lambda: None, (AtOnce(), AtOnce()), _now)
        self.reconciler = Reconciler(ledger, self.seen, self.inbox, asking, self.gate, self.settings, clock)
        self.reconciler.converged = self.converged.append

    def tell(self, *manifests: Manifest) -> None:
        """Say what objects are, and pass once."""
        self.inbox.put(facts(*manifests))
        self.reconciler.step(0)

    def leading(self, *manifests: Manifest) -> "Bench":
        """Lead, with an install and these objects, everything written."""
        self.tell(*INSTALL, *manifests)
        self.reconciler.lead(self.applier)
        self.reconciler.step(0)
        self.finish()
        return self

    def refused(self, message: str, status: int) -> Refused:
        """Return the refusal of the first of what is being written."""
        return Refused(self.applier.last[0], message, status)

    def finish(self, *refused: Refused) -> None:
        """End what is being written, and pass once more."""
        for name in list(self.applier.busy):
            self.applier.busy.discard(name)
            if not refused:
                self.applier.store(self.seen)
            self.reconciler.heard(Done(name, 0 if refused else 2, refused))
        self.reconciler.step(0)
