r"""From a CRD's OpenAPI schema to a JSON schema that accepts no more than the API server does.

Closed to unknown fields, which the API server prunes in silence unless it is asked to be strict. What Python reads
differently from Go is translated: `$` ends the text (Python's also stands before a last line feed). One difference stays
on purpose: a null in a spec, which the API server removes, is a fault (a blank `expires:` must not become a grant without
end).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

PRESERVE = "x-kubernetes-preserve-unknown-fields"
KEYWORDS = frozenset(
    {
        *("type", "properties", "required", "additionalProperties", "minProperties", "maxProperties"),
        *("items", "minItems", "maxItems", "minLength", "maxLength", "pattern", "enum", "format"),
        *("minimum", "maximum", "nullable", "default", "description", PRESERVE),
        *("x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-validations"),
    }
)
_KEPT = KEYWORDS - {"default", "nullable"} - {word for word in KEYWORDS if word.startswith("x-")}
_INTEGERS = {"int32": 2**31, "int64": 2**63}
# fromisoformat reads more than RFC 3339 (weeks, missing parts), which the API server refuses.
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})"
)


def translate(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a structural schema."""
    translated = {word: value for word, value in schema.items() if word in _KEPT}
    if "pattern" in schema:
        translated["pattern"] = anchored(schema["pattern"])
    if "items" in schema:
        translated["items"] = translate(schema["items"])
    if schema.get("type") == "object":
        _close(schema, translated)
    if schema.get("nullable"):
        _admit_null(translated)
    return translated


def anchored(pattern: str) -> str:
    """Return a pattern whose final `$` means the end of the text, as in Go."""
    return f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern


def is_date_time(value: Any) -> bool:
    """Tell whether a string is an RFC 3339 time with its zone; what is no string is none of this check's business."""
    if not isinstance(value, str):
        return True
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return _RFC_3339.fullmatch(value) is not None


def fits(value: Any, bound: int) -> bool:
    """Tell whether an integer is within [-bound, bound); what is no integer is none of this check's business."""
    return not isinstance(value, int) or -bound <= value < bound


def format_checker() -> Any:
    """Return the checks of the formats that the CRDs use, for jsonschema."""
    from jsonschema import FormatChecker  # noqa: PLC0415 - 60 ms that a run without such resources saves

    checker = FormatChecker(formats=())
    checker.checks("date-time")(is_date_time)
    for name, bound in _INTEGERS.items():
        checker.checks(name)(lambda value, bound=bound: fits(value, bound))
    return checker


def _close(schema: Mapping[str, Any], translated: dict[str, Any]) -> None:
    translated["properties"] = {
        name: translate(child) for name, child in schema.get("properties", {}).items()
    }
    values = schema.get("additionalProperties")
    if isinstance(values, Mapping):
        translated["additionalProperties"] = translate(values)
    elif not schema.get(PRESERVE):
        translated["additionalProperties"] = False


def _admit_null(translated: dict[str, Any]) -> None:
    translated["type"] = [translated["type"], "null"]
    if "enum" in translated:
        translated["enum"] = [*translated["enum"], None]
