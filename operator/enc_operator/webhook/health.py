"""The webhook's process at one moment, as one value: whether it lives, and whether it can judge."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from enc_operator.cluster.reflector import ReflectorState, blindness

_STUCK = 30.0  # seconds: what takes long is done in threads


@dataclass(frozen=True, slots=True)
class Health:
    """What is known, whether certificates and the way to here are right, and how long ago (seconds) the server's loop last moved."""

    watches: Mapping[str, ReflectorState] = field(default_factory=dict)
    certificates: str = ""
    way: str = ""
    moved: float = 0.0
    draining: bool = False

    def sick(self) -> str:
        """Return why the process should be started anew; empty where it is alive."""
        return f"the server has not moved for {self.moved:.0f} s" if self.moved > _STUCK else ""

    def unready(self) -> str:
        """Return why it is not ready; empty where it is."""
        if self.draining:
            return "it is about to end"
        missing = [
            f"{path}: {state.error or 'not listed yet'}"
            for path, state in self.watches.items()
            if not state.synced
        ]
        if missing:
            return f"not everything is known yet: {'; '.join(missing)}"
        untrusted = self.certificates and f"certificates: {self.certificates}"
        return blindness(self.watches) or untrusted or self.way
