"""What stands in the cluster and may not, in the words that admission would have refused it with."""

from collections.abc import Iterable
from dataclasses import dataclass

from enc_operator.core.admission.responses import printable
from enc_operator.core.findings import Finding, ObjectRef, Severity, Where
from enc_operator.core.judgement import Judged, refusal
from enc_operator.core.ledger.caps import Caps


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing that stands and may not: in which object, the finding's code, and what is said of it.

    `refers` says that it is a reference, else it is a text that may hold one.
    """

    about: ObjectRef
    code: str
    words: str
    refers: bool

    @staticmethod
    def of(found: Finding, *, refers: bool) -> "Standing":
        """Put a finding into words."""
        place = found.where.path_text()
        words = f"{found.code}{f' at {place}' if place else ''}: {found.what}; fix: {found.fix}"
        return Standing(found.where.ref, found.code, printable(words), refers)


def standing_of(item: Judged) -> Standing | None:
    """Return why a reference is refused, if it is."""
    found = refusal(item)
    return Standing.of(found, refers=True) if found else None


def distinct(found: Iterable[Standing]) -> list[Standing]:
    """Leave out what is said twice: several Agents say the same alike."""
    return list(dict.fromkeys(found))


def capped(where: Where, number: int, caps: Caps) -> Standing:
    """Return that none of an object's references was decided, since there are too many."""
    what = (
        f"it has {number} references, of which none counts: an object may hold {caps.references_per_object}, and all objects of "
        f"its namespace together {caps.references_per_namespace}"
    )
    fix = "spread them over several objects or namespaces, or raise `caps` in the chart's values"
    return Standing.of(Finding("handles-too-many", Severity.ERROR, where, what, fix), refers=False)
