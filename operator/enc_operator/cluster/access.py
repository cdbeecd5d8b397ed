"""What the API server's authorizer says to the core's questions, remembered; which questions are asked is the core's business.

An answer is never made up: where none came there is none. `allowed: false` with an `evaluationError` is a refusal: RBAC says so where a
binding names a role that is missing, and what could be evaluated does not allow (kubernetes `plugin/pkg/auth/authorizer/rbac`). But
an authorizer beside RBAC may say so because it was away, so such a refusal is not remembered for long.
"""

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.gateway import Gateway
from enc_operator.core.inventory import Question
from enc_operator.core.rbac.reviews import access_review

_LIFETIME = 3600.0  # authorizers beside RBAC change their mind without anybody being told
_DOUBTFUL = 60.0
_SETTLING = 5.0
_CALL_SECONDS = 10.0
_PATH = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


class _Answer(NamedTuple):
    allowed: bool
    until: float


class AccessAnswers:
    """Answers by question, the least recently used forgotten first; safe to use from many threads.

    `settling` is for how many seconds after `drop` an answer may still be the old one: each API server learns of a changed Role by a
    watch of its own. `overdue` has such answers, and those that became old, asked again.
    """

    def __init__(
        self,
        gateway: Gateway,
        limit: int = 50_000,
        *,
        lifetime: float = _LIFETIME,
        settling: float = _SETTLING,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._limit = limit
        self._lifetime = lifetime
        self._settling = settling
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: OrderedDict[Question, _Answer] = OrderedDict()
        self._failures: dict[Question, ApiError] = {}
        self._generation = 0
        self._settled_at = float("-inf")

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def failures(self) -> Mapping[Question, ApiError]:
        """Return why questions have no answer, of those that were asked last."""
        with self._lock:
            return self._failures.copy()

    def known(self, questions: Iterable[Question]) -> Mapping[Question, bool]:
        """Return the answers that are remembered, without asking."""
        now = self._clock()
        with self._lock:
            found = {each: answer for each in questions if (answer := self._answers.get(each))}
            for each in found:
                self._answers.move_to_end(each)
        return {each: answer.allowed for each, answer in found.items() if now < answer.until}

    def ask(self, questions: Iterable[Question], workers: int = 16) -> Mapping[Question, bool]:
        """Ask the API server every question, at most so many at once; one that it did not answer is missing (see `failures`).

        Answers that a `drop` has overtaken are returned, but not remembered.
        """
        asked = list(dict.fromkeys(questions))
        if not asked:
            return {}
        generation = self._generation
        with ThreadPoolExecutor(min(workers, len(asked)), thread_name_prefix="access") as pool:
            outcomes = zip(asked, pool.map(self._ask, asked), strict=True)
            answers, failures = dict[Question, _Answer](), dict[Question, ApiError]()
            for question, outcome in outcomes:
                if isinstance(outcome, ApiError):
                    failures[question] = outcome
                else:
                    answers[question] = outcome
        self._remember(generation, answers, failures)
        return {question: answer.allowed for question, answer in answers.items()}

    def drop(self) -> None:
        """Forget everything: RBAC has changed."""
        with self._lock:
            self._generation += 1
            self._answers.clear()
            self._failures.clear()
            self._settled_at = self._clock() + self._settling

    def overdue(self) -> frozenset[Question]:
        """Forget the answers that must not be trusted any longer, and return their questions, to be decided anew."""
        now = self._clock()
        with self._lock:
            found = frozenset(each for each, answer in self._answers.items() if answer.until <= now)
            for each in found:
                del self._answers[each]
        return found

    def _ask(self, question: Question) -> _Answer | ApiError:
        began = self._clock()
        call = Call("POST", _PATH, body=access_review(question))
        try:
            status = self._gateway.call(call, seconds=_CALL_SECONDS).get("status")
        except ApiError as error:
            return error
        if not isinstance(status, dict) or not isinstance(status.get("allowed"), bool):
            return ApiError(call, 0, "Unreachable", "the answer to the access review says neither yes nor no")
        allowed = status["allowed"]
        doubtful = not allowed and bool(status.get("evaluationError"))
        lifetime = _DOUBTFUL if doubtful else self._lifetime
        until = began + lifetime * random.uniform(0.75, 1.0)  # noqa: S311 - so that not all are due at once
        return _Answer(allowed, min(until, self._settled_at) if began < self._settled_at else until)

    def _remember(
        self, generation: int, answers: Mapping[Question, _Answer], failures: Mapping[Question, ApiError]
    ) -> None:
        with self._lock:
            if generation != self._generation:
                return
            self._failures = dict(failures)
            for question, answer in answers.items():
                self._answers[question] = answer
                self._answers.move_to_end(question)
            while len(self._answers) > self._limit:
                self._answers.popitem(last=False)
