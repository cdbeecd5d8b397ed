"""Writing Roles and bindings: one task for a namespace at a time, many namespaces side by side.

What was written counts as known before the watch tells of it, so nothing is written twice.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from enc_operator.cluster.calls import ApiError
from enc_operator.cluster.writes import Writer
from enc_operator.core.inventory import NOTHING
from enc_operator.core.objects.authorization import MANAGED_BY
from enc_operator.core.objects.shapes import labels
from enc_operator.core.rbac.convergence import EPOCH, Action, Write, Written, read_written

_WORKERS = 8
_CONFLICT, _NOT_FOUND = 409, 404

Name = tuple[str, str, str]
"""Kind, namespace and name."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A write that did not take effect, and why; `status` is HTTP's, 0 where nobody answered or nothing was sent.

    `retry_after` is how many seconds the API server asks to be left alone.
    """

    write: Write
    message: str
    status: int = 0
    retry_after: float = 0.0

    @property
    def conflict(self) -> bool:
        """Whether the object was another one than was known, or gone: to be tried again with what is known by then."""
        return self.status == _CONFLICT or (self.status == _NOT_FOUND and self.write.old is not None)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a namespace's writes."""

    namespace: str
    writes: int
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class _Note:
    item: Written | None
    version: int


@dataclass(slots=True)
class Overlay:
    """What this process wrote and the watch has not told yet: an object, or that it was deleted.

    Versions of one kind can be compared (KEP-5504).
    """

    _notes: dict[Name, _Note] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def written(self, item: Written) -> None:
        """Keep what a write left."""
        self._note(item, _Note(item, int(item.version)))

    def deleted(self, old: Written) -> None:
        """Keep that an object, last seen like this, is gone."""
        self._note(old, _Note(None, int(old.version)))

    def _note(self, item: Written, note: _Note) -> None:
        with self._lock:
            self._notes[item.kind, item.namespace, item.name] = note

    def over(
        self, namespace: str, seen: Iterable[Written], told: Mapping[str, int] = NOTHING
    ) -> list[Written]:
        """Return what there is in a namespace: what was seen, or where that is older, what was written.

        `told` says by kind up to which resourceVersion everything was seen: what was written before that and is not there has ended.
        """
        with self._lock:
            found = {(each.kind, each.namespace, each.name): each for each in seen}
            for name in [name for name in self._notes if name[1] == namespace]:
                note, watched = self._notes[name], found.get(name)
                if _is_told(watched, note, told.get(name[0], 0)):
                    del self._notes[name]
                elif note.item is not None:
                    found[name] = note.item
                elif watched is not None:
                    del found[name]
        return list(found.values())


def _is_told(watched: Written | None, note: _Note, told: int) -> bool:
    """Tell whether the watch knows at least what was written: an object that it once told of and does not have has ended."""
    if watched is None:
        return note.version <= told
    # Of one that was deleted a newer version is its mark of deletion: it is there as long as a finalizer holds it.
    seen = int(watched.version)
    return seen > note.version or (seen == note.version and note.item is not None)


class Applier:
    """Sends writes; `done` hears, in a thread of its own, what became of each namespace's."""

    def __init__(
        self,
        writer: Writer,
        epoch: Callable[[], int | None],
        done: Callable[[Done], None],
        install: str,
    ) -> None:
        self.busy: set[str] = set()
        self.overlay = Overlay()
        self._writer = writer
        self._epoch = epoch
        self._done = done
        self._install = install
        self._pool = ThreadPoolExecutor(_WORKERS, "apply")

    def submit(self, namespace: str, steps: Sequence[tuple[Write, ...]]) -> None:
        """Begin to write in a namespace that is not busy."""
        self.busy.add(namespace)
        self._pool.submit(self._apply, namespace, steps)

    def close(self) -> None:
        """Finish what has begun, and begin nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _apply(self, namespace: str, steps: Sequence[tuple[Write, ...]]) -> None:
        refused: list[Refused] = []
        number = 0
        try:
            for step in steps:
                for write in step:
                    found = self._send(write)
                    if found:
                        refused.append(found)
                        break  # what follows in a step builds on it
                    number += 1
        finally:
            self.busy.discard(namespace)
            self._done(Done(namespace, number, tuple(refused)))

    def _send(self, write: Write) -> Refused | None:
        epoch = self._epoch()
        if epoch is None:
            return Refused(write, "this process is not the leader any more")
        try:
            return self._take(write, epoch)
        except ApiError as error:
            if error.status == _CONFLICT and write.action is Action.CREATE:
                return self._explain_taken(write, error)
            return _refused(write, error)
        except Exception as error:  # noqa: BLE001 - an answer that is no Role must not end the thread unheard
            return Refused(write, f"{type(error).__name__} in the answer to the write")

    def _take(self, write: Write, epoch: int) -> Refused | None:
        old = write.old
        if write.manifest is None and old is not None:
            if not self._writer.delete(write.kind, write.namespace, write.name, old.uid, old.version):
                # The watch will tell; should a proxy have said so, it will not, and the object is still there.
                gone = f"{write.kind} {write.namespace}/{write.name} is gone already"
                return Refused(write, gone, _NOT_FOUND)
            self.overlay.deleted(old)
            return None
        manifest = _stamped(write.manifest or {}, epoch)
        stored = (
            self._writer.replace(manifest, old.uid, old.version) if old else self._writer.create(manifest)
        )
        self.overlay.written(read_written(write.kind, stored))
        return None

    def _explain_taken(self, write: Write, conflict: ApiError) -> Refused:
        """Look at who has the name: if it is ours after all, it is known from now on."""
        try:
            found = self._writer.get(write.kind, write.namespace, write.name)
        except ApiError as error:
            # One that has gone meanwhile is in nobody's way.
            return _refused(write, conflict if error.status == _NOT_FOUND else error)
        if labels(found, "metadata", "labels").get(MANAGED_BY) != self._install:
            what = f"{write.kind} {write.namespace}/{write.name} is somebody else's: it has no label of this install"
            return Refused(write, f"{what}; delete or rename it")
        self.overlay.written(read_written(write.kind, found))
        return Refused(write, str(conflict), conflict.status)


def _refused(write: Write, error: ApiError) -> Refused:
    message = f"{error.message}; {error.fix}" if error.fix else error.message
    return Refused(write, message, error.status, error.retry_after or 0.0)


def _stamped(manifest: Mapping[str, Any], epoch: int) -> dict[str, Any]:
    metadata = manifest["metadata"]
    notes = {**metadata["annotations"], EPOCH: str(epoch)}
    return {**manifest, "metadata": {**metadata, "annotations": notes}}
