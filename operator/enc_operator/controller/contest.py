"""How often one workload may be written: at once where somebody asks for it, ever more rarely where somebody else undoes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from enc_operator.cluster.backoff import Backoff
from enc_operator.controller.managers import UNKNOWN
from enc_operator.core.injection.writing import Decision, State
from enc_operator.core.objects.shapes import at, entries, text
from enc_operator.process.clock import read_time, written_time

_ASKED = (1.0, 30.0, 60.0)
_UNDONE = (1.0, 600.0, 1800.0)  # a writer that comes back every few minutes meets no fresh patience
_FORGOTTEN = timedelta(seconds=_UNDONE[2])
_MOST = 32  # times, after which the wait has long been the longest
_TOLD_FROM = 2  # once is a deployment by somebody who does not know of it
_TOLD_SECONDS = 60.0  # beyond what it may take until it is undone once more


@dataclass(frozen=True, slots=True)
class Undone:
    """How often a workload's injection was undone, by whom at last, and before when it is not written again: what outlives the process."""

    by: str
    times: int
    not_before: datetime

    def written(self) -> Mapping[str, Any]:
        """Return it as an AgentTarget's status has it."""
        return {"by": self.by, "times": self.times, "notBefore": written_time(self.not_before)}


def read_undone(target: Mapping[str, Any], kind: str, name: str) -> Undone | None:
    """Return what an AgentTarget's status says of a workload; None where nothing can be read."""
    for _, each in entries(target, "status", "components"):
        if (text(each, "kind"), text(each, "name")) == (kind, name):
            times, until = at(each, "undone", "times"), read_time(text(each, "undone", "notBefore"))
            if isinstance(times, int) and until:
                return Undone(text(each, "undone", "by"), min(times, _MOST), until)
    return None


@dataclass(slots=True)
class History:
    """What became of one workload's writes; times are monotonic seconds, but for `now`."""

    clock: Callable[[], float]
    now: Callable[[], datetime]
    not_before: float = 0.0
    fight: Undone | None = None
    problem: str = ""
    wrote_at: str = ""
    _asks: bool | None = None
    _wrote: Decision | None = None
    _told_until: float = 0.0
    _asked: Backoff = field(init=False)
    _undone: Backoff = field(init=False)

    def __post_init__(self) -> None:
        self._asked = Backoff(*_ASKED, clock=self.clock)
        self._undone = Backoff(*_UNDONE, clock=self.clock)

    def turn(self, decision: Decision) -> None:
        """Take which way a workload is to be written: what nobody asks for any more has no patience to wait for, and the other way round."""
        asks = decision.marked or decision.state is not State.ABSENT
        if asks is not self._asks:
            self._asks, self._wrote, self.not_before, self.fight = asks, None, 0.0, None

    def resume(self, fight: Undone) -> None:
        """Go on with a fight of an earlier process."""
        left = (fight.not_before - self.now()) / timedelta(seconds=1)
        if -left > _UNDONE[2]:
            return
        self.fight = fight
        self.not_before = self.clock() + min(left, _UNDONE[1])
        self._undone.resume(fight.times, self.not_before)
        self._told_until = self.not_before + min(_UNDONE[0] * 2**fight.times, _UNDONE[1]) + _TOLD_SECONDS

    def noticed(self, decision: Decision, *, bare: bool, by: str = UNKNOWN) -> bool:
        """Tell whether what was written was undone, so that it is to wait; `bare` where nothing of an injection is left."""
        undone = self._wrote is not None and (bare or decision == self._wrote)
        self._wrote = None
        if undone:
            wait = self._undone.after_failure()
            self.not_before = self.clock() + wait
            self._told_until = self.not_before + wait + _TOLD_SECONDS
            self.fight = Undone(by, self.undone + 1, self.now() + timedelta(seconds=wait))
        return undone

    def written(self, decision: Decision, at: str = "") -> None:
        """Take that a write took effect, `at` the time that the API server says."""
        self._wrote, self.problem, self.wrote_at = decision, "", at
        self.not_before = self.clock() + self._asked.after_failure()

    def failed(self, problem: str, retry_after: float | None = None) -> None:
        """Take that it was refused; an empty problem where only the object was another one by then."""
        self.problem = problem
        self.not_before = self.clock() + self._asked.after_failure(retry_after)

    @property
    def undone(self) -> int:
        """How often it was undone, until that is forgotten."""
        return self.fight.times if self.fight and self.now() - self.fight.not_before <= _FORGOTTEN else 0

    @property
    def contested(self) -> bool:
        """Whether somebody undoes it again and again."""
        return self.undone >= _TOLD_FROM and self.clock() < self._told_until
