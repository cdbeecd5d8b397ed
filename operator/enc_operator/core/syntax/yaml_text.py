"""YAML text to plain values, built from events.

Composing deep nesting with libyaml overflows its C stack (50,000 `[` crash the process), so the values are built here from
the parser's events, which are flat. Duplicate keys, which PyYAML takes in silence, are reported; the value that loses is
kept aside, since it is text that somebody wrote under a key that is judged.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from enc_operator.core.syntax.documents import lines_of
from enc_operator.core.syntax.faults import START, Mark, SyntaxFault
from enc_operator.core.syntax.resolution import MERGE, key_text, resolve_plain, resolve_tagged

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_DEPTH = 500  # what aliases lead to included: far over any manifest, far under Python's own limit
MAX_EXPANDED = 1_000_000  # values that aliases repeat: far over any manifest, far under a bomb


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


@dataclass(slots=True)
class Marks:
    """Where a value stands, in which style it is written (`|`, `>`, `"`, …), and where the values in it stand."""

    mark: Mark = START
    style: str = ""
    inside: dict[Any, "Marks"] = field(default_factory=dict)  # of a scalar: one empty mapping, shared

    def along(self, path: tuple[Any, ...]) -> list["Marks"]:
        """Return the marks from here along a path, as far as it leads."""
        found = [self]
        for step in path:
            following = found[-1].inside.get(step)
            if following is None:
                break
            found.append(following)
        return found


_NO_MARKS: dict[Any, Marks] = {}


def parse_yaml(text: str) -> Parsed:
    """Read the first document of a text; raise `SyntaxFault` when it cannot be read."""
    builder = _Builder(marking=False)
    _feed(builder, text)
    return builder.parsed


def marks_of(text: str) -> Marks:
    """Return where the values of the first document stand, as far as it can be read."""
    builder = _Builder(marking=True)
    with suppress(SyntaxFault):
        _feed(builder, text)
    return builder.marks


def _feed(builder: "_Builder", text: str) -> None:
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.DocumentEndEvent):
                return
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = Mark(mark.line, mark.column) if mark else START
        raise _invalid(error.problem or "cannot be read", text, where) from None
    except yaml.reader.ReaderError as error:
        # Its position counts bytes.
        where = _mark_at(text, text.find(chr(error.character)))
        message = f"not YAML: character #x{error.character:04x} is not allowed"
        raise SyntaxFault("yaml-invalid", message, "remove the control character", where) from None
    except UnicodeEncodeError as error:
        where = _mark_at(text, error.start)
        raise SyntaxFault(
            "yaml-invalid", "not YAML: a lone surrogate", "write the character itself", where
        ) from None


def _invalid(problem: str, text: str, where: Mark) -> SyntaxFault:
    lines = lines_of(text)
    if where.line >= len(lines):  # libyaml ends the last line of its own accord
        where = Mark(len(lines) - 1, len(lines[-1]))
    line = lines[where.line]
    if line[: where.column + 1].endswith("\t"):
        message = "a tab is used for indentation"
        return SyntaxFault("yaml-invalid", f"not YAML: {message}", "indent with spaces", where)
    fix = 'quote the whole value: "ENC[…]"' if "ENC[" in line else "correct the YAML at this place"
    return SyntaxFault("yaml-invalid", f"not YAML: {problem}", fix, where)


def _mark_at(text: str, offset: int) -> Mark:
    before = lines_of(text[:offset])
    return Mark(len(before) - 1, len(before[-1]))


class _Anchored(NamedTuple):
    value: Any
    size: int  # values, those that aliases in it repeat included
    height: int  # levels of nesting


@dataclass(slots=True)
class _Frame:
    value: Any
    anchor: str | None
    inside: dict[Any, Marks]
    before: int  # values counted when the frame opened
    height: int = 1
    key: Any = None
    has_key: bool = False
    merges: list[Any] = field(default_factory=list)


class _Builder:
    """Build one document's value from its events."""

    def __init__(self, *, marking: bool) -> None:
        self.parsed = Parsed()
        self.marks = Marks()
        self._marking = marking
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
            self._note(event, _NO_MARKS)
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(event.value if value is _MERGE else value, 1, 0)
        self._add(value, 0, event)

    def _open(self, value: Any, event: Any) -> None:
        if len(self._frames) >= MAX_DEPTH:
            raise _too_deep(event)
        if event.anchor:
            # Until it is complete, the name leads nowhere: also not to an earlier bearer of it.
            self._anchors.pop(event.anchor, None)
        inside: dict[Any, Marks] = {}
        if self._marking:
            self._note(event, inside)
        self._frames.append(_Frame(value, event.anchor, inside, self._count))
        self._count += 1

    def _close(self, event: Any) -> None:
        frame = self._frames.pop()
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
            self._note(event, _NO_MARKS)
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
            self._set(frame, value, event)
        elif isinstance(value, dict | list):
            message = "not YAML that Kubernetes reads: a key is a list or a mapping"
            raise _fault("yaml-invalid", message, "use text keys", event)
        else:
            frame.key, frame.has_key = (
                value if isinstance(value, str) or value is _MERGE else key_text(value),
                True,
            )

    def _awaits_key(self) -> bool:
        frame = self._frames[-1] if self._frames else None
        return frame is not None and isinstance(frame.value, dict) and not frame.has_key

    def _set(self, frame: _Frame, value: Any, event: Any) -> None:
        frame.has_key = False
        if frame.key is _MERGE:
            frame.merges.extend(value if isinstance(value, list) else [value])
            return
        if frame.key in frame.value:
            self.parsed.duplicates.append(Duplicate(frame.key, _mark(event)))
            self.parsed.shadowed.append(frame.value[frame.key])
        frame.value[frame.key] = value

    def _note(self, event: Any, inside: dict[Any, Marks]) -> None:
        """Note where a value begins; of values under one key the last stays noted."""
        if self._awaits_key():
            return
        marks = Marks(_mark(event), getattr(event, "style", None) or "", inside)
        if self._frames:
            frame = self._frames[-1]
            frame.inside[len(frame.value) if isinstance(frame.value, list) else frame.key] = marks
        else:
            self.marks = marks


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
