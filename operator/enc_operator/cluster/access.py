"""What the API server's authorizer says to the core's questions, remembered; which questions are asked is the core's business.

An answer is never made up: where none came there is none. `allowed: false` with an `evaluationError` is a refusal: RBAC says so where a
binding names a role that is missing, and what could be evaluated does not allow (kubernetes `plugin/pkg/auth/authorizer/rbac`). But
an authorizer beside RBAC may say so because it was away, so such a refusal is not remembered for long.
"""

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.gateway import Gateway
from enc_operator.core.inventory import AnyQuestion
from enc_operator.core.rbac.reviews import access_review

_LIFETIME = 3600.0  # authorizers beside RBAC change their mind without anybody being told
_DOUBTFUL = 60.0
_SETTLING = 5.0
_CALL_SECONDS = 10.0
_PATH = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


class AccessAnswers:
    """Asks, and knows how long each answer may be trusted; the oldest are forgotten first; safe to use from many threads.

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
        self._until: OrderedDict[AnyQuestion, float] = OrderedDict()
        self._settled_at = float("-inf")
        self.generation = 0
        """How many times everything was forgotten."""

    def __len__(self) -> int:
        return len(self._until)

    def ask(self, question: AnyQuestion) -> bool:
        """Ask the API server; raise ApiError where it does not say. An answer that a `drop` has overtaken is not remembered."""
        generation = self.generation
        began = self._clock()
        call = call_for(question)
        status = status_in(call, self._gateway.call(call, seconds=_CALL_SECONDS))
        until = self._trusted_until(began, status)
        with self._lock:
            if generation == self.generation:
                self._until[question] = until
                self._until.move_to_end(question)
                if len(self._until) > self._limit:
                    self._until.popitem(last=False)
        return bool(status["allowed"])

    def drop(self) -> None:
        """Forget everything: RBAC has changed."""
        with self._lock:
            self.generation += 1
            self._until.clear()
            self._settled_at = self._clock() + self._settling

    def overdue(self) -> frozenset[AnyQuestion]:
        """Forget the answers that must not be trusted any longer, and return their questions, to be decided anew."""
        now = self._clock()
        with self._lock:
            found = frozenset(each for each, until in self._until.items() if until <= now)
            for each in found:
                del self._until[each]
        return found

    def _trusted_until(self, began: float, status: Mapping[str, Any]) -> float:
        doubtful = not status["allowed"] and bool(status.get("evaluationError"))
        lifetime = _DOUBTFUL if doubtful else self._lifetime
        until = began + lifetime * random.uniform(0.75, 1.0)  # noqa: S311 - so that not all are due at once
        return min(until, self._settled_at) if began < self._settled_at else until


def call_for(question: AnyQuestion) -> Call:
    """Return the call that asks."""
    return Call("POST", _PATH, body=access_review(question))


def status_in(call: Call, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what an answer says; raise ApiError where it is neither yes nor no."""
    status = answer.get("status")
    if not isinstance(status, dict) or not isinstance(status.get("allowed"), bool):
        raise ApiError(call, 0, "Unreachable", "the answer to the access review says neither yes nor no")
    return status
