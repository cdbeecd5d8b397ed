"""Where reviews are judged: in threads, so many at a time; and how one waits, without a place, that may turn out otherwise.

Neither how reviews come and are answered stands here, nor how they are judged.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from enc_operator.core.inventory import AnyQuestion

_RESERVE = 0.2  # seconds before its deadline in which a review does not wait any more


@dataclass(frozen=True, slots=True)
class Limits:
    """How much and how long.

    `seconds` from a review's arrival to its answer; `large` is from how many bytes on a review waits for the one place that large
    ones have: decoded, they take ten times their size. What may turn out otherwise waits for the seconds of `looks`, and is looked
    at after each of them, as long as no more than `waiting` bytes of reviews do so.
    """

    body: int = 24 * 1024 * 1024
    large: int = 1024 * 1024
    concurrent: int = 16
    seconds: float = 2.0
    looks: tuple[float, ...] = (0.05, 0.1)
    waiting: int = 16 * 1024 * 1024


class Again(Protocol):
    """What is known of a review that may turn out otherwise."""

    def __call__(self, *, last: bool) -> bool:
        """Tell whether it should be judged anew, and quickly; `last` says that nobody will ask another time."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a review: `document` is the answer, None where there was no review to answer; `codes` says why it was denied.

    `again` is there where facts may be on their way that make it another.
    """

    decision: str
    document: Mapping[str, Any] | None
    codes: tuple[str, ...] = ()
    again: Again | None = None


class Pending(Protocol):
    """A review that cannot be decided before somebody was asked."""

    @property
    def questions(self) -> Iterable[AnyQuestion]:
        """What to ask."""

    def decide(self, answers: Mapping[AnyQuestion, bool], *, last: bool) -> "Judged | Pending":
        """Decide by all answers so far; `last` says that there will be no others, and that those that are missing count as a no."""


Found = Judged | Pending
Run = Callable[[Callable[[], Found]], Awaitable[Found]]
"""Do some work and return what it comes to."""


class Places:
    """Places for reviews of a loop: those of small ones, and the one of large ones."""

    def __init__(self, limits: Limits) -> None:
        self._small, self._large = asyncio.Semaphore(limits.concurrent), asyncio.Semaphore(1)
        self._threads = ThreadPoolExecutor(limits.concurrent, "review")
        # Its own thread: the allocator keeps for each thread what its largest review took.
        self._thread_of_large = ThreadPoolExecutor(1, "large review")
        self._looks, self._room = limits.looks, limits.waiting

    @asynccontextmanager
    async def take(self, *, large: bool) -> AsyncIterator[Run]:
        """Take a place when there is one. It is kept until the last thread that worked there is done, also when nobody waits for it."""
        places, threads = (self._large, self._thread_of_large) if large else (self._small, self._threads)
        working: list[asyncio.Future[Found]] = []

        def run(work: Callable[[], Found]) -> Awaitable[Found]:
            working[:] = [asyncio.get_running_loop().run_in_executor(threads, work)]
            return asyncio.shield(working[0])

        await places.acquire()
        try:
            yield run
        finally:
            for task in working:
                task.add_done_callback(partial(_leave, places))
            if not working:
                places.release()

    async def settle(
        self, judged: Judged, anew: Callable[[], Awaitable[Judged]], size: int, deadline: float
    ) -> Judged:
        """Let what may turn out otherwise wait, while others have its place, and have it judged anew where it does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline - _RESERVE - time.monotonic()):
                for look, seconds in enumerate(self._looks, 1):
                    if judged.again is None or size > self._room:
                        break
                    with self._waiting(size):
                        await asyncio.sleep(seconds)
                    if judged.again(last=look == len(self._looks)):
                        judged = await anew()
        return judged

    def close(self) -> None:
        """Begin no more."""
        for each in (self._threads, self._thread_of_large):
            each.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def _waiting(self, size: int) -> Iterator[None]:
        self._room -= size
        try:
            yield
        finally:
            self._room += size


def _leave(places: asyncio.Semaphore, task: "asyncio.Future[Found]") -> None:
    places.release()
    if not task.cancelled():
        task.exception()  # heard, should nobody wait for it any more
