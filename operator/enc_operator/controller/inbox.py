"""What changed since the reconciler last looked: filled by many threads, taken by one."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from enc_operator.cluster.store import Key
from enc_operator.core.findings import ObjectRef
from enc_operator.core.ledger.facts import Fact

T = TypeVar("T")


@dataclass(slots=True)
class Batch:
    """What came together: the newest fact of each object, namespaces to look at again, and whether RBAC of others changed.

    `since` is when the oldest of it arrived (monotonic seconds); None where there is nothing.
    """

    changes: dict[ObjectRef, Fact | None] = field(default_factory=dict)
    namespaces: set[str] = field(default_factory=set)
    rbac: bool = False
    since: float | None = None


class Inbox:
    """Changes until they are taken; a later change of an object replaces an earlier one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._batch = Batch()
        self._came = threading.Condition()

    def put(self, changes: Mapping[ObjectRef, Fact | None]) -> None:
        """Say what objects are now."""
        if changes:
            with self._came:
                self._batch.changes.update(changes)
                self._note()

    def look_at(self, *namespaces: str) -> None:
        """Say that what was written in namespaces may be no longer as it was."""
        with self._came:
            self._batch.namespaces.update(namespaces)
            self._note()

    def rbac_changed(self) -> None:
        """Say that answers of RBAC may be others than before."""
        with self._came:
            self._batch.rbac = True
            self._note()

    def wake(self) -> None:
        """Have the reconciler look, though nothing changed."""
        with self._came:
            self._note()

    def take(self, seconds: float) -> Batch:
        """Return what there is; wait for something, `seconds` at most."""
        with self._came:
            self._came.wait_for(lambda: self._batch.since is not None, seconds)
            batch, self._batch = self._batch, Batch()
        return batch

    def _note(self) -> None:
        if self._batch.since is None:
            self._batch.since = self._clock()
        self._came.notify()


class NamespaceSink(Generic[T]):
    """Hears of a collection and says in which namespaces something changed, through `tell`."""

    def __init__(self, tell: Callable[[set[str]], None]) -> None:
        self._tell = tell
        self._namespaces: set[str] = set()

    def replaced(self, items: Mapping[Key, T]) -> None:
        """Take a whole list: what was there and what is."""
        now = {key.namespace for key in items}
        self._tell(self._namespaces | now)
        self._namespaces = now

    def changed(self, key: Key, item: T | None) -> None:
        """Take one object's change."""
        del item
        self._namespaces.add(key.namespace)
        self._tell({key.namespace})
