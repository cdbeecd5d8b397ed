"""What a user reads: findings, and where they point. The same values in encctl, webhook answers and Events.

Messages never hold a Secret's value. What does not belong here: deciding that something is wrong.
"""

from dataclasses import dataclass
from typing import Any

from enc_operator.core.findings.catalogue import CATALOGUE
from enc_operator.core.findings.entries import Severity
from enc_operator.core.findings.places import ObjectRef, Where, place_only, render_path

__all__ = [
    "CATALOGUE",
    "SEVERITIES",
    "Finding",
    "ObjectRef",
    "Severity",
    "Where",
    "finding",
    "place_only",
    "render_path",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or worth knowing: what, where, and how to fix it."""

    code: str
    severity: Severity
    where: Where
    what: str
    fix: str

    def sort_key(self) -> tuple[Any, ...]:
        """Return a key that orders findings by place, then code."""
        source, span = self.where.source, self.where.span
        place = (source.file, source.line, (span.start, span.end) if span else (0, 0))
        return (*self.where.sort_key(), self.code, self.what, *place)


SEVERITIES: dict[str, Severity] = {code: entry.severity for code, entry in CATALOGUE.items()}
"""How much each code weighs."""


def finding(code: str, where: Where, what: str, fix: str) -> Finding:
    """Make a finding of a known code."""
    return Finding(code, SEVERITIES[code], where, what, fix)
