"""Findings as they are reported: each with its fingerprint, and who accepted it where somebody has."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from enc_operator.core.findings import Finding, Severity

NameOf = Callable[[str], str]
"""From a file's path as it was given to the path below some folder, with `/`."""

_RANKS = {severity: rank for rank, severity in enumerate(Severity)}  # errors first


class By(StrEnum):
    """Where it is said that a finding is accepted."""

    COMMENT = "comment"
    IGNORE_FILE = "ignore-file"
    BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Where a finding was accepted, and the reason that was given."""

    by: By
    reason: str


@dataclass(frozen=True, slots=True)
class Reported:
    """A finding, what it is known by in another run, and its acceptance."""

    finding: Finding
    fingerprint: str
    acceptance: Acceptance | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All findings in the order of their places, and the level below which the open ones are not shown."""

    items: tuple[Reported, ...]
    level: Severity = Severity.INFO

    @property
    def open(self) -> list[Reported]:
        """What nobody has accepted."""
        return [item for item in self.items if item.acceptance is None]

    @property
    def shown(self) -> list[Reported]:
        """The open ones of the level and above."""
        return [item for item in self.open if reaches(item.finding, self.level)]

    @property
    def accepted(self) -> list[tuple[Reported, Acceptance]]:
        """What is ignored or in the baseline, of the level and above."""
        pairs = [(item, item.acceptance) for item in self.items if reaches(item.finding, self.level)]
        return [(item, acceptance) for item, acceptance in pairs if acceptance]

    def fails(self, level: Severity | None) -> bool:
        """Tell whether an open finding is of a level or above; without a level nothing fails."""
        return level is not None and any(reaches(item.finding, level) for item in self.open)

    def counts(self) -> dict[str, int]:
        """Count what is open by severity, what is ignored, what the baseline holds, and what is below the level."""
        open_ones = Counter(item.finding.severity for item in self.open)
        accepted = Counter(item.acceptance.by for item in self.items if item.acceptance)
        return {
            "errors": open_ones[Severity.ERROR],
            "warnings": open_ones[Severity.WARNING],
            "infos": open_ones[Severity.INFO],
            "ignored": accepted[By.COMMENT] + accepted[By.IGNORE_FILE],
            "inBaseline": accepted[By.BASELINE],
            "notShown": len(self.open) - len(self.shown),
        }


def reaches(finding: Finding, level: Severity) -> bool:
    """Tell whether a finding is of a level or above."""
    return _RANKS[finding.severity] <= _RANKS[level]


def summary_tail(report: Report) -> str:
    """Return what a summary says of findings that are not shown: nothing where there are none."""
    counts = report.counts()
    parts = [(counts["ignored"], "ignored"), (counts["inBaseline"], "in the baseline")]
    parts.append((counts["notShown"], "not shown"))
    return "".join(f", {number} {what}" for number, what in parts if number)
