"""What each code's fix would be: edits of the text that holds the value, and the values that they change.

A proposal may still be wrong where the text stands inside another one, as in quotes of the same kind: that is found out by
reading it back, and the next proposal is tried.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from enc_operator.core.fixes.edits import Change, Edit, apply_edits
from enc_operator.core.syntax import SyntaxFault, parse_yaml
from enc_operator.core.syntax.documents import offset_of
from enc_operator.core.syntax.nodes import PLAIN, Node
from enc_operator.core.syntax.scalars import runs_of, value_start
from enc_operator.core.syntax.trees import tree_of
from enc_operator.core.templates.strings import near_miss

_BLANKS = " \t\r\n"
_BREAK = re.compile("[\n\r\x85\u2028\u2029]")
_BRACKET = len("ENC")  # what a parser stumbles upon stands so far behind the handle's beginning
_HANDLE = re.compile(r"ENC\[[^\[\]{}\"'\\,#\s]+\]")


@dataclass(frozen=True, slots=True)
class Proposal:
    """Edits of a text, and all that they may change.

    `stand_ins` are edits that make a text readable which is not, so that there is something to compare with.
    """

    edits: tuple[Edit, ...]
    changes: tuple[Change, ...]
    stand_ins: tuple[Edit, ...] = ()


def _unquoted(text: str, _: tuple[Any, ...]) -> Iterator[Proposal]:
    """Quote every handle that stands as it is in a flow collection, with either quote."""
    for quote in ('"', "'"):
        edits = _quoting(text, quote)
        if edits:
            names = [f"handle-{number}" for number in range(len(edits))]
            yield Proposal(
                tuple(edits),
                tuple(Change(name, edit.text[1:-1]) for name, edit in zip(names, edits, strict=True)),
                tuple(edit._replace(text=name) for name, edit in zip(names, edits, strict=True)),
            )


def _quoting(text: str, quote: str) -> list[Edit] | None:
    """Return the edits that make a text readable; None where quotes alone do not."""
    edits: list[Edit] = []
    while True:
        quoted = apply_edits(text, edits)
        try:
            parse_yaml(quoted)
        except SyntaxFault as fault:
            shift = len(edits) * 2 * len(quote)
            behind = edits[-1].end + shift if edits else 0  # each step goes on, or it would never end
            at = offset_of(quoted, fault.mark) - _BRACKET
            found = _HANDLE.match(quoted, at) if at >= behind else None
            if fault.code != "handle-unquoted" or found is None:
                return None
            edits.append(Edit(found.start() - shift, found.end() - shift, f"{quote}{found[0]}{quote}"))
        else:
            return edits


def _newline(text: str, path: tuple[Any, ...]) -> Iterator[Proposal]:
    """Take the line breaks away that stand around a handle."""
    node = _node(text, path)
    miss = near_miss(node.text) if node and node.text else None
    if node and node.text and miss and miss.code == "handle-newline":
        edits = _chomped(text, node) if node.style in ("|", ">") else _trimmed(text, node, node.text)
        yield Proposal(edits, (Change(node.text, _without_breaks(node.text)),))


def _chomped(text: str, node: Node) -> tuple[Edit, ...]:
    start = value_start(text, node)
    header = text[start : node.end].split(maxsplit=1)[0]
    return (Edit(start, start + len(header), f"{header.rstrip('-+').replace('+', '')}-"),)


def _trimmed(text: str, node: Node, value: str) -> tuple[Edit, ...]:
    runs = runs_of(text, node)
    start, end = _handle_span(value)
    outside = ((0, start), (end, len(value)))
    return tuple(Edit(*runs.range(*span), "") for span in outside if runs and _BREAK.search(value, *span))


def _without_breaks(value: str) -> str:
    start, end = _handle_span(value)
    lead, tail = (piece if not _BREAK.search(piece) else "" for piece in (value[:start], value[end:]))
    return lead + value[start:end] + tail


def _handle_span(value: str) -> tuple[int, int]:
    return len(value) - len(value.lstrip(_BLANKS)), len(value.rstrip(_BLANKS))


def _null(text: str, path: tuple[Any, ...]) -> Iterator[Proposal]:
    """Write an empty mapping for JSON's null."""
    node = _node(text, path)
    if node and node.style == PLAIN and text[node.start : node.end] == "null":
        yield Proposal((Edit(node.start, node.end, "{}"),), (Change(None, {}),))


def _node(text: str, path: tuple[Any, ...]) -> Node | None:
    nodes = tree_of(text).along(path)
    return nodes[-1] if len(nodes) == len(path) + 1 else None


Proposing = Callable[[str, tuple[Any, ...]], Iterator[Proposal]]

IN_VALUE: Mapping[str, Proposing] = {"handle-newline": _newline, "init-config-null": _null}
"""Codes that are about a value: the text that it stands in, and the path to it."""

IN_TEXT: Mapping[str, Proposing] = {"handle-unquoted": _unquoted}
"""Codes that are about a text as a whole."""
