"""Keeping up with a collection: list in pages, then watch, and list anew whenever the watch cannot be trusted.

A new list *replaces* what was known, so a deletion that nobody saw still arrives. What an object means is the business of `reduce`,
what follows from it that of the sink.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar

from enc_operator.cluster.backoff import Backoff
from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.collections import Collection
from enc_operator.cluster.gateway import Gateway, Stream
from enc_operator.cluster.store import Key, Store
from enc_operator.cluster.watching import UNINTELLIGIBLE, Bookmark, Seen, is_newer, read_event, read_page

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)

_WATCH_SECONDS = (240, 300)
_SILENCE = 75.0  # the watch cache sends bookmarks every minute (k8s.io/apiserver `storage/cacher`)
_BLIND = 2 * _SILENCE
_HASTY = 1.0  # a watch that ends sooner was not worth its call
_OFTEN = 10.0  # lists that expire sooner than this one after the other wait
_STOP_SECONDS = 1.0
_EXPIRED = 410
_WATCH_AGAIN = {0, 429, 500, 502, 503}  # after these the resourceVersion is as good as before

_log = logging.getLogger(__name__)


class Sink(Protocol[T_contra]):
    """Who is told, in the reflector's thread, so it must be quick; what it raises makes the reflector list anew."""

    def replaced(self, items: Mapping[Key, T_contra]) -> None:
        """Hear what there is, after each complete list: what is not in it is gone."""

    def changed(self, key: Key, item: T_contra | None) -> None:
        """Hear that an object is new or different, or gone (None)."""


@dataclass(frozen=True, slots=True)
class ReflectorState:
    """How well a reflector keeps up.

    `age` is the seconds since the API server last said anything about the collection; `failures` counts those in a row, `error`
    and `status` (HTTP; 0: no answer) are of the last one while it lasts; `unreadable` counts objects that `reduce` failed on.
    """

    synced: bool = False
    age: float = float("inf")
    failures: int = 0
    error: str = ""
    status: int = 0
    resource_version: str = ""
    objects: int = 0
    lists: int = 0
    unreadable: int = 0


def blindness(states: Mapping[str, ReflectorState]) -> str:
    """Say of which collections, by path, nothing was heard for too long while it fails; empty where of none."""
    blind = sorted(
        path for path, state in states.items() if state.synced and state.failures and state.age > _BLIND
    )
    why = f"nothing was heard for {_BLIND:.0f} s of {', '.join(blind)}"
    return f"{why}: {states[blind[0]].error}" if blind else ""


