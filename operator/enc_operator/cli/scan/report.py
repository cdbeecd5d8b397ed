"""A scan for a person and as plain data: what `encctl plan` shows, with what many pods of one workload share said once."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from enc_operator.cli.printing import print_finding, printable
from enc_operator.cli.scan.assessing import Scanned
from enc_operator.cli.scan.difference import HEADS, Rows
from enc_operator.cli.scan.grouping import Group, group
from enc_operator.core.assessment import Assessment
from enc_operator.core.findings import Finding, ObjectRef
from enc_operator.core.judgement import Judged
from enc_operator.core.rendering import (
    REFERENCE_HEADS,
    Table,
    as_data,
    finding_data,
    finding_lines,
    findings_summary,
    reference_row,
    summary,
    tables,
)

_POSITIONS = ("file", "line", "column", "endLine", "endColumn")
_OF_ALL = ("permissions", "workloads", "objects")
_CHANGE = ("change", "namespace", "object", "what")


@dataclass(frozen=True)
class View:
    """A scan to be shown; `owners` are the workloads of pods.

    Of one namespace alone (`narrowed`) no permissions are shown, since references of others are part of them.
    """

    scanned: Scanned
    owners: Mapping[ObjectRef, ObjectRef]
    narrowed: bool

    @cached_property
    def findings(self) -> list[Group[Finding]]:
        """The findings, those of a workload's pods once."""
        return group(
            self.scanned.assessment.findings,
            self.owners,
            lambda finding: finding.where.object,
            lambda finding: (finding.code, finding.where.path_text(), finding.what, finding.fix),
        )

    @cached_property
    def references(self) -> list[Group[Judged]]:
        """The references, those of a workload's pods once."""
        judged = self.scanned.assessment.judged
        return group(judged, self.owners, lambda item: item.reference.where.object, _alike)

    def print_findings(self, *, to_stderr: bool = False) -> None:
        """Print the findings, each with the workload whose pods it is about."""
        for found in self.findings:
            named = str(found.first.where.object)
            lines = [
                (role, printable(line.replace(named, named + found.whose(), 1) if role == "place" else line))
                for role, line in finding_lines(found.first)
            ]
            print_finding(lines, str(found.first.severity), to_stderr=to_stderr)

    def tables(self, changes: Rows | None) -> Iterator[Table]:
        """Yield the tables of a plan, and what it would change."""
        references, *others = tables(self.scanned.assessment)
        rows = dict.fromkeys(map(_row, self.references))
        yield references[0], REFERENCE_HEADS, [tuple(map(printable, row)) for row in rows]
        if not self.narrowed:
            yield from others
        yield "What the plan would change", HEADS, changes or []

    def summary(self, changes: Rows | None) -> str:
        """Return one line that counts what is shown."""
        shown = self._shown()
        if self.narrowed:
            return f"{_many(len(shown.judged), 'reference')}; {findings_summary(shown.findings)}"
        counted = summary(shown)
        return counted if changes is None else f"{counted}; {_many(len(changes), 'write')} to make it so"

    def _shown(self) -> Assessment:
        return replace(
            self.scanned.assessment,
            judged=tuple(found.first for found in self.references),
            findings=tuple(found.first for found in self.findings),
        )

    def data(self, changes: Rows | None) -> dict[str, Any]:
        """Return plain data: as of a plan, with `owner` and `count`, without positions in files."""
        assessment = self.scanned.assessment
        data = as_data(assessment)
        data["references"] = self._grouped(data["references"])
        data["findings"] = self._grouped([finding_data(item) for item in assessment.findings])
        for key in _OF_ALL if self.narrowed else ():
            del data[key]
        if changes is not None:
            data["changes"] = [dict(zip(_CHANGE, row, strict=True)) for row in changes]
        return {**data, "complete": self.scanned.complete, "notes": list(self.scanned.notes)}

    def _grouped(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        refs = {str(ref): ref for ref in self.owners}
        found = group(
            items, self.owners, lambda item: refs.get(item["object"]), lambda item: _text(item, refs)
        )
        return [
            {
                **{key: value for key, value in each.first.items() if key not in _POSITIONS},
                "owner": str(each.owner) if each.owner else None,
                "count": each.count,
            }
            for each in found
        ]


def _alike(item: Judged) -> tuple[str, ...]:
    secret, _, *cells = reference_row(item)
    return secret, item.reference.where.path_text(), *cells


def _row(found: Group[Judged]) -> tuple[str, ...]:
    secret, place, *cells = reference_row(found.first)
    if found.owner:
        place = f"{found.owner} ({_many(found.count, 'pod')})"
    return secret, place, *cells


def _text(item: Mapping[str, Any], owned: Mapping[str, ObjectRef]) -> str:
    """Return what two items have in common but for their pods."""
    alike = {key: value for key, value in item.items() if key != "object" or value not in owned}
    return json.dumps(alike, sort_keys=True)


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
