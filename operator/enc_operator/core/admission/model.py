"""What a review is about, and what comes of it, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from enc_operator.core.findings import Finding
from enc_operator.core.inventory import AnyQuestion, User


class Mode(IntEnum):
    """What follows from a reason to refuse; the tightest of those that concern it holds."""

    AUDIT = 0
    WARN = 1
    ENFORCE = 2

    @staticmethod
    def of(text: str) -> "Mode":
        """Return the mode that is called `audit`, `warn` or `enforce`; any other text tightens nothing."""
        return _MODES.get(text, Mode.AUDIT)


_MODES = {"audit": Mode.AUDIT, "warn": Mode.WARN, "enforce": Mode.ENFORCE}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object with its group (empty for core) and version."""

    group: str
    version: str
    kind: str

    def __str__(self) -> str:
        return f"{self.group}/{self.version} {self.kind}" if self.group else f"{self.version} {self.kind}"


@dataclass(frozen=True, slots=True)
class Request:
    """What the API server asks; `resource` is `pods` or `pods/status`, `old` None where there was nothing.

    `whole` is False where something of the objects lay too deep to be read; `manager` is the field manager.
    """

    uid: str
    operation: str
    kind: Kind
    resource: str
    namespace: str
    name: str
    user: User
    object: Mapping[str, Any]
    old: Mapping[str, Any] | None = None
    whole: bool = True
    manager: str = ""


class Verdict(StrEnum):
    """What a review came to; `NOT_JUDGED` is allowed, since nothing in it is ours to judge, `INJECTED` with a patch."""

    ALLOWED = "allowed"
    INJECTED = "injected"
    DENIED = "denied"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is wrong with an object, and what follows from it here.

    `refuses` says that it is refused where the mode is `ENFORCE`; else it is told, and no more.
    """

    finding: Finding
    mode: Mode
    refuses: bool = True

    @property
    def denies(self) -> bool:
        """Whether the object is refused for it."""
        return self.refuses and self.mode is Mode.ENFORCE


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished review: `document` is the AdmissionReview to send back. `reasons` holds those too that denied nothing."""

    verdict: Verdict
    document: Mapping[str, Any]
    reasons: tuple[Reason, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the request goes through."""
        return self.verdict is not Verdict.DENIED

    @property
    def is_open(self) -> bool:
        """Whether it was let through since too little is known."""
        return self.verdict is Verdict.NOT_JUDGED and "auditAnnotations" in self.document["response"]


@dataclass(frozen=True, slots=True)
class Ask:
    """What must be asked of the authorizer (`rbac.reviews.access_review`) before the review can be finished."""

    questions: tuple[AnyQuestion, ...]


Outcome = Answer | Ask
