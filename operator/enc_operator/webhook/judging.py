"""A review from its bytes to its answer: the core decides, and says what it must know of the authorizer before."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from enc_operator.cluster.decoding import decode_and_tell
from enc_operator.core.admission.model import Answer, Mode, Outcome, Verdict
from enc_operator.core.admission.mutation import mutate
from enc_operator.core.admission.responses import answer_failed, answer_unknown
from enc_operator.core.admission.review import review
from enc_operator.core.admission.world import World
from enc_operator.core.inventory import AnyQuestion
from enc_operator.webhook.places import Again, Found, Judged
from enc_operator.webhook.server import TRIAL, uid_of

_UNDECIDED = "undecided"
_REFUSED = "a trial, which is refused wherever it arrives"
_SAID = {
    Verdict.ALLOWED: "approved",
    Verdict.DENIED: "denied",
    Verdict.INJECTED: "injected",
    Verdict.NOT_JUDGED: "not_judged",
}


class Worlds(Protocol):
    """Who knows the facts."""

    def world(self) -> World:
        """Return the facts that hold now."""

    def is_current(self, world: World) -> bool:
        """Tell whether facts are those that are known now."""


class CoreJudge:
    """Decides reviews by the core's rules; safe to use from many threads."""

    quick = True

    def __init__(self, worlds: Worlds) -> None:
        self._worlds = worlds

    def begin(self, body: bytes) -> Found:
        """Decide a review that asks nothing, and return of one that does what to ask."""
        try:
            document, whole = decode_and_tell(body)
        except ValueError:
            return Judged("not_judged", None)
        world = self._worlds.world()
        outcome = review(document, world, {}, whole=whole)
        if isinstance(outcome, Answer):
            return self._said(outcome, world, asked=False)
        said = partial(self._said, world=world, asked=True)
        return _Questions(partial(review, document, world, whole=whole), said, outcome.questions)

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

    def _may_turn(self, world: World, *, asked: bool, last: bool) -> bool:
        return not self._worlds.is_current(world) or (asked and last)

    def _said(self, answer: Answer, world: World, *, asked: bool) -> Judged:
        # Watches tell of a grant a moment after it is stored, and so does the authorizer of a Role.
        is_open = bool(answer.reasons) and not answer.allowed
        return _judged(answer, partial(self._may_turn, world, asked=asked) if is_open else None)


@dataclass(frozen=True, slots=True)
class _Questions:
    """What a review asks, how it is decided, and what is said of it then."""

    review: Callable[..., Outcome]
    said: Callable[[Answer], Judged]
    questions: Iterable[AnyQuestion]

    def decide(self, answers: Mapping[AnyQuestion, bool], *, last: bool) -> Found:
        """Decide by the answers; what the authorizer does not say in time counts as a no, and the answer says so."""
        outcome = self.review(answers, last=last)
        if isinstance(outcome, Answer):
            return self.said(outcome)
        return replace(self, questions=outcome.questions)


class CoreMutator:
    """Answers what the API server asks before it stores an Agent's workload: by the core's plan, and never with a refusal."""

    quick = False  # a plan takes its time

    def __init__(self, worlds: Worlds) -> None:
        self._worlds = worlds

    def begin(self, body: bytes) -> Judged:
        """Decide what is added to a workload; nobody is asked for it."""
        try:
            document, whole = decode_and_tell(body)
        except ValueError:
            return Judged("not_judged", None)
        world = self._worlds.world()
        answer = mutate(document, world, whole=whole)
        # Watches tell of a ConfigMap a moment after it is stored, and an install brings all at once.
        return _judged(answer, partial(self._may_turn, world) if answer.is_open else None)

    def undecided(self, uid: str, why: str) -> Judged:
        """Let through as it is what there was no time or place for."""
        document = answer_unknown(uid, why).document if uid else None
        return Judged("not_judged", document, (_UNDECIDED,) if uid else ())

    def _may_turn(self, world: World, *, last: bool) -> bool:
        del last
        return not self._worlds.is_current(world)


class TrialJudge:
    """Refuses every trial: whoever reads that knows that the webhook was asked. Nothing is looked at that could be missing."""

    quick = True

    def begin(self, body: bytes) -> Judged:
        """Refuse a trial."""
        return self.undecided(uid_of(body), _REFUSED)

    def undecided(self, uid: str, why: str) -> Judged:
        """Refuse it for another reason: it has arrived."""
        return Judged(TRIAL, answer_failed(uid, 403, "Forbidden", why).document if uid else None)


def _judged(answer: Answer, again: Again | None = None) -> Judged:
    uid = answer.document.get("response", {}).get("uid")
    codes = tuple(reason.finding.code for reason in answer.reasons)
    return Judged(_SAID[answer.verdict], answer.document if uid else None, codes, again)
