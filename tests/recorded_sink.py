"""A sink that remembers what a reflector told it, in order, and what it would know from that."""

import threading
from collections.abc import Mapping
from typing import Any

from enc_operator.cluster.store import Key


class RecordedSink:
    """`known` is what follows from everything told; `told` are `replaced` with names, or (name, uid, item) of a change."""

    def __init__(self) -> None:
        self.known: dict[Key, Any] = {}
        self.told: list[Any] = []
        self.threads: set[str] = set()

    def replaced(self, items: Mapping[Key, Any]) -> None:
        """Know these, and no others."""
        self.threads.add(threading.current_thread().name)
        self.known = dict(items)
        self.told.append({key.name for key in items})

    def changed(self, key: Key, item: Any) -> None:
        """Know one more, or one less."""
        self.threads.add(threading.current_thread().name)
        if item is None:
            del self.known[key]
        else:
            self.known[key] = item
        self.told.append((key.name, key.uid, item))

    def names(self) -> set[str]:
        """Return the names of what is known."""
        return {key.name for key in self.known.copy()}
