"""Baselines: what was there when somebody decided to look only at what is new. One finding a line, sorted, made for review."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from enc_operator.core.findings import CATALOGUE, SEVERITIES, Severity
from enc_operator.core.reporting.fingerprints import identity_of
from enc_operator.core.reporting.model import Acceptance, By, NameOf, Report, Reported
from enc_operator.core.syntax import SyntaxFault, parse_json

VERSION = 1


class Entry(NamedTuple):
    """One finding of a baseline; all but the fingerprint is for people, `file` also to tell when it is gone."""

    file: str
    object: str
    path: str
    code: str
    about: str
    fingerprint: str


def entries_of(items: Iterable[Reported], name_of: NameOf) -> list[Entry]:
    """Return the entries of findings; those that cannot be ignored have none."""
    found = []
    for item in items:
        identity = identity_of(item.finding, name_of)
        if CATALOGUE[identity.code].ignorable:
            found.append(Entry(**identity._asdict(), fingerprint=item.fingerprint))
    return sorted(found)


def render_baseline(entries: Iterable[Entry]) -> str:
    """Render a baseline."""
    lines = ",\n".join("    " + json.dumps(entry._asdict(), ensure_ascii=False) for entry in entries)
    findings = f"[\n{lines}\n  ]" if lines else "[]"
    return f'{{\n  "version": {VERSION},\n  "findings": {findings}\n}}\n'


def parse_baseline(text: str) -> list[Entry]:
    """Read a baseline; raise ValueError for what is none, with the reason."""
    try:
        value = parse_json(text).value
    except SyntaxFault as fault:
        raise ValueError(f"line {fault.mark.line + 1}: {fault.message}") from None
    if not isinstance(value, dict) or "findings" not in value:
        raise ValueError("not a baseline")
    if value.get("version") != VERSION:
        raise ValueError(f"its version is not {VERSION}, the one that this encctl knows")
    entries = value["findings"]
    if not isinstance(entries, list) or not all(map(_is_entry, entries)):
        raise ValueError("its findings are not a list of entries with file, code and fingerprint")
    return [Entry(*(str(entry.get(name, "")) for name in Entry._fields)) for entry in entries]


def _is_entry(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(value.get(name), str) for name in ("file", "code", "fingerprint")
    )


def accept_baseline(report: Report, entries: Iterable[Entry], file: str) -> Report:
    """Return the report with what a baseline holds accepted, except what cannot be."""
    acceptance = Acceptance(By.BASELINE, f"in the baseline {file}")
    known = {(entry.code, entry.fingerprint) for entry in entries}
    items = (
        replace(item, acceptance=acceptance) if item.acceptance is None and _is_known(item, known) else item
        for item in report.items
    )
    return replace(report, items=tuple(items))


def _is_known(item: Reported, known: Collection[tuple[str, str]]) -> bool:
    code = item.finding.code
    return CATALOGUE[code].ignorable and (code, item.fingerprint) in known


def find_gone(entries: Iterable[Entry], report: Report, files: Collection[str]) -> list[Entry]:
    """Return the entries that no longer occur; `files` are those, named as in the baseline, that would show them.

    Infos are left out: where several handles share one, it stands at the first of them.
    """
    known = {item.fingerprint for item in report.items}
    infos = {code for code, severity in SEVERITIES.items() if severity is Severity.INFO}
    gone = (entry for entry in entries if entry.fingerprint not in known and entry.code not in infos)
    return [entry for entry in gone if entry.file in files]
