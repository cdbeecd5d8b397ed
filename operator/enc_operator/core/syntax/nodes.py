"""Places in a text, and where its values stand: a tree of offsets, which the readers of YAML and JSON fill.

What a place means, and how a place inside a scalar's own text is found, stands elsewhere.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from enc_operator.core.syntax.runs import Runs

CONTAINER, ALIAS, JSON, PLAIN = "{", "*", "json", ""
"""How a node is written, besides YAML's own `|`, `>`, `"` and `'`."""


class Mark(NamedTuple):
    """A place in a text; line and column count from 0, the column in code points."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a decoded text, by its offsets. `text` is all of it: a place where another text stands is no place for it.

    `telling` says that the piece may be shown.
    """

    text: str = field(repr=False)
    start: int
    end: int
    telling: bool = True


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A mapping key that stands twice, and the offsets at which the later one stands; the last one wins."""

    key: str
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Node:
    """A value: its offsets with quotes and all, how it is written, a string's decoded text, and the key before it."""

    start: int = 0
    end: int = 0
    style: str = CONTAINER
    text: str | None = None
    key: "Node | None" = None
    inside: dict[Any, "Node"] = field(default_factory=dict)
    runs: Runs | Literal[False] | None = None  # what `runs_of` found out


@dataclass(slots=True)
class Tree:
    """The values of a text. One that could not be read to its end is not `complete`; `reached` is where reading stopped."""

    root: Node
    complete: bool = True
    reached: int = 0
    duplicates: list[Duplicate] = field(default_factory=list)

    def along(self, path: tuple[Any, ...]) -> list[Node]:
        """Return the nodes from the root along a path, as far as it leads."""
        found = [self.root]
        for step in path:
            following = found[-1].inside.get(step)
            if following is None:
                break
            found.append(following)
        return found
