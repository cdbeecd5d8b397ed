"""What is wrong with a document, and how its words are chosen. What is looked for stands elsewhere."""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]

_SHOWN = 64
_TYPES = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "true or false",
    int: "an integer",
    float: "a number",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """One fault: `path` leads to a value that is in the document, also where something is missing in it.

    `on_key` says that its key is wrong, and not the value.
    """

    path: Path
    message: str
    fix: str
    on_key: bool = False


def type_name(value: Any) -> str:
    """Name a value's type as JSON has it."""
    return _TYPES.get(type(value), "something that JSON does not know")


def quote(value: Any) -> str:
    """Show a value on one line, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant, whatever its case."""
    by_lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word[:_SHOWN].lower(), by_lower, n=1, cutoff=0.7)
    return by_lower[found[0]] if found else None


def choices(known: Iterable[str]) -> str:
    """List words in a stable order."""
    return ", ".join(sorted(known)) or "nothing"
