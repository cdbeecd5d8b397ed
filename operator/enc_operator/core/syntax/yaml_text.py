"""YAML text to plain values, built from events.

Composing deep nesting with libyaml overflows its C stack (50,000 `[` crash the process), so the values are built here from
the parser's events, which are flat. Duplicate keys, which PyYAML takes in silence, are reported; the value that loses is
kept aside, since it is text that somebody wrote under a key that is judged.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import yaml

from enc_operator.core.syntax.faults import Mark, SyntaxFault
from enc_operator.core.syntax.resolution import resolve_plain, resolve_tagged

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SEPARATOR = re.compile(r"^(?:---(?=[ \t\r\n]|\Z)|\.\.\.(?=[ \t\r\n]|\Z))", re.MULTILINE)
_NOTHING = re.compile(
    r"(?:[ \t]*(?:#.*)?(?:\r\n|\r|\n)|%.*(?:\r\n|\r|\n)|\.\.\.[ \t]*|---[ \t]*)*[ \t]*(?:#.*)?\Z"
)

MAX_DEPTH = 500
MAX_EXPANDED = 1_000_000  # values after aliases are followed: far over any manifest, far under a bomb


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A mapping key that stands twice; the last one wins."""

    key: str
    mark: Mark


@dataclass(slots=True)
class Parsed:
    """One document: its value, the keys that stand twice, and the values that lost to a later duplicate."""

    value: Any = None
    duplicates: list[Duplicate] = field(default_factory=list)
    shadowed: list[Any] = field(default_factory=list)


Marks = dict[tuple[Any, ...], tuple[Mark, str]]


def split_documents(text: str) -> Iterator[tuple[int, str]]:
    """Yield (first line, text) of each document, so that one broken document loses no other."""
    starts = [0, *(m.start() for m in _SEPARATOR.finditer(text) if m.start())]
    line = 0
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        piece = text[start:end]
        if not _NOTHING.match(piece):
            yield line, piece
        line += piece.count("\n")


def parse_yaml(text: str) -> Parsed:
    """Read the first document of a text; raise `SyntaxFault` when it cannot be read."""
    builder = _Builder(None)
    _feed(builder, text)
    return builder.parsed


def marks_of(text: str) -> Marks:
    """Return for each path of the first document where its value stands and in which style, as far as it can be read."""
    marks: Marks = {}
    with suppress(SyntaxFault):
        _feed(_Builder(marks), text)
    return marks


def _feed(builder: "_Builder", text: str) -> None:
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.DocumentEndEvent):
                return
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Mark(mark.line, mark.column) if mark else Mark(0, 0)
        raise SyntaxFault(
            "yaml-invalid", _problem(error, text, where), _fix_for(text, where), where
        ) from None
    except yaml.reader.ReaderError as error:
        where = _mark_at(text, error.position)
        message = f"not YAML: character #x{error.character:04x} is not allowed"
        raise SyntaxFault("yaml-invalid", message, "remove the control character", where) from None
    except UnicodeEncodeError as error:
        where = _mark_at(text, error.start)
        raise SyntaxFault(
            "yaml-invalid", "not YAML: a lone surrogate", "write the character itself", where
        ) from None


def _problem(error: yaml.MarkedYAMLError, text: str, where: Mark) -> str:
    if _line(text, where.line)[: where.column + 1].endswith("\t"):
        return "not YAML: a tab is used for indentation"
    return "not YAML: " + (error.problem or error.context or "cannot be read")


def _fix_for(text: str, where: Mark) -> str:
    line = _line(text, where.line)
    if line[: where.column + 1].endswith("\t"):
        return "indent with spaces"
    if "ENC[" in line:
        return 'quote the whole value: "ENC[…]"'
    return "correct the YAML at this place"


def _line(text: str, number: int) -> str:
    lines = text.split("\n", number + 1)
    return lines[number] if number < len(lines) else ""


def _mark_at(text: str, offset: int) -> Mark:
    before = text[:offset]
    return Mark(before.count("\n"), len(before) - (before.rfind("\n") + 1))


