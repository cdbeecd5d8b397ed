"""How many references objects and namespaces may hold, and how many they do."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Caps:
    """How many references one object, and all objects of one namespace, may hold; what has more is reported and counts for nothing."""

    references_per_object: int = 200
    references_per_namespace: int = 10_000


@dataclass(slots=True)
class Room:
    """What is taken of the caps; `refused` are the sources that did not fit, with their namespace and number of references."""

    caps: Caps
    refused: dict[Hashable, tuple[str, int]] = field(default_factory=dict)
    _taken: dict[Hashable, tuple[str, int]] = field(default_factory=dict)
    _totals: Counter[str] = field(default_factory=Counter)

    def take(self, source: Hashable, namespace: str, number: int) -> bool:
        """Take room for a source's references, all or none, in place of what it had; tell whether there was enough."""
        before, had = self._taken.pop(source, (namespace, 0))
        self._totals[before] -= had
        self.refused.pop(source, None)
        if not self.fits(namespace, number):
            self.refused[source] = (namespace, number)
            return False
        if number:
            self._taken[source] = (namespace, number)
            self._totals[namespace] += number
        return True

    def fits(self, namespace: str, number: int) -> bool:
        """Tell whether there is room for so many more."""
        return number <= min(
            self.caps.references_per_object, self.caps.references_per_namespace - self._totals[namespace]
        )
