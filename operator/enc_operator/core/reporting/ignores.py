"""What is ignored, and why: matching findings with what people wrote, and saying what of it ignores nothing.

Where it was written, in a comment or in a file of its own, is read elsewhere.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from enc_operator.core.findings import CATALOGUE, Finding, Where, finding
from enc_operator.core.reporting.globs import matches
from enc_operator.core.reporting.model import Acceptance, By, NameOf


class Place(NamedTuple):
    """Where a finding is, worked out once for all that could ignore it."""

    file: str
    line: int
    name: str
    object: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a file, from 1, both ends included."""

    file: str
    first: int
    last: int

    def covers(self, place: Place) -> bool:
        """Tell whether a finding begins on these lines."""
        return place.file == self.file and self.first <= place.line <= self.last


@dataclass(frozen=True, slots=True)
class Places:
    """Files and objects by patterns; `path` is one for paths below the ignore file's folder."""

    path: str = "**"
    object: str = "**"

    def covers(self, place: Place) -> bool:
        """Tell whether a finding is in such a file and object."""
        return matches(self.path, place.name) and matches(self.object, place.object)


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


def refused_codes(codes: Sequence[str]) -> str:
    """Return what is wrong with codes that are to be ignored, or nothing."""
    if not codes:
        return "no code is named"
    for code in codes:
        if code not in CATALOGUE:
            # Comments outside of documents are read by no parser that would refuse control characters.
            return f"no finding has the code {code.encode('unicode_escape').decode()}"
        if not CATALOGUE[code].ignorable:
            return f"{code} cannot be ignored"
    return ""


@dataclass(frozen=True, slots=True)
class Matched:
    """The acceptance of each finding, in their order, and the (number of the ignore, code) pairs that ignore something."""

    accepted: Sequence[Acceptance | None]
    used: Collection[tuple[int, str]]


def match(findings: Iterable[Finding], ignores: Sequence[Ignore], name_of: NameOf, today: date) -> Matched:
    """Match findings with what ignores them; the first gives the reason."""
    by_code: dict[str, list[tuple[int, Ignore]]] = defaultdict(list)
    for number, ignore in enumerate(ignores):
        for code in ignore.codes if not ignore.over(today) else ():
            by_code[code].append((number, ignore))
    accepted: list[Acceptance | None] = []
    used: set[tuple[int, str]] = set()
    for found in findings:
        candidates = by_code.get(found.code, []) if CATALOGUE[found.code].ignorable else []
        place = _place(found, name_of) if candidates else None
        covering = [(number, item) for number, item in candidates if place and item.scope.covers(place)]
        used |= {(number, found.code) for number, _ in covering}
        accepted.append(Acceptance(covering[0][1].by, covering[0][1].reason) if covering else None)
    return Matched(accepted, used)


def _place(found: Finding, name_of: NameOf) -> Place:
    where = found.where
    file = where.source.file
    return Place(file, where.position().line, name_of(file), str(where.object or ""))


def find_unused(
    matched: Matched, ignores: Sequence[Ignore], files: Iterable[str], name_of: NameOf, today: date
) -> Iterator[Finding]:
    """Yield what ignores nothing. A pattern that fits no file of the input says nothing about what it ignores elsewhere."""
    names = [name_of(file) for file in files]
    for number, ignore in enumerate(ignores):
        if isinstance(ignore.scope, Places) and not any(matches(ignore.scope.path, name) for name in names):
            continue
        unused = [code for code in ignore.codes if (number, code) not in matched.used]
        if ignore.over(today):
            what = f"expired on {ignore.expires}: it ignores nothing any more"
            yield finding("ignore-unused", ignore.where, what, "remove it, or set a later date")
        elif unused:
            what = f"there is no {' and no '.join(unused)} here: nothing is ignored"
            yield finding("ignore-unused", ignore.where, what, f"remove {', '.join(unused)}")
