"""Edits of a text at exact offsets, and what else an edit would have changed. Which edits to make stands elsewhere."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from enc_operator.core.syntax import SyntaxFault, parse_text, split_documents


class Edit(NamedTuple):
    """A piece of a text, by its offsets, and what is written in its place."""

    start: int
    end: int
    text: str


class Change(NamedTuple):
    """A decoded value before and after."""

    before: Any
    after: Any


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with its edits made; they do not overlap."""
    pieces, end = [], 0
    for edit in sorted(edits):
        pieces += [text[end : edit.start], edit.text]
        end = edit.end
    return "".join([*pieces, text[end:]])


def changes_between(before: str, after: str) -> list[Change] | None:
    """Return what differs between the values of two texts; None where either cannot be read."""
    try:
        old, new = parse_text(before), parse_text(after)
    except SyntaxFault:
        return None
    return [*_differences([old.value, old.shadowed], [new.value, new.shadowed])]


def document_changes(before: str, after: str) -> list[Change] | None:
    """Return what differs between two streams of documents; None where a document came or went, or cannot be read."""
    old, new = [*split_documents(before)], [*split_documents(after)]
    if [line for line, _ in old] != [line for line, _ in new]:
        return None
    changes: list[Change] = []
    for (_, one), (_, other) in zip(old, new, strict=True):
        found = changes_between(one, other) if one != other else []
        if found is None:
            return None
        changes += found
    return changes


def _differences(before: Any, after: Any) -> Iterator[Change]:
    """Yield the values that differ, in order; of the same type means the same type exactly: `1` is not `true`."""
    pending = [(before, after)]
    while pending:
        old, new = pending.pop()
        alike = type(old) is type(new)
        if alike and isinstance(old, dict) and [*old] == [*new]:
            pending += reversed([(old[key], new[key]) for key in old])
        elif alike and isinstance(old, list) and len(old) == len(new):
            pending += reversed([*zip(old, new, strict=True)])
        elif not alike or repr(old) != repr(new):
            yield Change(old, new)
