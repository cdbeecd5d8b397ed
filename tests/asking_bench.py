"""A bench on which questions to RBAC are asked and answered when a test says so."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

from enc_operator.controller.asking import Asking
from enc_operator.core.inventory import Question
from enc_operator.core.ledger.ledger import Ledger
from living import AGENTS, NOW, facts, frame, pod
from reconciling import INSTALL, Answers

T = TypeVar("T")


class Later(Executor):
    """Keeps what it is given until it is told to do it."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], object]] = []

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        """Keep it."""
        self.waiting.append(lambda: fn(*args, **kwargs))
        return Future()

    def work(self) -> None:
        """Do it, the first first."""
        while self.waiting:
            self.waiting.pop(0)()


class Bench:
    """Two pools, a clock, and a ledger with references to other namespaces' Secrets."""

    def __init__(self, *secrets: str) -> None:
        self.access, self.now, self.woken = Answers(), 100.0, 0
        self.new, self.again = Later(), Later()
        self.asking = Asking(self.access, self._wake, (self.new, self.again), lambda: self.now)
        self.ledger = Ledger(frame(), AGENTS)
        self.ledger.apply(facts(*INSTALL), NOW)
        self.refer(*secrets)

    def refer(self, *secrets: str) -> None:
        """Have pods refer to Secrets of the bank."""
        self.ledger.apply(facts(*(pod(each, f"k8s_secret@bank/{each}/k") for each in secrets)), NOW)

    def leave(self, *secrets: str) -> None:
        """Have those pods go."""
        self.ledger.apply(dict.fromkeys(facts(*(pod(each, "") for each in secrets))), NOW)

    def work(self) -> None:
        """Ask, answer, and hand over."""
        self.asking.exchange(self.ledger)
        self.new.work()
        self.again.work()
        self.asking.exchange(self.ledger)

    def asked(self) -> list[str]:
        """Return the Secrets that the pods' ServiceAccounts were asked about, since the last time."""
        found, self.access.asked = self.access.asked, []
        return [each.secret_name for each in found if each == question(each.secret_name)]

    def _wake(self) -> None:
        self.woken += 1


def question(secret: str) -> Question:
    """Return the question about the shop's pods."""
    return Question("shop", "web", "bank", secret)
