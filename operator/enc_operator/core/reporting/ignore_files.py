"""The ignore file, `.encctl.yaml`: a list of codes with patterns for paths and objects, a reason each, and perhaps a last day.

An entry that makes no sense ignores nothing and is a finding of its own; a file that makes none is a `ValueError`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from enc_operator.core.findings import Finding, Where, finding
from enc_operator.core.reporting.ignores import Ignore, Places, refused_codes
from enc_operator.core.syntax import Source, SyntaxFault, parse_yaml

_FIELDS = ("code", "path", "object", "reason", "expires")


def read_entries(file: str, text: str) -> Iterator[Ignore | Finding]:
    """Yield what each entry ignores, or a finding; raise ValueError for what is no ignore file."""
    source = Source(file, 0, text)
    try:
        value = parse_yaml(text).value
    except SyntaxFault as fault:
        raise ValueError(f"line {fault.mark.line + 1}: {fault.message}") from None
    entries = value.get("ignore") if isinstance(value, dict) and set(value) == {"ignore"} else None
    if not isinstance(entries, list):
        raise ValueError("not a mapping with one key, ignore, that holds a list")  # noqa: TRY004 - of a text
    for index, entry in enumerate(entries):
        yield _read(Where(source, None, ("ignore", index)), entry)


def _read(where: Where, entry: Any) -> Ignore | Finding:
    if not isinstance(entry, dict):
        return _invalid(where, "not a mapping", f"write {', '.join(_FIELDS)}")
    where = where.at(next(iter(entry), "")).key()
    for field, problem, fix in _problems(entry):
        place = where if field not in entry else replace(where, path=(*where.path[:-1], field))
        return _invalid(place, problem, fix)
    return Ignore(
        _codes(entry),
        entry["reason"].strip(),
        Places(entry.get("path", "**"), entry.get("object", "**")),
        where,
        _date(entry.get("expires")),
    )


def _problems(entry: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for field in entry:
        if field not in _FIELDS:
            yield field, f"there is no field {field}", f"the fields are {', '.join(_FIELDS)}"
    refused = refused_codes(_codes(entry))
    if refused:
        yield (
            "code",
            refused,
            "name one code, or a list, that are listed in docs/findings.md and can be ignored",
        )
    reason = entry.get("reason")
    if not (isinstance(reason, str) and reason.strip()):
        yield "reason", "the reason is missing", "write reason: and why this may stay"
    for field in ("path", "object"):
        if not (isinstance(entry.get(field, "**"), str) and entry.get(field, "**")):
            yield field, f"{field} is not text", f"write a pattern, or leave {field} out"
    if "expires" in entry and _date(entry["expires"]) is None:
        yield "expires", "expires is not a day", "write it as 2027-01-31"


def _codes(entry: Mapping[str, Any]) -> tuple[str, ...]:
    code = entry.get("code")
    return tuple(dict.fromkeys(map(str, code if isinstance(code, list) else [code] if code else [])))


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def _invalid(where: Where, what: str, fix: str) -> Finding:
    return finding("ignore-invalid", where, f"{what}: nothing is ignored", fix)
