"""A line of the source with the place of a finding marked, in which no value can be read.

Shown are keys, brackets and the like, what is written as a handle, and the span that the finding itself is about. Everything
else could be a password: it is `…`. Nothing at all is shown of a text that may be a Secret.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from enc_operator.core.syntax.documents import line_end, line_starts, mark_at
from enc_operator.core.syntax.nodes import CONTAINER, JSON, PLAIN, Node, Tree
from enc_operator.core.syntax.scalars import value_start
from enc_operator.core.syntax.trees import Levels, text_along, tree_of

_WIDTH = 96  # columns of the line that are shown: with the line's number a terminal of 110
_LEAD = 32  # columns of them before the span, at most
_HIDDEN = "…"
_HANDLE = re.compile(r"ENC\[[^\[\]\"'…]*\]?")
_STRUCTURE = frozenset(" \t\r\n{}[],:-?|>+")
_PLAIN_KEY = re.compile(r"[^\s:=,\"'{}\[\]]*")
_QUOTED = (JSON, '"', "'")
_MAYBE_SECRET = re.compile(r"kind[\"']?\s*:\s*[\"']?Secret(?:List)?\b|stringData")


class Excerpt(NamedTuple):
    """A line of a text, counted from 0, as it is shown, and the line below it that marks the span."""

    line: int
    text: str
    marks: str


def excerpt(text: str, levels: Levels, start: int, end: int, *, telling: bool) -> Excerpt | None:
    """Return the line in which a span of a text begins; a span is shown itself if it is `telling`."""
    if not text.strip() or (not tree_of(text).complete and _MAYBE_SECRET.search(text)):
        return None
    line = mark_at(text, start).line
    low = line_starts(text)[line]
    high = line_end(text, low)
    end = min(max(end, start + 1), max(high, start + 1))
    pieces = [
        *_visible(text, levels, low, high),
        *(found.span() for found in _HANDLE.finditer(text, low, high)),
    ]
    pieces.append((low, low + len(text[low:high]) - len(text[low:high].lstrip(" \t"))))
    if telling:
        pieces.append((start, end))
    shown = bytearray(high - low)
    for first, last in pieces:
        for offset in range(max(first, low), min(last, high)):
            shown[offset - low] = 1
    cells = list(_cells(text[low:high], shown))
    return Excerpt(line, *_window(cells, start - low, end - low, high - low))


def _visible(text: str, levels: Levels, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Yield what may be shown between two offsets: keys, quotes and structure; of the value at a path also inside it."""
    tree = tree_of(text)
    nodes = list(_leaves(tree, low, high))
    for node in nodes:
        begin = value_start(text, node)
        if node.key and node.key.text == "name" and len(levels) < 2:
            yield begin, node.end  # of a container or a variable: the manifest's own
        elif node.style in _QUOTED:
            yield from ((begin, begin + 1), (node.end - 1, node.end))
        elif node.style in ("|", ">"):
            yield begin, begin + 1
    yield from (_key(text, node.key) for node in nodes if node.key)
    yield from _gaps(text, tree, nodes, low, high)
    found = text_along(text, levels[0]) if levels else None
    if found is not None and (len(levels) > 1 or found[0].lstrip()[:1] in ("{", "[")):
        value, runs = found
        for first, last in _visible(value, levels[1:], *runs.decoded_range(low, high)):
            yield runs.range(first, last)


def _key(text: str, key: Node) -> tuple[int, int]:
    """Return what may be shown of a key: where a blank behind a colon was forgotten, a value is part of it."""
    found = _PLAIN_KEY.match(text, key.start, key.end) if key.style == PLAIN else None
    return key.start, found.end() if found else key.end


def _leaves(tree: Tree, low: int, high: int) -> Iterator[Node]:
    """Yield the nodes that reach into a range, collections for the sake of their keys."""
    pending = [tree.root]
    while pending:
        node = pending.pop()
        begin = node.key.start if node.key else node.start
        if begin < high and node.end > low:
            yield node
            pending += node.inside.values()


def _gaps(text: str, tree: Tree, nodes: list[Node], low: int, high: int) -> Iterator[tuple[int, int]]:
    """Yield the characters of structure between values; a comment ends them, and so does what could not be read."""
    claimed = bytearray(high - low)
    for node in nodes:
        for part in (node, node.key):
            if part and part.style != CONTAINER:
                first, last = max(part.start - low, 0), max(min(part.end, high) - low, 0)
                claimed[first:last] = b"x" * max(last - first, 0)
    for offset in range(low, high if tree.complete else min(high, tree.reached + 1)):
        if claimed[offset - low]:
            continue
        if text[offset] == "#" and (offset == low or text[offset - 1] in " \t\n"):
            return
        if text[offset] in _STRUCTURE or (text[offset].isdigit() and text[offset - 1] in "|>"):
            yield offset, offset + 1


def _cells(line: str, shown: bytearray) -> Iterator[tuple[int, str]]:
    """Yield the characters that a terminal shows with their places in the line; what is hidden is one character a run."""
    for place, letter in enumerate(line):
        if shown[place]:
            yield place, _printable(letter)
        elif place == 0 or shown[place - 1]:
            yield place, _HIDDEN


def _printable(letter: str) -> str:
    if letter == "\t":
        return " "
    return letter if letter.isprintable() else "\ufffd"


def _window(cells: list[tuple[int, str]], start: int, end: int, length: int) -> tuple[str, str]:
    """Cut a line around its span, and mark the span below it in columns of a terminal."""
    widths = [_width(letter) for _, letter in cells]
    marked = [index for index, (place, _) in enumerate(cells) if start <= place < end]
    first = marked[0] if marked else _before(cells, start, length)
    last = marked[-1] + 1 if marked else first
    from_cell = _back(widths, first, _LEAD if sum(widths) > _WIDTH else _WIDTH)
    to_cell = _forth(widths, from_cell, _WIDTH)
    text = "".join(letter for _, letter in cells[from_cell:to_cell])
    lead = _HIDDEN if from_cell and not text.startswith(_HIDDEN) else ""
    tail = _HIDDEN if to_cell < len(cells) and not text.endswith(_HIDDEN) else ""
    indent = len(lead) + sum(widths[from_cell:first])
    return f"{lead}{text}{tail}".rstrip(), " " * indent + "^" * max(
        sum(widths[first : min(last, to_cell)]), 1
    )


def _before(cells: list[tuple[int, str]], start: int, length: int) -> int:
    """Return the cell of a span of which nothing is shown: what hides it, or the place behind the line's end."""
    return len(cells) if start >= length else sum(place <= start for place, _ in cells) - 1


def _back(widths: list[int], cell: int, most: int) -> int:
    while cell and most > 0:
        cell -= 1
        most -= widths[cell]
    return cell


def _forth(widths: list[int], cell: int, most: int) -> int:
    while cell < len(widths) and most > 0:
        most -= widths[cell]
        cell += 1
    return cell


def _width(letter: str) -> int:
    """Return the columns of a terminal that a character takes (UAX #11)."""
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
