"""What is ignored, and why: matching findings with what people wrote, and saying what of it ignores nothing.

Where it was written, in a comment or in a file of its own, is read elsewhere.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from enc_operator.core.findings import CATALOGUE, Finding, Where, finding
from enc_operator.core.reporting.globs import matches
from enc_operator.core.reporting.model import Acceptance, By, NameOf


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a file, from 1, both ends included."""

    file: str
    first: int
    last: int

    def covers(self, found: Finding, _: NameOf) -> bool:
        """Tell whether a finding begins on these lines."""
        where = found.where
        return where.source.file == self.file and self.first <= where.position().line <= self.last


@dataclass(frozen=True, slots=True)
class Places:
    """Files and objects by patterns; `path` is one for paths below the ignore file's folder."""

    path: str = "**"
    object: str = "**"

    def covers(self, found: Finding, name_of: NameOf) -> bool:
        """Tell whether a finding is in such a file and object."""
        where = found.where
        return matches(self.path, name_of(where.source.file)) and matches(
            self.object, str(where.object or "")
        )


@dataclass(frozen=True, slots=True)
class Ignore:
    """Codes that are ignored somewhere, for a reason, up to the day `expires`, which counts."""

    codes: tuple[str, ...]
    reason: str
    scope: Lines | Places
    where: Where
    expires: date | None = None

    @property
    def by(self) -> By:
        """Where it was written."""
        return By.COMMENT if isinstance(self.scope, Lines) else By.IGNORE_FILE

    def over(self, today: date) -> bool:
        """Tell whether its time is over."""
        return self.expires is not None and self.expires < today


FIX_CODES = "write codes of docs/findings.md"


def refused_codes(codes: Sequence[str]) -> str:
    """Return what is wrong with codes that are to be ignored, or nothing."""
    if not codes:
        return "no code is named"
    for code in codes:
        if code not in CATALOGUE:
            return f"no finding has the code {code}"
        if not CATALOGUE[code].ignorable:
            return f"{code} cannot be ignored"
    return ""


def find_accepted(
    findings: Sequence[Finding], ignores: Sequence[Ignore], name_of: NameOf, today: date
) -> list[Acceptance | None]:
    """Return for each finding its acceptance by the first that ignores it."""
    valid = [ignore for ignore in ignores if not ignore.over(today)]
    return [_acceptance(found, valid, name_of) for found in findings]


def _acceptance(found: Finding, ignores: Iterable[Ignore], name_of: NameOf) -> Acceptance | None:
    covering = (item for item in ignores if _covers(item, found.code, found, name_of))
    return next((Acceptance(item.by, item.reason) for item in covering), None)


def _covers(ignore: Ignore, code: str, found: Finding, name_of: NameOf) -> bool:
    same = found.code == code and code in ignore.codes and CATALOGUE[code].ignorable
    return same and ignore.scope.covers(found, name_of)


def find_unused(
    findings: Sequence[Finding],
    ignores: Iterable[Ignore],
    files: Iterable[str],
    name_of: NameOf,
    today: date,
) -> Iterator[Finding]:
    """Yield what ignores nothing. A pattern that fits no file of the input says nothing about what it ignores elsewhere."""
    names = [name_of(file) for file in files]
    for ignore in ignores:
        if isinstance(ignore.scope, Places) and not any(matches(ignore.scope.path, name) for name in names):
            continue
        if ignore.over(today):
            what = f"expired on {ignore.expires}: it ignores nothing any more"
            yield finding("ignore-unused", ignore.where, what, "remove it, or set a later date")
            continue
        unused = [
            code
            for code in ignore.codes
            if not any(_covers(ignore, code, item, name_of) for item in findings)
        ]
        if unused:
            what = f"there is no {' and no '.join(unused)} here: nothing is ignored"
            yield finding("ignore-unused", ignore.where, what, f"remove {', '.join(unused)}")
