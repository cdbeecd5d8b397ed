"""Events (events.k8s.io/v1) of what happened to an object, sent in the background; what is worth an Event is the caller's to say.

A note holds what the caller passes and nothing else: it is his duty that no value of a Secret is in it.
"""

import hashlib
import queue
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from enc_operator.cluster.calls import MERGE_PATCH, ApiError, Call
from enc_operator.cluster.gateway import Gateway
from enc_operator.cluster.writes import RESOURCES

_QUEUE = 1000
_REMEMBERED = 4096
_NOTE_BYTES = 1024  # the API's limit (pkg/apis/core/validation/events.go), as are 128 for the others
_WORD_BYTES = 128
_WINDOW = 600.0
_REFRESH = 180.0
_TICK = 1.0
_CALL_SECONDS = 5.0
_NOT_FOUND = 404
_NOT_IN_NAMES = re.compile(r"[^a-z0-9.-]")  # RBAC allows more in its names than Events may have in theirs
_ELSEWHERE = "default"  # the namespace of Events on cluster-scoped objects


@dataclass(frozen=True, slots=True)
class Regarding:
    """The object that an Event is about."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened: the same twice is one Event with a count."""

    regarding: Regarding
    reason: str
    note: str
    action: str
    warning: bool = False


@dataclass(slots=True)
class Bucket:
    """Tokens that come back with time: `burst` at once, then one every `seconds`."""

    burst: float
    seconds: float
    tokens: float = field(init=False)
    filled: float = float("-inf")

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def take(self, now: float) -> bool:
        """Take a token, if there is one."""
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.filled) / self.seconds)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True)
class _Series:
    """An Event that was sent, and how often the same happened since."""

    path: str
    count: int
    told: int
    seen: float
    sent: float
    last: str


class EventRecorder:
    """Records Events without ever waiting; what is too much is dropped and counted.

    The same within `window` seconds becomes a series, told to the API server at most every `refresh` seconds. `each` and `all_` limit
    the Events regarding one object, and all of them.
    """

    def __init__(  # noqa: PLR0913 - what follows `instance` is for tests
        self,
        gateway: Gateway,
        component: str,
        instance: str,
        *,
        window: float = _WINDOW,
        refresh: float = _REFRESH,
        each: tuple[float, float] = (10, 60.0),
        all_: tuple[float, float] = (100, 0.2),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._component, self._instance = component, instance[:_WORD_BYTES]
        self._window, self._refresh = window, refresh
        self._each, self._all = each, Bucket(*all_)
        self._clock = clock
        self._queue: queue.Queue[Happening] = queue.Queue(_QUEUE)
        self._series: OrderedDict[Happening, _Series] = OrderedDict()
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self.sent = self.dropped = self.failed = 0

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self, seconds: float = 2.0) -> None:
        """Send what is left for so long, and end."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def record(
        self, regarding: Regarding, reason: str, note: str, action: str, *, warning: bool = False
    ) -> None:
        """Have an Event sent; the note is cut at the API's 1,024 bytes."""
        happening = Happening(
            regarding, _cut(reason, _WORD_BYTES), _cut(note, _NOTE_BYTES), _cut(action, _WORD_BYTES), warning
        )
        try:
            self._queue.put_nowait(happening)
        except queue.Full:
            self.dropped += 1

    def _run(self) -> None:
        refreshed = self._clock()
        while not (self._stopped.is_set() and self._queue.empty()):
            with suppress(queue.Empty):
                self._take(self._queue.get(timeout=0.05 if self._stopped.is_set() else _TICK))
            if self._clock() - refreshed >= min(_TICK, self._refresh):
                refreshed = self._clock()
                self._tell_series(refreshed)

    def _take(self, happening: Happening) -> None:
        now = self._clock()
        series = self._series.get(happening)
        if series and now - series.seen < self._window:
            series.count, series.seen, series.last = series.count + 1, now, _now()
            self._series.move_to_end(happening)
        elif self._bucket(happening.regarding.uid).take(now) and self._all.take(now):
            self._create(happening, now)
        else:
            self.dropped += 1

    def _bucket(self, uid: str) -> Bucket:
        bucket = self._buckets.setdefault(uid, Bucket(*self._each))
        self._buckets.move_to_end(uid)
        while len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return bucket

    def _create(self, happening: Happening, now: float) -> None:
        manifest = self._manifest(happening)
        resource, metadata = RESOURCES["Event"], manifest["metadata"]
        if self._send(Call("POST", resource.path(metadata["namespace"]), body=manifest)) != _DONE:
            return
        path = resource.path(metadata["namespace"], metadata["name"])
        self._series[happening] = _Series(path, 1, 1, now, now, manifest["eventTime"])
        while len(self._series) > _REMEMBERED:
            self._series.popitem(last=False)

    def _tell_series(self, now: float) -> None:
        """Tell the API server of series that went on, and forget those that ended; one whose Event is gone begins anew."""
        for happening, series in list(self._series.items()):
            if series.count > series.told and now - series.sent >= self._refresh and self._all.take(now):
                body = {"series": {"count": series.count, "lastObservedTime": series.last}}
                series.sent, series.told = now, series.count
                if self._send(Call("PATCH", series.path, body=body, content_type=MERGE_PATCH)) == _NOT_FOUND:
                    del self._series[happening]
            elif series.count == series.told and now - series.seen >= self._window:
                del self._series[happening]

    def _send(self, call: Call) -> int:
        try:
            self._gateway.call(call, seconds=_CALL_SECONDS)
        except ApiError as error:
            self.failed += 1
            return error.status
        self.sent += 1
        return _DONE

    def _manifest(self, happening: Happening) -> Mapping[str, Any]:
        about, now = happening.regarding, _now()
        namespace = about.namespace or _ELSEWHERE
        named = _NOT_IN_NAMES.sub("-", about.name.lower())[:200].strip(".-")
        unique = hashlib.sha256(f"{self._instance} {now} {happening}".encode()).hexdigest()[:16]
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {
                "namespace": namespace,
                "name": f"{named or 'object'}.{unique}",
            },
            "eventTime": now,
            "reportingController": self._component,
            "reportingInstance": self._instance,
            "type": "Warning" if happening.warning else "Normal",
            "reason": happening.reason,
            "action": happening.action,
            "note": happening.note,
            "regarding": {
                "apiVersion": about.api_version,
                "kind": about.kind,
                "namespace": about.namespace,
                "name": about.name,
                "uid": about.uid,
            },
        }


_DONE = 200


def _cut(text: str, size: int) -> str:
    """Cut a text to as many bytes at most, with an ellipsis where something is missing."""
    written = text.encode(errors="replace")  # a text decoded from JSON may have half a surrogate pair
    if len(written) <= size:
        return written.decode()
    return written[: size - 3].decode(errors="ignore") + "…"


def _now() -> str:
    """Write the time for readers."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: TID251
