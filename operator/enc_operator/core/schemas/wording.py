"""From a violated keyword of a JSON schema to a fault in plain words.

What a user reads is ours, never jsonschema's: its messages repeat the whole value and show regular expressions.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Protocol

from enc_operator.core.schemas.faults import Path, SchemaFault, choices, closest, quote, type_name
from enc_operator.core.schemas.patterns import PATTERNS
from enc_operator.core.schemas.translation import anchored

_WORDS = {anchored(pattern): words for pattern, words in PATTERNS.items()}
_MOST = 100  # unknown fields of one object, so that a hostile file cannot keep difflib busy
_TYPES = {"object": {}, "array": [], "string": "", "boolean": False, "integer": 0, "number": 0.0}


class Violation(Protocol):
    """What is needed of a jsonschema ValidationError."""

    @property
    def validator(self) -> Any:
        """The keyword."""

    @property
    def validator_value(self) -> Any:
        """What the schema says there."""

    @property
    def instance(self) -> Any:
        """The value."""

    @property
    def schema(self) -> Any:
        """The schema that the keyword stands in."""

    @property
    def absolute_path(self) -> Iterable[Any]:
        """The way to the value."""


def word_faults(violations: Iterable[Violation]) -> tuple[SchemaFault, ...]:
    """Return the faults, each once: of several about one value the most telling one."""
    by_keyword: dict[str, list[Violation]] = {}
    for violation in violations:
        by_keyword.setdefault(violation.validator, []).append(violation)
    unknown = [pair for v in by_keyword.pop("additionalProperties", ()) for pair in _unknown_fields(v)]
    missing = dict(pair for v in by_keyword.pop("required", ()) for pair in _missing_fields(v))
    values: dict[Path, SchemaFault] = {}
    for keyword in sorted(by_keyword, key=list(_WORDING).index):
        for violation in by_keyword[keyword]:
            path = tuple(violation.absolute_path)
            values.setdefault(path, SchemaFault(path, *_WORDING[keyword](violation)))
    meant = {path for path, _ in unknown}
    wanted = [fault for path, fault in missing.items() if path not in meant]
    return (*(fault for _, fault in unknown), *wanted, *values.values())


def _unknown_fields(violation: Violation) -> Iterator[tuple[Path, SchemaFault]]:
    """Yield each unknown field with the path of the field that was probably meant, or else its own."""
    path, known = tuple(violation.absolute_path), violation.schema["properties"]
    absent = [field for field in known if field not in violation.instance]
    unknown = (name for name in map(str, violation.instance) if name not in known)
    for name in islice(unknown, _MOST):
        meant = closest(name, absent)
        fix = f'did you mean "{meant}"?' if meant else f"remove it; known here: {choices(known)}"
        yield (
            (*path, meant or name),
            SchemaFault((*path, name), f"unknown field {quote(name)}", fix, on_key=True),
        )


def _missing_fields(violation: Violation) -> Iterator[tuple[Path, SchemaFault]]:
    path = tuple(violation.absolute_path)
    for name in violation.validator_value:
        if name not in violation.instance:
            about = violation.schema["properties"][name].get("description", "")
            yield (
                (*path, name),
                SchemaFault(path, f'"{name}" is missing', f"add {name}: {about}" if about else f"add {name}"),
            )


def _type(violation: Violation) -> tuple[str, str]:
    wanted = violation.validator_value
    name = type_name(_TYPES[wanted if isinstance(wanted, str) else wanted[0]])
    fix = (
        "give it a value or remove it"
        if violation.instance is None
        else _TYPE_FIXES.get(name, f"write {name}")
    )
    return f"must be {name}, not {type_name(violation.instance)}", fix


_TYPE_FIXES = {"a string": "put it in quotes", "a list": 'write a list, such as ["name"]'}


def _enum(violation: Violation) -> tuple[str, str]:
    known = [str(choice) for choice in violation.validator_value]
    meant = closest(str(violation.instance), known)
    return (
        f"{quote(violation.instance)} is not one of {', '.join(known)}",
        f'did you mean "{meant}"?' if meant else f"use one of {', '.join(known)}",
    )


def _pattern(violation: Violation) -> tuple[str, str]:
    what, fix = _WORDS[violation.validator_value]
    wildcard = "*" in violation.instance and '"*"' not in what
    return (
        f"{quote(violation.instance)} is not {what}",
        f"{fix}; there is no wildcard here" if wildcard else fix,
    )


def _format(violation: Violation) -> tuple[str, str]:
    if violation.validator_value == "date-time":
        return (
            f"{quote(violation.instance)} is no date and time that exists",
            "write it as 2030-12-31T23:59:59Z",
        )
    return f"{quote(violation.instance)} is too large a number", "use a smaller one"


def _too_few(violation: Violation) -> tuple[str, str]:
    star = "*" in str(_WORDS.get(violation.schema.get("items", {}).get("pattern"), ""))
    return "must have at least one item", 'name each, or write ["*"] for all' if star else "add an item"


def _bounds(violation: Violation) -> tuple[str, str]:
    low, high = violation.schema.get("minimum"), violation.schema.get("maximum")
    range_text = f"from {low} to {high}" if high is not None else f"of {low} or more"
    return f"{quote(violation.instance)} is out of range", f"use a number {range_text}"


# In the order in which they tell most when one value violates several.
_WORDING: Mapping[str, Callable[[Violation], tuple[str, str]]] = {
    "type": _type,
    "minLength": lambda _: ("must not be empty", "give it a value"),
    "enum": _enum,
    "pattern": _pattern,
    "format": _format,
    "minimum": _bounds,
    "maximum": _bounds,
    "minItems": _too_few,
    "minProperties": lambda _: ("must have at least one entry", "add an entry or remove the field"),
    "maxLength": lambda v: (f"is {len(v.instance)} characters long", f"use {v.validator_value} at most"),
    "maxItems": lambda v: (
        f"has {len(v.instance)} items",
        f"write {v.validator_value} at most, the rest in another resource",
    ),
    "maxProperties": lambda v: (f"has {len(v.instance)} entries", f"write {v.validator_value} at most"),
}
