"""A report as SARIF 2.1.0 (OASIS, errata 01). Columns count UTF-16 code units there, as most viewers take them whatever is said.

There is no helpUri, which has to be absolute: a rule's help is its page.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from enc_operator import __version__
from enc_operator.core.findings import CATALOGUE, Finding, Severity
from enc_operator.core.reporting.data import page_path
from enc_operator.core.reporting.model import Acceptance, By, NameOf, Report, Reported, reaches
from enc_operator.core.syntax import Position
from enc_operator.core.syntax.documents import line_starts

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "encctlFinding/v1"

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_BREAKS = ["\r\n", "\n", "\r", "\x85", "\u2028", "\u2029"]  # what ends a line here, as in YAML 1.1
_RESERVED = re.compile(rb"[^A-Za-z0-9._~/-]")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a report needs besides findings: the files' texts, their names below the root, the codes' pages."""

    texts: Mapping[str, str]
    name_of: NameOf
    pages: Mapping[str, str]
    complete: bool


def sarif_log(report: Report, around: Surroundings) -> dict[str, Any]:
    """Return a SARIF log with one run; what is accepted is in it as suppressed."""
    items = [item for item in report.items if reaches(item.finding, report.level)]
    codes = sorted({item.finding.code for item in items})
    driver = {
        "name": "encctl",
        "semanticVersion": __version__,
        "rules": [_rule(code, around.pages[code]) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": around.complete}],
        "columnKind": "utf16CodeUnits",
        "newlineSequences": _BREAKS,
        "originalUriBaseIds": {"ROOT": {"description": {"text": "The folder that encctl was started in."}}},
        "results": [_result(item, codes, around) for item in items],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str, page: str) -> dict[str, Any]:
    entry = CATALOGUE[code]
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in code.split("-")),
        "shortDescription": {"text": f"{entry.summary[0].upper()}{entry.summary[1:]}."},
        "fullDescription": {"text": entry.why},
        "help": {"text": f"{entry.why}\n\nFix: {entry.fix}", "markdown": page},
        "defaultConfiguration": {"level": _LEVELS[entry.severity]},
        "properties": {"page": page_path(code)},
    }


def _result(item: Reported, codes: list[str], around: Surroundings) -> dict[str, Any]:
    finding = item.finding
    result = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.what}\nfix: {finding.fix}"},
        "locations": [_location(finding, around)],
        "partialFingerprints": {FINGERPRINT: item.fingerprint},
    }
    # Left out, it would say that nobody knows whether the result is suppressed.
    return {**result, "suppressions": [_suppression(item.acceptance)] if item.acceptance else []}


def _suppression(acceptance: Acceptance) -> dict[str, Any]:
    kind = "inSource" if acceptance.by is By.COMMENT else "external"
    return {"kind": kind, "status": "accepted", "justification": acceptance.reason}


def _location(finding: Finding, around: Surroundings) -> dict[str, Any]:
    file = finding.where.source.file
    start, end = finding.where.extent()
    text = around.texts.get(file, "")
    region = {
        "startLine": start.line,
        "startColumn": utf16_column(text, start),
        "endLine": end.line,
        "endColumn": utf16_column(text, end),
    }
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": _artifact(file, around.name_of), "region": region}
    }
    place = " ".join(part for part in (str(finding.where.object or ""), finding.where.path_text()) if part)
    if place:
        location["logicalLocations"] = [{"fullyQualifiedName": place}]
    return location


def _artifact(file: str, name_of: NameOf) -> dict[str, str]:
    """Return a file's URI: relative, absolute for one that the root does not hold; `<stdin>` is `stdin`."""
    name = file.strip("<>").replace(" ", "-") if file.startswith("<") else name_of(file)
    uri = percent_encoded(name)
    return {"uri": f"file://{uri}"} if uri.startswith("/") else {"uri": uri, "uriBaseId": "ROOT"}


def percent_encoded(path: str) -> str:
    """Return a path as a URI reference has it (RFC 3986): a colon would make a scheme of a folder."""
    raw = path.encode("utf-8", "surrogateescape")
    return _RESERVED.sub(lambda found: b"%%%02X" % found[0][0], raw).decode()


def utf16_column(text: str, position: Position) -> int:
    """Return a position's column in UTF-16 code units, from 1."""
    starts = line_starts(text)
    begin = starts[position.line - 1] if position.line <= len(starts) else len(text)
    before = text[begin : begin + position.column - 1]
    return position.column + sum(letter > "\uffff" for letter in before)
