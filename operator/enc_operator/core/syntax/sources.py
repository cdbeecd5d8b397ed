"""Where a value stands in a file: worked out when it is asked for, so that reading stays fast and small."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from enc_operator.core.syntax.documents import lines_of
from enc_operator.core.syntax.faults import Mark
from enc_operator.core.syntax.yaml_text import Marks, marks_of

_BLOCK_HEADER = re.compile(r"\|[-+]?([1-9]?)[-+]?[ \t]*(?:#.*)?\Z")


class Position(NamedTuple):
    """A place as editors count: line and column from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Source:
    """The text that one object was read from.

    `line` is the line of the file (from 0) on which `text` begins; columns of `text` are columns of the file. An object that
    came from a cluster has no text.
    """

    file: str
    line: int = 0
    text: str = field(default="", repr=False)

    def position(self, path: tuple[Any, ...], inner: tuple[Any, ...] = ()) -> Position:
        """Return where the value at `path` stands; `inner` leads on into the text of a literal block scalar.

        Without a path the whole text is the value that `inner` leads into, as in an Agent's own file.
        """
        tree = _marks(self.text)
        marks = tree.along(path)
        mark = marks[-1].mark
        if marks[-1].style == "|" and inner and len(marks) == len(path) + 1:
            mark = self._inside(mark, marks[-2].mark.column if path else 0, inner)
        elif not path:
            mark = tree.along(inner)[-1].mark
        return Position(self.line + mark.line + 1, mark.column + 1)

    def items(self, path: tuple[Any, ...], count: int) -> "list[Source]":
        """Return the sources of the items of the list at `path`, each without its neighbours' text.

        An item whose end is not known has no text.
        """
        marks = _marks(self.text).along(path)
        inside = marks[-1].inside if len(marks) == len(path) + 1 else {}
        starts = [inside[index].mark if index in inside else None for index in range(count)]
        sources = [self._slice(start, end) for start, end in pairwise(starts)]
        return sources + [self._last(start) for start in starts[-1:]]

    def _slice(self, start: Mark | None, end: Mark | None) -> "Source":
        if start is None or end is None:
            return Source(self.file, self.line + (start.line if start else 0))
        piece = _lines(self.text)[start.line : end.line + 1]
        piece[-1] = piece[-1][: end.column].rstrip("- ")
        return self._beginning(start, piece)

    def _last(self, start: Mark | None) -> "Source":
        return self._beginning(start, _lines(self.text)[start.line :]) if start else self._slice(None, None)

    def _beginning(self, start: Mark, piece: list[str]) -> "Source":
        # Spaces keep the columns of the file where the list's own text stood.
        piece[0] = " " * start.column + piece[0][start.column :]
        return Source(self.file, self.line + start.line, "\n".join(piece))

    def _inside(self, start: Mark, parent: int, inner: tuple[Any, ...]) -> Mark:
        block = _block(self.text, start, parent)
        mark = block.marks.along(inner)[-1].mark
        return Mark(block.line + mark.line, block.indent + mark.column)


class _Block(NamedTuple):
    line: int
    indent: int
    marks: Marks


@lru_cache(maxsize=16)
def _marks(text: str) -> Marks:
    return marks_of(text)


@lru_cache(maxsize=16)
def _lines(text: str) -> list[str]:
    return lines_of(text)


@lru_cache(maxsize=16)
def _block(text: str, start: Mark, parent: int) -> _Block:
    """Read the literal block scalar that begins at `start`; its parent's column counts where it says its indentation."""
    lines = _lines(text)
    header, indicator = _header(lines, start)
    body = lines[header + 1 :]
    if indicator:
        indent = parent + int(indicator)
    else:
        first = next((line for line in body if line.strip(" ")), "")
        indent = len(first) - len(first.lstrip(" "))
    kept = []
    for line in body:
        if line.strip(" ") and not line.startswith(" " * indent):
            break
        kept.append(line[indent:])
    return _Block(header + 1, indent, marks_of("\n".join(kept)))


def _header(lines: list[str], start: Mark) -> tuple[int, str]:
    """Return the line that ends in `|`, which an anchor or a tag may stand before, and its indentation indicator."""
    number, rest = start.line, lines[start.line][start.column :]
    found = _BLOCK_HEADER.search(rest)
    while found is None:
        number += 1
        found = _BLOCK_HEADER.search(lines[number])
    return number, found[1]
