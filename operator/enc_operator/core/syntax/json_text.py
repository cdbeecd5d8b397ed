"""JSON text to plain values, as Go's encoding/json reads it.

Where Python and Go differ, Go's view holds (the Agent and the API server are Go): no NaN, integers of any length, the last
of two equal keys wins. The values that lose are kept aside, as for YAML.
"""

import json
from typing import Any

from enc_operator.core.syntax.faults import Mark, SyntaxFault
from enc_operator.core.syntax.yaml_text import Duplicate, Parsed

# Python refuses to convert longer integers (CVE-2020-10735); Go goes on.
_MAX_DIGITS = 4000


def parse_json(text: str) -> Parsed:
    """Read a text that is one JSON value; raise `SyntaxFault` when it cannot be read."""
    parsed = Parsed()

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) != len(items):
            _note_duplicates(parsed, items)
        return result

    try:
        parsed.value = json.loads(text, object_pairs_hook=pairs, parse_int=_integer, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        where = Mark(error.lineno - 1, error.colno - 1)
        raise SyntaxFault("json-invalid", f"not JSON: {_problem(error)}", _fix_for(error), where) from None
    except RecursionError:
        raise SyntaxFault("json-depth", "nested too deeply to be checked", "flatten the JSON") from None
    except _ConstantError as error:
        raise SyntaxFault(
            "json-invalid", f"not JSON: {error} is no JSON value", "write a number or null"
        ) from None
    return parsed


class _ConstantError(Exception):
    pass


def _refuse(constant: str) -> None:
    raise _ConstantError(constant)


def _integer(digits: str) -> Any:
    return int(digits) if len(digits) < _MAX_DIGITS else float("inf")


def _note_duplicates(parsed: Parsed, items: list[tuple[str, Any]]) -> None:
    seen: dict[str, Any] = {}
    for key, value in items:
        if key in seen:
            parsed.duplicates.append(Duplicate(key, Mark(0, 0)))
            parsed.shadowed.append(seen[key])
        seen[key] = value


def _problem(error: json.JSONDecodeError) -> str:
    place = f" (line {error.lineno}, column {error.colno})"
    return error.msg[:1].lower() + error.msg[1:] + place


def _fix_for(error: json.JSONDecodeError) -> str:
    rest = error.doc[error.pos : error.pos + 1]
    if rest == "'":
        return 'JSON strings and keys stand in double quotes: "…"'
    if rest in ("]", "}") or "trailing comma" in error.msg:
        return "remove the comma before this place"
    if error.msg.startswith("Invalid control character"):
        return "write line breaks and tabs inside a string as \\n and \\t"
    return "correct the JSON at this place"
