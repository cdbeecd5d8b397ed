"""What waits to be written: namespaces to look at, and in each the names that were refused and when they are tried again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from enc_operator.cluster.backoff import Backoff
from enc_operator.controller.applier import Refused
from enc_operator.core.rbac.convergence import Write

_SECONDS = (0.4, 60.0)
_CONFLICT_SECONDS = 5.0  # what is known by then settles it
_PATIENCE = 5  # conflicts of one name in a row that nobody needs to hear of


@dataclass(frozen=True, slots=True)
class Setback:
    """A name that was refused, for the how many-th time in a row, and when it is tried again (monotonic seconds)."""

    refused: Refused
    failures: int
    not_before: float
    backoff: Backoff


@dataclass(slots=True)
class Waiting:
    """A namespace that is to be written: since when, and not to be looked at before when (monotonic seconds).

    One name that is refused holds up no other: each has its own patience.
    """

    since: float
    not_before: float = 0.0
    setbacks: dict[str, Setback] = field(default_factory=dict)

    def look(self) -> None:
        """Have it looked at: something changed."""
        self.not_before = 0.0

    def set_back(self, refused: Iterable[Refused], now: float) -> None:
        """Note what was refused."""
        for each in refused:
            former = self.setbacks.get(each.write.name)
            failures, backoff = (former.failures + 1, former.backoff) if former else (1, Backoff(*_SECONDS))
            wait = backoff.after_failure(each.retry_after)
            until = now + (min(wait, _CONFLICT_SECONDS) if each.conflict else wait)
            self.setbacks[each.write.name] = Setback(each, failures, until, backoff)
        self.look()

    def due(self, steps: Sequence[tuple[Write, ...]], now: float) -> list[tuple[Write, ...]]:
        """Return the steps whose names may be tried; a name that needs nothing any more has no past."""
        names = {step[0].name for step in steps}
        self.setbacks = {name: found for name, found in self.setbacks.items() if name in names}
        held = {name: found.not_before for name, found in self.setbacks.items() if found.not_before > now}
        self.not_before = min(held.values()) if held and held.keys() == names else 0.0
        return [step for step in steps if step[0].name not in held]

    def problems(self) -> tuple[Refused, ...]:
        """Return what somebody should hear of: every refusal, and conflicts that do not end."""
        found = (self.setbacks[name] for name in sorted(self.setbacks))
        return tuple(each.refused for each in found if not each.refused.conflict or each.failures > _PATIENCE)
