"""Where a value stands in a file: worked out when it is asked for, so that reading stays fast and small."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from enc_operator.core.syntax.documents import mark_at
from enc_operator.core.syntax.nodes import Node, Span
from enc_operator.core.syntax.trees import Levels, find, tree_of


class Position(NamedTuple):
    """A place as editors count: line and column from 1."""

    line: int
    column: int


class Extent(NamedTuple):
    """From where to where something stands; the end is the place behind its last character."""

    start: Position
    end: Position


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
        """Return where the value at `path` stands; `inner` leads on into the text of that value.

        Without a path the whole text is the value that `inner` leads into, as in an Agent's own file.
        """
        return self.position_at(self.find(path, inner)[0])

    def find(
        self,
        path: tuple[Any, ...],
        inner: tuple[Any, ...] = (),
        span: Span | None = None,
        *,
        on_key: bool = False,
    ) -> tuple[int, int]:
        """Return the offsets of a value, of its key, or of a span of either, in the source's text."""
        return find(self.text, levels(path, inner, span), span, on_key=on_key)

    def position_at(self, offset: int) -> Position:
        """Return where an offset of the text stands in the file."""
        mark = mark_at(self.text, offset)
        return Position(self.line + mark.line + 1, mark.column + 1)

    def items(self, path: tuple[Any, ...], count: int) -> "list[Source]":
        """Return the sources of the items of the list at `path`, each without its neighbours' text.

        An item whose end is not known has no text.
        """
        nodes = tree_of(self.text).along(path)
        inside = nodes[-1].inside if len(nodes) == len(path) + 1 else {}
        starts = [inside.get(index) for index in range(count)]
        sources = [
            self._slice(node, following.start if following else None) for node, following in pairwise(starts)
        ]
        return sources + [self._slice(node, len(self.text)) for node in starts[-1:]]

    def _slice(self, node: Node | None, end: int | None) -> "Source":
        mark = mark_at(self.text, node.start if node else 0)
        if node is None or end is None:
            return Source(self.file, self.line + mark.line)
        # Spaces keep the columns of the file where the list's own text stood.
        piece = self.text[node.start : end].rstrip("- ") if end < len(self.text) else self.text[node.start :]
        return Source(self.file, self.line + mark.line, " " * mark.column + piece)


def levels(path: tuple[Any, ...], inner: tuple[Any, ...], span: Span | None = None) -> Levels:
    """Return the paths that lead somewhere; a span without any is a piece of the whole text."""
    return tuple(steps for steps in (path, inner) if steps) or (() if span else ((),))