@dataclass(slots=True)
class _Frame:
    value: Any
    path: tuple[Any, ...]
    anchor: str | None
    before: int  # values counted when the frame opened
    key: Any = None
    has_key: bool = False
    merges: list[Any] = field(default_factory=list)


class _Builder:
    """Build one document's value from its events."""

    def __init__(self, marks: Marks | None) -> None:
        self.parsed = Parsed()
        self._marks = marks
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0

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
        if event.implicit[0]:
            value = resolve_plain(event.value)
        elif event.tag is None or event.implicit[1]:
            value = event.value
        else:
            value = resolve_tagged(event.tag, event.value)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._add(value, event, 1, plain=event.implicit[0])

    def _open(self, value: Any, event: Any) -> None:
        if len(self._frames) >= MAX_DEPTH:
            raise _fault(
                "yaml-depth", f"nested more than {MAX_DEPTH} levels deep", "flatten the document", event
            )
        path = self._path() if self._marks is not None else ()
        self._mark(path, event)
        self._frames.append(_Frame(value, path, event.anchor, self._count))
        self._count += 1

    def _close(self, event: Any) -> None:
        frame = self._frames.pop()
        self._merge(frame)
        size = self._count - frame.before
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.value, size)
        self._add(frame.value, event, 0)

    def _alias(self, event: Any) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            raise _fault(
                "yaml-alias",
                f"alias *{event.anchor} has no complete anchor before it",
                "define it first",
                event,
            )
        value, size = known
        self._add(value, event, size)

    def _add(self, value: Any, event: Any, size: int, *, plain: bool = False) -> None:
        self._count += size
        if self._count > MAX_EXPANDED:
            raise _fault("yaml-alias", "its aliases expand to too many values", "write the values out", event)
        if not self._frames:
            self.parsed.value = value
            self._mark((), event)
            return
        frame = self._frames[-1]
        if isinstance(frame.value, list):
            self._mark((*frame.path, len(frame.value)), event)
            frame.value.append(value)
        elif frame.has_key:
            self._mark((*frame.path, frame.key), event)
            self._set(frame, value, event)
        else:
            frame.key, frame.has_key = self._key(value, event, plain=plain), True

    def _key(self, value: Any, event: Any, *, plain: bool) -> Any:
        if isinstance(value, dict | list):
            raise _fault(
                "yaml-invalid",
                "not YAML that Kubernetes reads: a key is a list or a mapping",
                "use text keys",
                event,
            )
        return _MERGE if plain and value == "<<" else value

    def _set(self, frame: _Frame, value: Any, event: Any) -> None:
        frame.has_key = False
        if frame.key is _MERGE:
            frame.merges.extend(value if isinstance(value, list) else [value])
            return
        if frame.key in frame.value:
            mark = Mark(event.start_mark.line, event.start_mark.column)
            self.parsed.duplicates.append(Duplicate(str(frame.key), mark))
            self.parsed.shadowed.append(frame.value[frame.key])
        frame.value[frame.key] = value

    @staticmethod
    def _merge(frame: _Frame) -> None:
        """Add what `<<` brings: keys that stand in the mapping itself win, then the earlier of the merged ones."""
        for merged in frame.merges:
            if isinstance(merged, dict):
                for key, value in merged.items():
                    frame.value.setdefault(key, value)

    def _path(self) -> tuple[Any, ...]:
        if not self._frames:
            return ()
        frame = self._frames[-1]
        step = len(frame.value) if isinstance(frame.value, list) else frame.key
        return (*frame.path, step)

    def _mark(self, path: tuple[Any, ...], event: Any) -> None:
        if self._marks is not None:
            start = Mark(event.start_mark.line, event.start_mark.column)
            self._marks.setdefault(path, (start, getattr(event, "style", None) or ""))


_MERGE = object()


def _fault(code: str, message: str, fix: str, event: Any) -> SyntaxFault:
    return SyntaxFault(code, message, fix, Mark(event.start_mark.line, event.start_mark.column))
