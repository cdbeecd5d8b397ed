"""JSON text to plain values, as Go's encoding/json reads it.

Where Python and Go differ, Go's view holds (the Agent and the API server are Go): no NaN, integers of any length, U+FFFD for
a lone surrogate, the last of two equal keys wins. The values that lose are kept aside, as for YAML.
"""

import json
import re
from typing import Any

from enc_operator.core.syntax.documents import mark_at
from enc_operator.core.syntax.faults import SyntaxFault
from enc_operator.core.syntax.json_tree import json_tree
from enc_operator.core.syntax.nodes import Duplicate
from enc_operator.core.syntax.yaml_text import MAX_DEPTH, Parsed

# Python refuses to convert longer integers (CVE-2020-10735); Go goes on.
_MAX_DIGITS = 4000
_NESTING = re.compile(r'"(?:[^"\\]|\\.)*+"?|([\[{])|[\]}]', re.DOTALL)
_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*+"|(-?Infinity|NaN)', re.DOTALL)
_SURROGATE = "[dD][89a-fA-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(
    rf"\\(?:u[dD][89abAB][0-9a-fA-F]{{2}}\\u[dD][c-fC-F][0-9a-fA-F]{{2}}|(u{_SURROGATE})|.)", re.DOTALL
)


def parse_json(text: str) -> Parsed:
    """Read a text that is one JSON value; raise `SyntaxFault` when it cannot be read."""
    parsed = Parsed(text)

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        return result if len(result) == len(items) else _last_ones(parsed, items)

    _check_depth(text)
    try:
        parsed.value = json.loads(
            _without_surrogates(text), object_pairs_hook=pairs, parse_int=_integer, parse_constant=_refuse
        )
    except json.JSONDecodeError as error:
        where = mark_at(text, error.pos)
        raise SyntaxFault("json-invalid", f"not JSON: {_problem(error)}", _fix_for(error), where) from None
    except _Constant as error:
        where = mark_at(text, _constant_at(text))
        raise SyntaxFault(
            "json-invalid", f"not JSON: {error} is no JSON value", "write a number or null", where
        ) from None
    if parsed.duplicates:
        parsed.duplicates = json_tree(text).duplicates
    return parsed


def _check_depth(text: str) -> None:
    """Refuse what Python's reader, which recurses, would give up on at a depth that depends on its caller."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for token in _NESTING.finditer(text):
        if token[1]:
            depth += 1
        elif token[0] in ("]", "}"):
            depth -= 1
        if depth > MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} levels deep"
            raise SyntaxFault("json-depth", message, "flatten the JSON", mark_at(text, token.start()))


def _without_surrogates(text: str) -> str:
    """Write U+FFFD for each surrogate that is no half of a pair; every place in the text stays where it is."""
    if "\\u" not in text:
        return text
    return _ESCAPE.sub(lambda escape: "\\ufffd" if escape[1] else escape[0], text)


class _Constant(Exception):  # noqa: N818 - never leaves this module
    """A word that Python's reader takes for a number and Go's does not."""


def _refuse(constant: str) -> None:
    raise _Constant(constant)


def _constant_at(text: str) -> int:
    return next(found.start(1) for found in _CONSTANT.finditer(text) if found[1])


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < _MAX_DIGITS else float(digits)


def _last_ones(parsed: Parsed, items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Keep the last of equal keys, at its own place: of keys that differ only in case, the Agent takes the last too."""
    result: dict[str, Any] = {}
    for key, value in items:
        if key in result:
            parsed.duplicates.append(Duplicate(key))
            parsed.shadowed.append(result.pop(key))
        result[key] = value
    return result


def _problem(error: json.JSONDecodeError) -> str:
    place = f" (line {error.lineno}, column {error.colno})"
    return error.msg[:1].lower() + error.msg[1:] + place


def _fix_for(error: json.JSONDecodeError) -> str:
    rest = error.doc[error.pos : error.pos + 1]
    if rest == "'":
        return 'JSON strings and keys stand in double quotes: "…"'
    # Python 3.13 points at the comma itself.
    if (
        rest and rest in "]}," and error.doc[: error.pos].rstrip().endswith(",")
    ) or "trailing comma" in error.msg:
        return "remove the comma that nothing follows"
    if error.msg.startswith("Invalid control character"):
        return "write line breaks and tabs inside a string as \\n and \\t"
    return "correct the JSON at this place"
