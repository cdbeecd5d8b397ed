"""The operator at one moment, as one value: for health, metrics and status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from enc_operator.cluster.reflector import ReflectorState, blindness
from enc_operator.controller.report import Report

_HEARTBEAT = 120.0  # seconds: the longest call to a server that hangs takes 30
_SILENT = 300.0
_FRESH = 90.0


@dataclass(frozen=True, slots=True)
class State:
    """What is known, what is written, and what is in the way."""

    report: Report = field(default_factory=Report)
    watches: Mapping[str, ReflectorState] = field(default_factory=dict)
    missing: Sequence[str] = ()
    problems: Mapping[str, Sequence[str]] = field(default_factory=dict)
    epoch: int | None = None
    fence: str = "not asked yet"
    unanswered: int = 0
    writes: int = 0
    errors: int = 0
    heartbeat: float = 0.0
    settled: bool = False
    injections: Mapping[str, int] = field(default_factory=dict)
    injection_writes: int = 0

    def sick(self) -> str:
        """Return why the process should be started anew; empty where it is alive.

        Watches that are all silent are the API server's affair; one that is silent while others are not hangs.
        """
        if self.heartbeat > _HEARTBEAT:
            return f"the reconciler has not moved for {self.heartbeat:.0f} s"
        ages = {path: watch.age for path, watch in self.watches.items() if watch.synced}
        silent = sorted(path for path, age in ages.items() if age > _SILENT)
        if silent and min(ages.values()) < _FRESH:
            return f"nothing was heard for {_SILENT:.0f} s of {', '.join(silent)}"
        return ""

    def unready(self) -> str:
        """Return why it is not ready; empty where it is."""
        if self.missing:
            return f"not everything is known yet: {'; '.join(self.missing)}"
        return blindness(self.watches) or self.fence
