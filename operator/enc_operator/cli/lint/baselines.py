"""Baseline files: read, written whole, and never over a file that is something else."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from enc_operator.cli.ignoring import named_below
from enc_operator.cli.inputs import Text, read_text
from enc_operator.core.reporting.baselines import (
    Entry,
    accept_baseline,
    entries_of,
    find_gone,
    parse_baseline,
    render_baseline,
)
from enc_operator.core.reporting.fingerprints import fingerprints
from enc_operator.core.reporting.model import By, NameOf, Report, Reported
from enc_operator.errors import UsageError


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline with the file that it came from."""

    file: Path
    entries: Sequence[Entry]

    @property
    def name_of(self) -> NameOf:
        """How the baseline names files."""
        return named_below(self.file.parent)


def read_baseline(file: Path) -> Baseline:
    """Read a baseline; raise UsageError for what is none."""
    text = read_text(file, "write a baseline first: encctl lint --write-baseline FILE")
    try:
        return Baseline(file, parse_baseline(text))
    except ValueError as error:
        raise UsageError(f"{file}: {error}", "write one under another name with --write-baseline") from None


def write_baseline(file: Path, report: Report) -> Baseline:
    """Write what is open or in an earlier baseline; raise UsageError where that cannot be done."""
    if file.exists() and (not file.is_file() or file.stat().st_size):
        read_baseline(file)  # so that no manifest is lost by a slip
    kept = [item for item in report.items if item.acceptance is None or item.acceptance.by is By.BASELINE]
    baseline = Baseline(
        file, entries_of(named_anew(kept, named_below(file.parent)), named_below(file.parent))
    )
    new = file.with_name(f".{file.name}.new")
    try:
        new.write_text(render_baseline(baseline.entries), encoding="utf-8")
        new.replace(file)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", "name a file that can be written") from None
    return baseline


def named_anew(items: Sequence[Reported], name_of: NameOf) -> list[Reported]:
    """Return reported findings with the fingerprints that they have below another folder."""
    found = fingerprints([item.finding for item in items], name_of)
    return [Reported(item.finding, known, item.acceptance) for item, known in zip(items, found, strict=True)]


def accept(report: Report, baseline: Baseline) -> Report:
    """Return the report with what the baseline holds accepted."""
    items = tuple(named_anew(report.items, baseline.name_of))
    return accept_baseline(Report(items, report.level), baseline.entries, baseline.file.name)


def say_gone(baseline: Baseline, report: Report, texts: Sequence[Text]) -> None:
    """Say which entries no longer occur, of files that were read or are gone themselves."""
    here = {baseline.name_of(text.file) for text in texts}
    files = {entry.file for entry in baseline.entries if not entry.file.startswith("<")}
    here |= {file for file in files if not (baseline.file.parent / file).exists()}
    gone = find_gone(baseline.entries, report, here)
    if gone:
        many = "1 finding" if len(gone) == 1 else f"{len(gone)} findings"
        verb, more = ("occurs", "") if len(gone) == 1 else ("occur", ", …")
        first = f"{gone[0].code} in {gone[0].file}{more}"
        print(
            f"encctl: {many} of {baseline.file} no longer {verb} ({first}): write it anew with --write-baseline",
            file=sys.stderr,
        )
