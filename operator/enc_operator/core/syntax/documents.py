"""Lines and documents of a YAML stream, found without parsing it, so that one broken document loses no other.

Lines end where YAML 1.1 ends them, since that is how libyaml counts: at CR, LF, CRLF, NEL, LS and PS.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

from enc_operator.core.syntax.nodes import Mark

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_LINE_START = "(?:\\A|(?<=[\n\r\x85\u2028\u2029]))"
_MARKER = re.compile("(?:---|\\.\\.\\.)(?=[ \t\n\r\x85\u2028\u2029]|\\Z)")
_BOUNDARY = re.compile(
    "(?:---|\\.\\.\\.)(?<=[\n\r\x85\u2028\u2029](?:---|\\.\\.\\.))(?=[ \t\n\r\x85\u2028\u2029]|\\Z)"
)
# A line with more than blanks, a comment or a directive; a byte order mark may begin the first one.
_CONTENT = re.compile(_LINE_START + "(?:[ \t\ufeff]*[^ \t\ufeff#%\n\r\x85\u2028\u2029]|[ \t]+%)")
_DIRECTIVE = re.compile(_LINE_START + "\ufeff?%")


def lines_of(text: str) -> list[str]:
    """Return the lines of a text without their breaks."""
    return _BREAK.split(text)


@lru_cache(maxsize=32)
def line_starts(text: str) -> list[int]:
    """Return the offset at which each line begins."""
    return [0, *(found.end() for found in _BREAK.finditer(text))]


def line_end(text: str, offset: int) -> int:
    """Return where the line of an offset ends, its break left out."""
    found = _BREAK.search(text, offset)
    return found.start() if found else len(text)


def mark_at(text: str, offset: int) -> Mark:
    """Return the line and column of an offset."""
    starts = line_starts(text)
    line = bisect_right(starts, offset) - 1
    return Mark(line, offset - starts[line])


def offset_of(text: str, mark: Mark) -> int:
    """Return the offset of a line and column."""
    starts = line_starts(text)
    return starts[min(mark.line, len(starts) - 1)] + mark.column


def split_documents(text: str) -> Iterator[tuple[int, str]]:
    """Yield (first line, text) of each document that is not empty, its directives included."""
    line = start = 0
    for end in (*(found.start() for found in _BOUNDARY.finditer(text)), len(text)):
        piece = text[start:end]
        body = piece[3:] if _MARKER.match(piece) else piece
        directive = not _CONTENT.search(body) and _DIRECTIVE.search(body)
        if directive and text.startswith("---", end):
            continue
        if directive or _CONTENT.search(body):
            # libyaml takes a leading `...` for an error.
            yield line, body if piece.startswith("...") else piece
        line += sum(1 for _ in _BREAK.finditer(piece))
        start = end
