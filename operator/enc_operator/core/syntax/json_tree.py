"""Where the values of a JSON text stand. It is read without recursion, and as far as it is JSON.

Stricter than nothing else needs it: whether a text is JSON is decided by `parse_json`.
"""

import re
from dataclasses import dataclass, field
from enum import Enum

from enc_operator.core.syntax.nodes import CONTAINER, JSON, PLAIN, Duplicate, Node, Tree
from enc_operator.core.syntax.scalars import json_runs

_TOKEN = re.compile(
    r"[ \t\n\r]*+(?:([\[{])|([\]}])|(,)|(:)|\"((?:[^\"\\\x00-\x1f]|\\.)*+)\"|([^\s\[\]{},:\"]++))", re.DOTALL
)


class _Next(Enum):
    VALUE = "a value"
    VALUE_OR_END = "a value or ]"
    KEY = "a key"
    KEY_OR_END = "a key or }"
    COLON = ":"
    COMMA_OR_END = ", or the end"
    NOTHING = "nothing"


_VALUES = (_Next.VALUE, _Next.VALUE_OR_END)
_KEYS = (_Next.KEY, _Next.KEY_OR_END)
_ENDS = (_Next.VALUE_OR_END, _Next.KEY_OR_END, _Next.COMMA_OR_END)


@dataclass(slots=True)
class _Frame:
    node: Node
    is_object: bool
    key: Node | None = None


@dataclass(slots=True)
class _Scanner:
    text: str
    root: Node = field(default_factory=lambda: Node(style=PLAIN))
    frames: list[_Frame] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    next: _Next = _Next.VALUE

    def take(self, token: re.Match[str]) -> bool:
        """Take a token; tell whether it may stand there."""
        start, end = token.span(token.lastindex or 0)
        if token[1]:
            return self._open(start)
        if token[2]:
            return self._close(token[2], end)
        if token[3]:
            return self._comma()
        if token[4]:
            return self._colon()
        if token[6]:
            return self._value(Node(start, end, PLAIN))
        runs = json_runs(self.text, start, end)
        return self._string(Node(start - 1, end + 1, JSON, runs.text))

    def _string(self, node: Node) -> bool:
        if self.next in _KEYS:
            self.frames[-1].key = node
            self.next = _Next.COLON
            return True
        return self._value(node)

    def _value(self, node: Node) -> bool:
        if self.next not in _VALUES:
            return False
        self._place(node)
        self.next = _Next.COMMA_OR_END if self.frames else _Next.NOTHING
        return True

    def _open(self, start: int) -> bool:
        if self.next not in _VALUES:
            return False
        is_object = self.text[start] == "{"
        node = Node(start, len(self.text), CONTAINER)
        self._place(node)
        self.frames.append(_Frame(node, is_object))
        self.next = _Next.KEY_OR_END if is_object else _Next.VALUE_OR_END
        return True

    def _close(self, bracket: str, end: int) -> bool:
        if self.next not in _ENDS or (bracket == "}") is not self.frames[-1].is_object:
            return False
        self.frames.pop().node.end = end
        self.next = _Next.COMMA_OR_END if self.frames else _Next.NOTHING
        return True

    def _comma(self) -> bool:
        if self.next is not _Next.COMMA_OR_END:
            return False
        self.next = _Next.KEY if self.frames[-1].is_object else _Next.VALUE
        return True

    def _colon(self) -> bool:
        if self.next is not _Next.COLON:
            return False
        self.next = _Next.VALUE
        return True

    def _place(self, node: Node) -> None:
        if not self.frames:
            self.root = node
            return
        frame = self.frames[-1]
        inside = frame.node.inside
        if frame.key is None:
            inside[len(inside)] = node
            return
        node.key, name = frame.key, str(frame.key.text)
        if name in inside:
            self.duplicates.append(Duplicate(name, frame.key.start + 1, frame.key.end - 1))
        inside[name] = node


def json_tree(text: str) -> Tree:
    """Return where the values of a JSON text stand, as far as it can be read."""
    scanner = _Scanner(text)
    position = 0
    while scanner.next is not _Next.NOTHING:
        token = _TOKEN.match(text, position)
        if token is None or not scanner.take(token):
            break
        position = token.end()
    return Tree(scanner.root, scanner.next is _Next.NOTHING, position, scanner.duplicates)
