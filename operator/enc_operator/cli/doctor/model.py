"""A check's outcome as a value, and what follows of all of them. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from enc_operator.core.findings import ObjectRef

Manifest = dict[str, Any]

_CLEAN, _FAILED, _UNKNOWN = 0, 1, 2


class Status(StrEnum):
    """What a check came to: `warn` works and is not as it should be, `unknown` could not be looked at."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One line: which check, what it came to, of which object, and what to do about it."""

    status: Status
    name: str
    what: str
    where: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What may not be read: the right that it takes, and the API server's words."""

    right: str
    why: str


Found = Manifest | None | Unreadable
"""An object, none where there is none, or that nobody may say."""


def ok(name: str, what: str, where: ObjectRef | str = "") -> Check:
    """Return that all is well."""
    return Check(Status.OK, name, what, str(where))


def warn(name: str, what: str, where: ObjectRef | str = "", fix: str = "") -> Check:
    """Return that something is not as it should be, and works."""
    return Check(Status.WARN, name, what, str(where), fix)


def fail(name: str, what: str, where: ObjectRef | str = "", fix: str = "") -> Check:
    """Return that something does not work, or does not hold."""
    return Check(Status.FAIL, name, what, str(where), fix)


def unknown(name: str, what: str, where: ObjectRef | str = "", fix: str = "") -> Check:
    """Return that it could not be looked at."""
    return Check(Status.UNKNOWN, name, what, str(where), fix)


def unreadable(name: str, found: Unreadable, where: ObjectRef | str = "") -> Check:
    """Return that the user's rights do not suffice, and which does."""
    return unknown(
        name, f"could not be looked at: {found.why}", where, f"it takes the right to {found.right}"
    )


def exit_code(checks: Iterable[Check]) -> int:
    """Return 1 where anything failed, 2 where something else could not be found out, 0 otherwise."""
    counts = Counter(check.status for check in checks)
    if counts[Status.FAIL]:
        return _FAILED
    return _UNKNOWN if counts[Status.UNKNOWN] else _CLEAN
