"""How each style of scalar is decoded, so that a character of its text can be found in the source.

Source: libyaml's `scanner.c` for YAML, RFC 8259 for JSON. The text that results is compared with what the parser read: where
they differ, nothing is known, and a finding points at the whole scalar.
"""

import json
import re
from collections.abc import Iterable, Iterator

from enc_operator.core.syntax.nodes import ALIAS, CONTAINER, JSON, PLAIN, Node
from enc_operator.core.syntax.runs import Runs

_BREAKS = "\n\r\x85\u2028\u2029"
_BREAK = f"(?:\r\n|[{_BREAKS}])"
_FOLD = rf"[ \t]++(?:{_BREAK}[ \t]*+)*+|(?:{_BREAK}[ \t]*+)++"
_PROPERTIES = re.compile(rf"(?:[&!]\S*(?:[ \t]|{_BREAK}|\#[^{_BREAKS}]*+{_BREAK})*+)*+")
_PLAIN = re.compile(rf"({_FOLD})|[^ \t{_BREAKS}]++")
_SINGLE = re.compile(rf"({_FOLD})|('')|[^' \t{_BREAKS}]++")
_DOUBLE = re.compile(
    rf"({_FOLD})|(\\(?:{_BREAK}[ \t]*+(?:{_BREAK}[ \t]*+)*+|x[0-9a-fA-F]{{2}}|u[0-9a-fA-F]{{4}}|U[0-9a-fA-F]{{8}}|.))"
    rf"|[^\\ \t{_BREAKS}]++",
    re.DOTALL,
)
_LINE = re.compile(rf"([^{_BREAKS}]*+)({_BREAK}|\Z)")
_HEADER = re.compile(rf"[|>]([-+1-9]*+)[ \t]*+(?:\#[^{_BREAKS}]*+)?(?:{_BREAK}|\Z)")
_ANY_BREAK = re.compile(_BREAK)
_JSON_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL
)
_YAML_LETTERS = dict(zip("0abtnvfreN_LP", "\0\a\b\t\n\v\f\r\x1b\x85\xa0\u2028\u2029", strict=True))


def runs_of(text: str, node: Node) -> Runs | None:
    """Return where the characters of a scalar's text stand, or None where that is not known."""
    if node.runs is None:
        known = node.text is not None and node.style not in (CONTAINER, ALIAS)
        fitting = (runs for runs in _candidates(text, node) if runs.text == node.text) if known else iter(())
        node.runs = next(fitting, False)
    return node.runs or None


def value_start(text: str, node: Node) -> int:
    """Return where a node's value begins, behind its anchor and tag."""
    found = _PROPERTIES.match(text, node.start, node.end)
    return found.end() if found else node.start


def _candidates(text: str, node: Node) -> Iterator[Runs]:
    start = value_start(text, node)
    if node.style == JSON:
        yield json_runs(text, start + 1, node.end - 1)
    elif node.style in ("|", ">"):
        yield from _blocks(text, start, node.end, folded=node.style == ">")
    elif node.style == PLAIN:
        yield _flow(text, start, node.end, _PLAIN)
    else:
        yield _flow(text, start + 1, node.end - 1, _SINGLE if node.style == "'" else _DOUBLE)


def json_runs(text: str, start: int, end: int) -> Runs:
    """Decode what stands between the quotes of a JSON string."""
    runs = Runs(text, start)
    position = start
    for escape in _JSON_ESCAPE.finditer(text, start, end):
        runs.copy(position, escape.start())
        runs.put(_json_letter(escape[0]), *escape.span())
        position = escape.end()
    runs.copy(position, end)
    return runs


def _json_letter(escape: str) -> str:
    """Decode an escape as Go does: a lone surrogate becomes U+FFFD."""
    try:
        letter = str(json.loads(f'"{escape}"', strict=False))
    except ValueError:
        return escape[-1]
    return "\ufffd" if "\ud800" <= letter <= "\udfff" else letter


