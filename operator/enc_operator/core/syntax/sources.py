"""Where a value stands in a file: worked out when it is asked for, so that reading stays fast and small."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from enc_operator.core.syntax.faults import Mark
from enc_operator.core.syntax.yaml_text import Marks, marks_of


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

        Without a path the whole text is the value, as in an Agent's own file.
        """
        marks = _marks(self.text)
        mark, style = _nearest(marks, path or inner)
        line, column = mark.line, mark.column
        if style == "|" and inner and path in marks:
            line, column = self._inside(mark, inner)
        return Position(self.line + line + 1, column + 1)

    def items(self, path: tuple[Any, ...], count: int) -> "list[Source]":
        """Return the sources of the items of the list at `path`, each without its neighbours' text."""
        marks = _marks(self.text)
        starts = [marks.get((*path, index), (None, ""))[0] for index in range(count)]
        lines = self.text.split("\n")
        return [
            Source(self.file, self.line) if start is None else self._slice(lines, start, following)
            for start, following in zip(starts, [*starts[1:], None], strict=True)
        ]

    def _slice(self, lines: list[str], start: Mark, end: Mark | None) -> "Source":
        piece = lines[start.line : end.line + 1 if end else None]
        if end:
            piece[-1] = piece[-1][: end.column].rstrip("- ")
        # Spaces keep the columns of the file where the list's own text stood.
        piece[0] = " " * start.column + piece[0][start.column :]
        return Source(self.file, self.line + start.line, "\n".join(piece))

    def _inside(self, start: Mark, inner: tuple[Any, ...]) -> tuple[int, int]:
        block, indent = _block(self.text, start)
        mark, _ = _nearest(_marks(block), inner)
        return start.line + 1 + mark.line, indent + mark.column


@lru_cache(maxsize=64)
def _marks(text: str) -> Marks:
    return marks_of(text)


def _nearest(marks: Marks, path: tuple[Any, ...]) -> tuple[Mark, str]:
    """Return the mark of the path or of its nearest ancestor that has one."""
    for length in range(len(path), -1, -1):
        found = marks.get(path[:length])
        if found is not None:
            return found
    return Mark(0, 0), ""


def _block(text: str, start: Mark) -> tuple[str, int]:
    """Return the lines of the literal block scalar after `start`, and the indentation that was taken off."""
    lines = text.split("\n")[start.line + 1 :]
    first = next((line for line in lines if line.strip()), "")
    indent = len(first) - len(first.lstrip(" "))
    body: list[str] = []
    for line in lines:
        if line.strip() and not line.startswith(" " * indent):
            break
        body.append(line[indent:])
    return "\n".join(body), indent
