"""How long to wait before the next attempt. What is attempted, and whether it may be, is the caller's."""

import random
import time
from collections.abc import Callable

_FIRST = 0.5
_LONGEST = 30.0
_CALM = 60.0
_OBEYED = 120.0  # a server that asks for longer is asked again all the same


class Backoff:
    """Waits that double with every failure, each between half and the whole of its step, so that clients part.

    `first` and `longest` are seconds; `calm` is after how many seconds without a failure the next one counts as the first.
    """

    def __init__(
        self,
        first: float = _FIRST,
        longest: float = _LONGEST,
        calm: float = _CALM,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first = first
        self._longest = longest
        self._calm = calm
        self._clock = clock
        self._until = float("-inf")
        self._step = first

    def resume(self, failures: int, until: float) -> None:
        """Go on where somebody was after a number of failures, whose last wait ended, or ends, at a time of the clock."""
        self._until = until
        self._step = min(self._first * 2**failures, self._longest)

    def after_failure(self, retry_after: float | None = None) -> float:
        """Return how many seconds to wait after one more failure, at least what the server asked for."""
        now = self._clock()
        if now - self._until > self._calm:
            self._step = self._first
        wait = max(self._step * random.uniform(0.5, 1.0), min(retry_after or 0.0, _OBEYED))  # noqa: S311
        self._until = now + wait
        self._step = min(self._step * 2, self._longest)
        return wait
