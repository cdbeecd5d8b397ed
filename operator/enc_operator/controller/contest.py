"""How often one workload may be written: at once where somebody asks for it, ever more rarely where somebody else undoes it."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from enc_operator.cluster.backoff import Backoff
from enc_operator.core.injection.writing import Decision
from enc_operator.core.objects.shapes import entries, text

_ASKED = (1.0, 30.0, 60.0)
_UNDONE = (1.0, 600.0, 1800.0)  # a writer that comes back every few minutes meets no fresh patience
_TOLD_FROM = 2  # once is a deployment by somebody who does not know of it
_TOLD_SECONDS = 60.0  # beyond what it may take until it is undone once more
_MANAGER = "enc-operator"


@dataclass(slots=True)
class History:
    """What became of one workload's writes; times are monotonic seconds."""

    clock: Callable[[], float] = time.monotonic
    not_before: float = 0.0
    undone: int = 0
    others: str = ""
    problem: str = ""
    _marks: bool | None = None
    _wrote: Decision | None = None
    _told_until: float = 0.0
    _asked: Backoff = field(init=False)
    _undone: Backoff = field(init=False)

    def __post_init__(self) -> None:
        self._asked = Backoff(*_ASKED, clock=self.clock)
        self._undone = Backoff(*_UNDONE, clock=self.clock)

    def turn(self, decision: Decision) -> None:
        """Take which way a workload is to be written: what is to be taken out has no patience to wait for, and the other way round."""
        if decision.marked is not self._marks:
            self._marks, self._wrote, self.not_before, self.undone = decision.marked, None, 0.0, 0

    def noticed(self, decision: Decision, *, bare: bool) -> bool:
        """Tell whether what was written was undone, so that it is to wait; `bare` where nothing of an injection is left."""
        undone = self._wrote is not None and (bare or decision == self._wrote)
        self._wrote = None
        if undone:
            self.undone += 1
            wait = self._undone.after_failure()
            self.not_before = self.clock() + wait
            self._told_until = self.not_before + wait + _TOLD_SECONDS
        return undone

    def written(self, decision: Decision) -> None:
        """Take that a write took effect."""
        self._wrote, self.problem = decision, ""
        self.not_before = self.clock() + self._asked.after_failure()

    def failed(self, problem: str, retry_after: float | None = None) -> None:
        """Take that it was refused; an empty problem where only the object was another one by then."""
        self.problem = problem
        self.not_before = self.clock() + self._asked.after_failure(retry_after)

    @property
    def contested(self) -> bool:
        """Whether somebody undoes it again and again."""
        return self.undone >= _TOLD_FROM and self.clock() < self._told_until


def other_manager(live: Mapping[str, Any]) -> str:
    """Return who wrote an object last, besides this operator and but for its status, as its managedFields say."""
    found = max(_writers(live), default=("", "an unknown writer"))
    return found[1]


def _writers(live: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for _, each in entries(live, "metadata", "managedFields"):
        if text(each, "manager") not in ("", _MANAGER) and not text(each, "subresource"):
            yield text(each, "time"), text(each, "manager")
