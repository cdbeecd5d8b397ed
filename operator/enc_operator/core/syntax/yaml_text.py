"""YAML text to plain values, built from events.

Composing deep nesting with libyaml overflows its C stack (50,000 `[` crash the process), so the values are built here from
the parser's events, which are flat. Duplicate keys, which PyYAML takes in silence, are reported; the value that loses is
kept aside, since it is text that somebody wrote under a key that is judged.
"""

import sys
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from enc_operator.core.syntax.documents import lines_of, mark_at, offset_of
from enc_operator.core.syntax.faults import SyntaxFault
from enc_operator.core.syntax.nodes import ALIAS, CONTAINER, PLAIN, Duplicate, Mark, Node, Tree
from enc_operator.core.syntax.resolution import BINARY, MERGE, key_text, resolve_plain, resolve_tagged

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_DEPTH = 500  # what aliases lead to included: far over any manifest, far under Python's own limit
MAX_EXPANDED = 100_000  # values that aliases repeat: far over any manifest, far under a bomb


@dataclass(slots=True)
class Parsed:
    """One document: its text, its value, the keys that stand twice, and the values that lost to a later duplicate."""

    text: str = field(default="", repr=False)
    value: Any = None
    duplicates: list[Duplicate] = field(default_factory=list)
    shadowed: list[Any] = field(default_factory=list)


def parse_yaml(text: str) -> Parsed:
    """Read the first document of a text; raise `SyntaxFault` when it cannot be read."""
    builder = _Builder(text, marking=False)
    _feed(builder, text)
    return builder.parsed


def yaml_tree(text: str) -> Tree:
    """Return where the values of the first document stand, as far as it can be read."""
    builder = _Builder(text, marking=True)
    tree = builder.tree
    tree.reached = len(text)
    try:
        _feed(builder, text)
    except SyntaxFault as fault:
        tree.reached = offset_of(text, fault.mark)
    tree.complete = builder.is_complete
    return tree


def _shift(text: str) -> int:
    """Return by how much libyaml's offsets lag behind: it does not count a byte order mark."""
    return int(text.startswith("\ufeff") and _LOADER is not yaml.SafeLoader)


def _feed(builder: "_Builder", text: str) -> None:
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.DocumentEndEvent):
                return
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        offset = error.problem_mark.index + _shift(text) if error.problem_mark else 0
        raise _invalid(error.problem or "cannot be read", text, offset) from None
    except yaml.reader.ReaderError as error:
        # Its position counts bytes.
        where = mark_at(text, text.find(chr(error.character)))
        message = f"not YAML: character #x{error.character:04x} is not allowed"
        raise SyntaxFault("yaml-invalid", message, "remove the control character", where) from None
    except UnicodeEncodeError as error:
        where = mark_at(text, error.start)
        raise SyntaxFault(
            "yaml-invalid", "not YAML: a lone surrogate", "write the character itself", where
        ) from None


def _invalid(problem: str, text: str, offset: int) -> SyntaxFault:
    # What is missing at the end is missing behind the last word, not on the line after it.
    where = mark_at(text, min(offset, len(text.rstrip())))
    line = lines_of(text)[where.line]
    if line[: where.column + 1].endswith("\t"):
        message = "a tab is used for indentation"
        return SyntaxFault("yaml-invalid", f"not YAML: {message}", "indent with spaces", where)
    if line.startswith("ENC[", max(where.column - 3, 0)):
        return SyntaxFault(
            "handle-unquoted", f"not YAML: {_BRACKET}", 'quote the whole value: "ENC[…]"', where
        )
    fix = 'quote the whole value: "ENC[…]"' if "ENC[" in line else "correct the YAML at this place"
    return SyntaxFault("yaml-invalid", f"not YAML: {problem}", fix, where)


_BRACKET = "inside { } or [ ] the bracket of a handle begins a list"


class _Anchored(NamedTuple):
    value: Any
    size: int  # values, those that aliases in it repeat included
    height: int  # levels of nesting


@dataclass(slots=True)
class _Frame:
    value: Any
    anchor: str | None
    node: Node
    before: int  # values counted when the frame opened
    height: int = 1
    key: Any = None
    key_event: Any = None
    key_node: Node | None = None
    has_key: bool = False
    merges: list[Any] = field(default_factory=list)