class Reflector(Generic[T]):
    """A thread that keeps `store` and a sink like a collection of the API.

    `reduce` makes of each manifest what is kept; None is as if the object were not there, and so is an error of `reduce`.
    `silence` is after how many seconds without a byte a watch is given up.
    """

    def __init__(  # noqa: PLR0913 - what follows `page` is for tests
        self,
        gateway: Gateway,
        collection: Collection,
        reduce: Callable[[Mapping[str, Any]], T | None],
        sink: Sink[T],
        page: int = 200,
        *,
        silence: float = _SILENCE,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.collection = collection
        self.store: Store[T] = Store()
        self._gateway = gateway
        self._reduce = reduce
        self._sink = sink
        self._page = page
        self._silence = silence
        self._clock = clock
        self._backoff = backoff or Backoff(clock=clock)
        self._state = ReflectorState()
        self._heard = self._listed = float("-inf")
        self._version = ""
        self._renewals = self._fresh = 0
        self._stream: Stream | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"reflector {collection}", daemon=True)

    @property
    def state(self) -> ReflectorState:
        """Say how well it keeps up."""
        age, synced = self._clock() - self._heard, self._state.synced and self._fresh == self._renewals
        return replace(
            self._state, synced=synced, age=age, resource_version=self._version, objects=len(self.store)
        )

    def start(self) -> None:
        """Begin to list and watch."""
        self._thread.start()

    def renew(self) -> None:
        """Count as not synced until everything was listed anew, for who may have slept."""
        self._renewals += 1
        stream = self._stream
        if stream:
            stream.cut()

    def stop(self) -> None:
        """End the thread; one that waits for an answer's beginning tells nobody any more, and ends with that wait."""
        self._stopped.set()
        stream = self._stream
        if stream:
            stream.cut()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                if not self._version or self._fresh != self._renewals:
                    self._list()
                self._watch()
            except ApiError as error:
                self._stopped.wait(self._after(error))
            except Exception as error:  # noqa: BLE001 - a fault of the sink must not end the only thread that knows of deletions
                self._version = ""
                _log.warning("%s: listed anew after %s", self.collection, type(error).__name__)
                self._note_failure(f"{self.collection}: {type(error).__name__} in what was told", 0)
                self._stopped.wait(self._backoff.after_failure())

    def _after(self, error: ApiError) -> float:
        """Note a failure and return how many seconds to wait."""
        expired = error.status == _EXPIRED
        first = not self._state.failures and self._clock() - self._listed > _OFTEN
        self._note_failure(str(error), error.status)
        if expired:
            _log.info("%s; listed anew", error)
        if expired or error.reason == UNINTELLIGIBLE or error.status not in _WATCH_AGAIN:
            self._version = ""
        return 0.0 if expired and first else self._backoff.after_failure(error.retry_after)

    def _list(self) -> None:
        items: dict[Key, T] = {}
        version = proceed = ""
        renewals = self._renewals
        while not self._stopped.is_set():
            call = self.collection.list_call(self._page, proceed)
            page = read_page(call, self._gateway.call(call))
            for key, manifest in page.objects():
                item = self._reduced(key, manifest)
                if item is not None:
                    items[key] = item
            # The first page's: should a later one be newer, the watch tells what lies between once more.
            version, proceed = version or page.version, page.proceed
            self._heard = self._clock()
            if not proceed:
                break
        if not self._stopped.is_set():
            self._replace(items, version)
            self._fresh = renewals

    def _replace(self, items: Mapping[Key, T], version: str) -> None:
        self.store.replace(items)
        self._sink.replaced(MappingProxyType(items))
        self._version, self._listed = version, self._clock()
        self._state = replace(
            self._state, synced=True, failures=0, error="", status=0, lists=self._state.lists + 1
        )

    def _watch(self) -> None:
        if self._stopped.is_set():
            return
        call = self.collection.watch_call(self._version, random.randint(*_WATCH_SECONDS))  # noqa: S311
        began = self._clock()
        with self._gateway.stream(call, silence=self._silence) as stream, self._cuttable(stream):
            self._hear()
            try:
                self._follow(call, stream)
            except ApiError as error:
                # In a collection without changes some servers send no bookmark either.
                if error.reason != "Silence":
                    raise
                return
        if self._clock() - began < _HASTY and not self._stopped.is_set():
            raise ApiError(call, 0, "Unreachable", "the watch ended as soon as it began")

    @contextmanager
    def _cuttable(self, stream: Stream) -> Any:
        self._stream = stream
        try:
            if self._stopped.is_set() or self._fresh != self._renewals:
                stream.cut()
            yield
        finally:
            self._stream = None

    def _follow(self, call: Call, stream: Stream) -> None:
        for event in stream:
            if self._stopped.is_set():
                return
            try:
                seen = read_event(call, event)
            except ApiError:
                self._version = ""
                raise
            self._hear()
            if is_newer(seen.version, self._version):
                self._learn(seen)

    def _learn(self, seen: Seen | Bookmark) -> None:
        if isinstance(seen, Bookmark):
            self._version = seen.version or self._version
            return
        item = None if seen.manifest is None else self._reduced(seen.key, seen.manifest)
        former = self.store.find(seen.key.namespace, seen.key.name)
        if former and former[0] != seen.key and seen.manifest is not None:
            self._put(former[0], None)
        self._put(seen.key, item)
        self._version = seen.version

    def _put(self, key: Key, item: T | None) -> None:
        if item == self.store.get(key):
            return
        if item is None:
            self.store.remove(key)
        else:
            self.store.put(key, item)
        self._sink.changed(key, item)

    def _reduced(self, key: Key, manifest: Mapping[str, Any]) -> T | None:
        try:
            return self._reduce(manifest)
        except Exception as error:  # noqa: BLE001 - one object must not hide all others
            _log.warning(
                "%s: %s/%s left out: %s", self.collection, key.namespace, key.name, type(error).__name__
            )
            self._state = replace(self._state, unreadable=self._state.unreadable + 1)
            return None

    def _hear(self) -> None:
        self._heard = self._clock()
        if self._state.failures:
            self._state = replace(self._state, failures=0, error="", status=0)

    def _note_failure(self, text: str, status: int) -> None:
        self._state = replace(self._state, failures=self._state.failures + 1, error=text, status=status)
