"""What time it is for decisions: never earlier than before, whatever happens to the machine's clock."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

_WRITTEN = "%Y-%m-%dT%H:%M:%SZ"


def written_time(time: datetime) -> str:
    """Return a time in UTC as the API server writes it (`metav1.Time`: RFC 3339, whole seconds)."""
    return time.strftime(_WRITTEN)


def read_time(written: str) -> datetime | None:
    """Return the time that was written so; None where it was not."""
    try:
        return datetime.strptime(written, _WRITTEN).replace(tzinfo=UTC)
    except ValueError:
        return None


def _local() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the door is where time enters


class Clock:
    """The latest of the local clock, the API server's and what was seen before: an expired grant never comes back to life."""

    def __init__(self, server: Callable[[], datetime | None], local: Callable[[], datetime] = _local) -> None:
        self._server = server
        self._local = local
        self._lock = threading.Lock()
        self._latest = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time."""
        told = self._server()
        with self._lock:
            self._latest = max(self._latest, self._local(), *([told] if told else []))
            return self._latest