class _Builder:
    """Build one document's value from its events."""

    def __init__(self, text: str, *, marking: bool) -> None:
        self.parsed = Parsed(text)
        self.tree = Tree(Node(style=PLAIN))
        self._marking = marking
        self._shift = _shift(text)
        self._frames: list[_Frame] = []
        self._anchors: dict[str, _Anchored] = {}
        self._count = 0
        self._repeated = 0

    def take(self, event: Any) -> None:
        """Take the next event of the document."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent:
            self._open({}, event)
        elif kind is yaml.SequenceStartEvent:
            self._open([], event)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._close(event)
        elif kind is yaml.AliasEvent:
            self._alias(event)

    def _scalar(self, event: Any) -> None:
        plain, quoted = event.implicit
        value = event.value
        if (plain and value == "<<") or event.tag == MERGE:
            value = _MERGE if self._awaits_key() else value
        elif plain:
            value = resolve_plain(value)
        elif not quoted:
            value = resolve_tagged(event.tag, value)
        self._count += 1
        if self._marking:
            opaque = not (plain or quoted) and event.tag == BINARY
            self._note(event, event.style or PLAIN, None if opaque else event.value)
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(event.value if value is _MERGE else value, 1, 0)
        self._add(value, 0, event)

    def _open(self, value: Any, event: Any) -> None:
        if len(self._frames) >= MAX_DEPTH:
            raise _too_deep(event)
        if event.anchor:
            # Until it is complete, the name leads nowhere: also not to an earlier bearer of it.
            self._anchors.pop(event.anchor, None)
        node = self._note(event, CONTAINER, None) if self._marking else _NO_NODE
        node.end = sys.maxsize  # until its end is read
        self._frames.append(_Frame(value, event.anchor, node, self._count))
        self._count += 1

    def _close(self, event: Any) -> None:
        frame = self._frames.pop()
        if self._marking:
            frame.node.end = event.end_mark.index + self._shift
        _merge(frame)
        if frame.anchor:
            size = self._count - frame.before
            self._anchors[frame.anchor] = _Anchored(frame.value, size, frame.height)
        self._add(frame.value, frame.height, event)

    def _alias(self, event: Any) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            # Its name is not told: a Secret's value that begins with `*` looks like one.
            message, fix = "an alias (*…) has no complete anchor before it", "quote it if it is meant as text"
            raise _fault("yaml-alias", message, fix, event)
        if len(self._frames) + known.height > MAX_DEPTH:
            raise _too_deep(event)
        self._count += known.size
        self._repeated += known.size
        if self._repeated > MAX_EXPANDED:
            raise _fault("yaml-alias", "its aliases expand to too many values", "write the values out", event)
        if self._marking:
            self._note(event, ALIAS, None)
        self._add(known.value, known.height, event)

    def _add(self, value: Any, height: int, event: Any) -> None:
        if not self._frames:
            self.parsed.value = value
            return
        frame = self._frames[-1]
        if height >= frame.height:
            frame.height = height + 1
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.has_key:
            self._set(frame, value)
        elif isinstance(value, dict | list):
            message = "not YAML that Kubernetes reads: a key is a list or a mapping"
            raise _fault("yaml-invalid", message, "use text keys", event)
        else:
            frame.key = value if isinstance(value, str) or value is _MERGE else key_text(value)
            frame.key_event, frame.has_key = event, True

    def _awaits_key(self) -> bool:
        frame = self._frames[-1] if self._frames else None
        return frame is not None and isinstance(frame.value, dict) and not frame.has_key

    def _set(self, frame: _Frame, value: Any) -> None:
        frame.has_key = False
        if frame.key is _MERGE:
            frame.merges.extend(value if isinstance(value, list) else [value])
            return
        if frame.key in frame.value:
            key = frame.key_event
            quote = key.style in ("'", '"')
            start, end = key.start_mark.index + quote, key.end_mark.index - quote
            self.parsed.duplicates.append(Duplicate(frame.key, start + self._shift, end + self._shift))
            self.parsed.shadowed.append(frame.value[frame.key])
        frame.value[frame.key] = value

    def _note(self, event: Any, style: str, text: str | None) -> Node:
        """Note where a value or a key stands; of values under one key the last stays noted."""
        start, end = event.start_mark.index + self._shift, event.end_mark.index + self._shift
        node = Node(start, end, style, text)
        if not self._frames:
            self.tree.root = node
            return node
        frame = self._frames[-1]
        inside = frame.node.inside
        if isinstance(frame.value, list):
            inside[len(frame.value)] = node
        elif frame.has_key:
            node.key = frame.key_node
            inside[frame.key] = node
        else:
            frame.key_node = node
        return node

    @property
    def is_complete(self) -> bool:
        """Whether the value was read to its end."""
        return self._count > 0 and not self._frames


_NO_NODE = Node()
_MERGE = object()


def _merge(frame: _Frame) -> None:
    """Add what `<<` brings: keys that stand in the mapping itself win, then the earlier of the merged ones."""
    for merged in frame.merges:
        if isinstance(merged, dict):
            for key, value in merged.items():
                frame.value.setdefault(key, value)


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line, event.start_mark.column)


def _too_deep(event: Any) -> SyntaxFault:
    return _fault("yaml-depth", f"nested more than {MAX_DEPTH} levels deep", "flatten the document", event)


def _fault(code: str, message: str, fix: str, event: Any) -> SyntaxFault:
    return SyntaxFault(code, message, fix, _mark(event))
