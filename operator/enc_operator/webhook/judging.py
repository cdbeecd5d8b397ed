"""A review from its bytes to its answer: the core decides, and what it must know of the authorizer is asked in between."""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from typing import Any, Protocol

from enc_operator.cluster.calls import ApiError
from enc_operator.cluster.decoding import decode_and_tell
from enc_operator.core.admission.model import Answer, Ask, Mode, Verdict
from enc_operator.core.admission.mutation import mutate
from enc_operator.core.admission.responses import answer_failed, answer_unknown
from enc_operator.core.admission.review import review
from enc_operator.core.admission.world import World
from enc_operator.core.inventory import AnyQuestion
from enc_operator.webhook.server import TRIAL, Judged, uid_of

_ROUNDS = 8  # the core asks in two or three
_RESERVE = 0.2  # seconds that an answer takes once everything is asked
_SETTLING = 0.15  # for so long a refusal waits for a grant that was applied together with what it is for
_UNDECIDED = "undecided"
_THREADS = 8
_REFUSED = "a trial, which is refused wherever it arrives"
_SAID = {
    Verdict.ALLOWED: "approved",
    Verdict.DENIED: "denied",
    Verdict.INJECTED: "injected",
    Verdict.NOT_JUDGED: "not_judged",
}

Asks = Callable[[AnyQuestion, float], bool]
"""Ask the authorizer; raises ApiError where no answer comes within so many seconds."""


class Worlds(Protocol):
    """Who knows the facts."""

    def world(self) -> World:
        """Return the facts that hold now."""

    def wait_for_other(self, world: World, seconds: float) -> bool:
        """Wait until the facts are others; tell whether they are."""


class CoreJudge:
    """Decides reviews by the core's rules; safe to use from many threads."""

    def __init__(self, worlds: Worlds, asks: Asks, settling: float = _SETTLING) -> None:
        self._worlds, self._asks, self._settling = worlds, asks, settling
        self._threads = ThreadPoolExecutor(_THREADS, "authorizer")

    def judge(self, body: bytes, deadline: float) -> Judged:
        """Decide a review; what the authorizer does not say in time counts as a no, and the answer says so."""
        try:
            document, whole = decode_and_tell(body)
        except ValueError:
            return Judged("not_judged", None)
        world = self._worlds.world()
        answer, asked = self._decide(document, world, deadline, whole=whole)
        # Watches tell of a grant a moment after it is stored, and so does the authorizer of a Role.
        settling = min(self._settling, deadline - _RESERVE - time.monotonic())
        if (
            answer.reasons
            and not answer.allowed
            and settling > 0
            and (self._worlds.wait_for_other(world, settling) or asked)
        ):
            answer, _ = self._decide(document, self._worlds.world(), deadline, whole=whole)
        return _judged(answer)

    def undecided(self, uid: str, why: str) -> Judged:
        """Answer a review of which nothing is known but its uid: refused where anything anywhere is enforced."""
        if not uid:
            return Judged("not_judged", None)
        if self._worlds.world().tightest is Mode.ENFORCE:
            message = f"it could not be judged: {why}; try again, or make it smaller"
            answer = answer_failed(uid, 503, "ServiceUnavailable", message)
        else:
            answer = answer_unknown(uid, why)
        return Judged(_SAID[answer.verdict], answer.document, (_UNDECIDED,))

    def close(self) -> None:
        """Ask nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _decide(self, document: Any, world: World, deadline: float, *, whole: bool) -> tuple[Answer, bool]:
        """Return the answer, and whether the authorizer was asked for it."""
        answers: dict[AnyQuestion, bool] = {}
        rounds, last = 0, False
        while isinstance(outcome := review(document, world, answers, last=last, whole=whole), Ask):
            found = self._ask(outcome.questions, deadline - _RESERVE)
            answers.update(found)
            rounds += 1
            last = rounds == _ROUNDS or len(found) < len(outcome.questions)
        return outcome, rounds > 0

    def _ask(self, questions: Iterable[AnyQuestion], until: float) -> Mapping[AnyQuestion, bool]:
        """Ask all at once, and return the answers that came in time."""
        left = max(0.01, until - time.monotonic())
        sent = {question: self._threads.submit(self._asks, question, left) for question in questions}
        found = {}
        for question, future in sent.items():
            try:
                found[question] = future.result(max(0.0, until - time.monotonic()))
            except (ApiError, Late):
                future.cancel()
        return found


class CoreMutator:
    """Answers what the API server asks before it stores an Agent's workload: by the core's plan, and never with a refusal."""

    def __init__(self, worlds: Worlds, settling: float = _SETTLING) -> None:
        self._worlds, self._settling = worlds, settling

    def judge(self, body: bytes, deadline: float) -> Judged:
        """Decide what is added to a workload."""
        try:
            document, whole = decode_and_tell(body)
        except ValueError:
            return Judged("not_judged", None)
        world = self._worlds.world()
        answer = mutate(document, world, whole=whole)
        # Watches tell of a ConfigMap a moment after it is stored, and an install brings all at once.
        settling = min(self._settling, deadline - _RESERVE - time.monotonic())
        if answer.is_open and settling > 0 and self._worlds.wait_for_other(world, settling):
            answer = mutate(document, self._worlds.world(), whole=whole)
        return _judged(answer)

    def undecided(self, uid: str, why: str) -> Judged:
        """Let through as it is what there was no time or place for."""
        document = answer_unknown(uid, why).document if uid else None
        return Judged("not_judged", document, (_UNDECIDED,) if uid else ())


class TrialJudge:
    """Refuses every trial: whoever reads that knows that the webhook was asked. Nothing is looked at that could be missing."""

    def judge(self, body: bytes, deadline: float) -> Judged:
        """Refuse a trial."""
        del deadline
        return self.undecided(uid_of(body), _REFUSED)

    def undecided(self, uid: str, why: str) -> Judged:
        """Refuse it for another reason: it has arrived."""
        return Judged(TRIAL, answer_failed(uid, 403, "Forbidden", why).document if uid else None)


def _judged(answer: Answer) -> Judged:
    uid = answer.document.get("response", {}).get("uid")
    codes = tuple(reason.finding.code for reason in answer.reasons)
    return Judged(_SAID[answer.verdict], answer.document if uid else None, codes)
