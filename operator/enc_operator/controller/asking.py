"""Questions to RBAC, asked in threads of their own: an authorizer that is slow holds up what waits for it, and nothing else."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import takewhile

from enc_operator.cluster.access import AccessAnswers
from enc_operator.cluster.backoff import Backoff
from enc_operator.cluster.calls import ApiError
from enc_operator.core.inventory import Question
from enc_operator.core.ledger.ledger import Ledger

_NEW, _AGAIN = 12, 4  # threads for what was never asked, and for what is asked anew
_RETRY_SECONDS = (0.5, 8.0)
_CHANGED_SECONDS = 1.0  # at most so often is everything asked again
_ASKED_A_SECOND = 500  # and the more there is to ask, the less often
_UNDECIDED_SECONDS = 60.0  # so long a permission waits for an answer before it counts as a no


_log = logging.getLogger(__name__)


class Asking:
    """What was asked and not answered yet, and when to ask anew; all but the calls happens in the reconciler's thread.

    `wake` is called when an answer is there.
    """

    def __init__(
        self,
        access: AccessAnswers,
        wake: Callable[[], None],
        pools: tuple[Executor, Executor] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._access, self._wake, self._clock = access, wake, clock
        self._pools = pools or (ThreadPoolExecutor(_NEW, "ask"), ThreadPoolExecutor(_AGAIN, "ask again"))
        self._backoff = Backoff(*_RETRY_SECONDS, clock=clock)
        self._lock = threading.Lock()
        self._flying: dict[Question, int] = {}
        self._arrived: dict[Question, bool | None] = {}
        self._asked: dict[Question, float] = {}
        self._undecided: set[Question] = set()
        self._failed: set[Question] = set()
        self._presumed: set[Question] = set()
        self._retry_at: float | None = None
        self._ask_all_at: float | None = None
        self._again = 0
        self._error = ""

    @property
    def unanswered(self) -> int:
        """How many questions the API server failed to answer when it was last asked."""
        return len(self._failed)

    @property
    def deciding(self) -> bool:
        """Whether anything waits for its first answer."""
        return bool(self._undecided)

    @property
    def presumed(self) -> frozenset[Question]:
        """What counts as a no for want of an answer: enough to give nothing, not to call anything safe."""
        return frozenset(self._presumed)

    def changed(self, ledger: Ledger, *, at_once: bool = False) -> None:
        """Take that RBAC has changed: everything is asked again, soon."""
        self._access.drop()
        wait = 0.0 if at_once else max(_CHANGED_SECONDS, len(ledger.entries.asking) / _ASKED_A_SECOND)
        self._ask_all_at = self._ask_all_at or self._clock() + wait

    def exchange(self, ledger: Ledger) -> float | None:
        """Ask what must be asked and hand over what was answered; return since when (monotonic) the oldest answer was waited for."""
        now = self._clock()
        asking = ledger.entries.asking
        self._send([each for each in ledger.questions() if each not in self._undecided], ledger, now)
        self._send([each for each in self._access.overdue() if each in asking], ledger, now)
        if self._ask_all_at is not None and self._ask_all_at <= now and not self._again:
            self._ask_all_at = None
            self._send(asking, ledger, now)
        if self._retry_at is not None and self._retry_at <= now:
            failed, self._failed, self._retry_at = self._failed, set(), None
            self._forget(each for each in failed if each not in asking)
            self._send([each for each in failed if each in asking], ledger, now)
        return self._take(ledger, now)

    def undecided_in(self) -> set[str]:
        """Return the namespaces with a Secret about which nothing is known yet."""
        return {question.secret_namespace for question in self._undecided}

    def patience(self) -> Iterator[float]:
        """Yield after how many seconds something is due here."""
        now = self._clock()
        for at in (self._retry_at, None if self._again else self._ask_all_at):
            if at is not None:
                yield at - now

    def close(self) -> None:
        """Ask nothing more."""
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)

    def _send(self, questions: Iterable[Question], ledger: Ledger, now: float) -> None:
        generation = self._access.generation
        for question in questions:
            again = question in ledger.answers
            self._asked.setdefault(question, now)
            if not again:
                self._undecided.add(question)
            with self._lock:
                if self._flying.get(question) == generation:
                    continue
                self._flying[question] = generation
                self._again += again
            self._pools[again].submit(self._ask, question, generation, again)

    def _ask(self, question: Question, generation: int, again: bool) -> None:  # noqa: FBT001
        answer: bool | None = None
        try:
            # One that was asked anew since RBAC changed need not be asked here.
            if self._flying.get(question) == generation:
                answer = self._access.ask(question)
        except ApiError as error:
            self._error = error.message
        finally:
            with self._lock:
                self._again -= again
                if self._flying.get(question) == generation:
                    del self._flying[question]
                    self._arrived[question] = answer
            self._wake()

    def _take(self, ledger: Ledger, now: float) -> float | None:
        with self._lock:
            arrived, self._arrived = self._arrived, {}
        answers = {question: answer for question, answer in arrived.items() if answer is not None}
        # One that was asked anew before its first answer was taken is answered twice, and waited for once.
        since = min((self._asked[each] for each in answers if each in self._asked), default=None)
        self._failed |= arrived.keys() - answers.keys()
        if self._failed and self._retry_at is None:
            self._retry_at = now + self._backoff.after_failure()
            _log.warning("%d questions to RBAC without an answer: %s", len(self._failed), self._error)
        self._forget(answers)
        late = dict.fromkeys(self._late(now), False)
        for question in late:
            self._undecided.discard(question)
        self._presumed = {each for each in self._presumed | late.keys() if each in ledger.entries.asking}
        self._presumed -= answers.keys()
        ledger.answer({**late, **answers})
        return since

    def _late(self, now: float) -> Iterator[Question]:
        """Yield what was asked too long ago, the oldest first: it counts as a no."""
        late = takewhile(lambda item: now - item[1] > _UNDECIDED_SECONDS, self._asked.items())
        return (question for question, _ in late)

    def _forget(self, questions: Iterable[Question]) -> None:
        for each in questions:
            self._asked.pop(each, None)
            self._undecided.discard(each)
            self._failed.discard(each)