def _flow(text: str, start: int, end: int, pieces: re.Pattern[str]) -> Runs:
    """Decode a plain or quoted scalar, which may go over several lines."""
    runs = Runs(text, start)
    for piece in pieces.finditer(text, start, end):
        if piece.lastindex == 1:
            _fold(runs, text, *piece.span())
        elif piece.lastindex:
            _unescape(runs, text, *piece.span())
        else:
            runs.copy(*piece.span())
    return runs


def _fold(runs: Runs, text: str, start: int, end: int) -> None:
    """Decode blanks and line breaks: one break is a space, of several the first is left out."""
    breaks = list(_ANY_BREAK.finditer(text, start, end))
    if not breaks:
        runs.copy(start, end)
    elif _letter(breaks[0][0]) != "\n":
        _put_breaks(runs, breaks)
    elif len(breaks) == 1:
        runs.put(" ", start, end)
    else:
        _put_breaks(runs, breaks[1:])


def _put_breaks(runs: Runs, breaks: Iterable[re.Match[str]]) -> None:
    for found in breaks:
        runs.put(_letter(found[0]), *found.span())


def _letter(line_break: str) -> str:
    return line_break if line_break in ("\u2028", "\u2029") else "\n"


def _unescape(runs: Runs, text: str, start: int, end: int) -> None:
    kind, rest = text[start + 1], text[start + 2 : end]
    if kind in _BREAKS:
        _put_breaks(runs, list(_ANY_BREAK.finditer(text, start + 1, end))[1:])
    elif kind in "xuU" and rest:
        runs.put(chr(int(rest, 16)), start, end)
    else:
        runs.put(_YAML_LETTERS.get(kind, kind), start, end)


def _blocks(text: str, start: int, end: int, *, folded: bool) -> Iterator[Runs]:
    """Decode a block with each indentation that it could have: the text tells which of them it is."""
    header = _HEADER.match(text, start, end)
    if header is None:
        return
    lines = list(_LINE.finditer(text, header.end(), end))
    first = next((line[1] for line in lines if line[1].strip(" ")), "")
    likely = len(first) - len(first.lstrip(" "))
    chomping = next((sign for sign in header[1] if sign in "+-"), "")
    most = max((len(line[1]) for line in lines if not line[1].strip(" ")), default=0)
    for indent in dict.fromkeys((likely, *range(max(likely, most) + 1))):
        runs = Runs(text, header.end())
        _Block(runs, indent, folded=folded).read(lines, chomping)
        yield runs


class _Block:
    """Decodes the lines of a literal or folded block scalar."""

    def __init__(self, runs: Runs, indent: int, *, folded: bool) -> None:
        self._runs = runs
        self._indent = indent
        self._folded = folded
        self._break: tuple[str, int, int] | None = None  # the one behind the last line with content
        self._blank_lines: list[tuple[str, int, int]] = []
        self._indented_more = False

    def read(self, lines: Iterable[re.Match[str]], chomping: str) -> None:
        """Decode the lines; at the end the chomping indicator decides which breaks stay."""
        for line in lines:
            start, end = line.span(1)
            line_break = (_letter(line[2]), end, line.end()) if line[2] else None
            if end - start > self._indent or line[1].strip(" "):
                self._join(line[1][self._indent : self._indent + 1] in " \t")
                self._runs.copy(start + self._indent, end)
                self._break = line_break
            elif line_break:
                self._blank_lines.append(line_break)
        for kept in ((self._break,) if chomping != "-" else ()) + (
            tuple(self._blank_lines) if chomping == "+" else ()
        ):
            if kept:
                self._runs.put(*kept)

    def _join(self, indented_more: bool) -> None:  # noqa: FBT001
        """Add the breaks before a line: between two lines that are indented no further, folding leaves the first out."""
        if self._break:
            folds = self._folded and not self._indented_more and not indented_more
            if not folds or self._break[0] != "\n":
                self._runs.put(*self._break)
            elif not self._blank_lines:
                self._runs.put(" ", *self._break[1:])
        for line_break in self._blank_lines:
            self._runs.put(*line_break)
        self._break, self._blank_lines, self._indented_more = None, [], indented_more
