"""What a code of the catalogue is made of. The codes themselves stand in `catalogue`."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs: an error makes `encctl` exit with 1."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Entry:
    """One code: how much it weighs, what it says, why that matters, how to put it right, and whether it can be ignored."""

    severity: Severity
    summary: str
    why: str
    fix: str
    ignorable: bool = True


def error(summary: str, why: str, fix: str) -> Entry:
    """Return an entry whose findings make `encctl` exit with 1."""
    return Entry(Severity.ERROR, summary, why, fix)


def warning(summary: str, why: str, fix: str) -> Entry:
    """Return an entry for what is probably not meant."""
    return Entry(Severity.WARNING, summary, why, fix)


def info(summary: str, why: str, fix: str) -> Entry:
    """Return an entry for what is worth knowing."""
    return Entry(Severity.INFO, summary, why, fix)


def unread(summary: str, why: str, fix: str) -> Entry:
    """Return an entry for input that could not be read, which nobody can ignore: it could hold anything."""
    return Entry(Severity.ERROR, summary, why, fix, ignorable=False)
