"""Comments of YAML that ignore findings: `# encctl: ignore[code, code] because …`, and `ignore-file` for a whole file.

A comment ignores what is found on its own line, or on the next one if it has a line to itself; and of a value that begins there
the whole text, since JSON in an annotation and text in a block have no comments of their own. What looks like one inside a value
is text. In a document that cannot be read there are none.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from enc_operator.core.findings import Finding, Where, finding
from enc_operator.core.reporting.ignores import Ignore, Lines, refused_codes
from enc_operator.core.syntax import Source, split_documents
from enc_operator.core.syntax.documents import line_starts, lines_of, mark_at
from enc_operator.core.syntax.nodes import CONTAINER, Node
from enc_operator.core.syntax.trees import tree_of

_COMMENT = re.compile("(?:\\A|(?<=[ \t\n\r\x85\u2028\u2029]))#[ \t]*encctl:[^\n\r\x85\u2028\u2029]*")
_FORM = re.compile(r"#[ \t]*encctl:[ \t]*(ignore|ignore-file)[ \t]*\[([^\]]*)\][ \t]*(.*)")
_REASON = re.compile(r"because\b[ \t]*(.*\w.*)")
_EXAMPLE = "# encctl: ignore[code] because reason"


def read_comments(file: str, text: str) -> Iterator[Ignore | Finding]:
    """Yield what a file's comments ignore, and a finding for each that cannot be understood."""
    if "encctl:" not in text:
        return
    read = _File(file, text)
    for found in _COMMENT.finditer(text):
        line = mark_at(text, found.start()).line
        column = found.start() - line_starts(text)[line]
        document = read.document_at(line)
        if document is None or document.is_comment(line, column):
            yield _read(read, document, line, column, found[0])


@dataclass(frozen=True)
class _File:
    file: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        return lines_of(self.text)

    @cached_property
    def documents(self) -> list["_Document"]:
        return [_Document(line, piece) for line, piece in split_documents(self.text)]

    @cached_property
    def first_content(self) -> int:
        """The number of the first line that is no comment."""
        return next((number for number, line in enumerate(self.lines) if not _is_bare(line)), len(self.lines))

    def document_at(self, line: int) -> "_Document | None":
        """Return the document that a line is in, if it is in one."""
        number = bisect_right(self.documents, line, key=lambda document: document.line) - 1
        found = self.documents[number] if number >= 0 else None
        return found if found and line < found.end else None

    def follows(self, line: int) -> int:
        """Return the line that a comment is about which has a line to itself: the next that holds anything."""
        after = (number for number in range(line + 1, len(self.lines)) if not _is_bare(self.lines[number]))
        return next(after, line)


def _is_bare(line: str) -> bool:
    text = line.strip(" \t\ufeff")
    return not text or text[0] in "#%" or text.partition(" #")[0].rstrip() in ("---", "...")


@dataclass(frozen=True)
class _Document:
    """A document by its first line, from 0, with the lines over which its scalars go."""

    line: int
    text: str

    @cached_property
    def end(self) -> int:
        return self.line + len(lines_of(self.text))

    @cached_property
    def _scalars(self) -> list[Node]:
        """The values and keys that hold text, as they stand one after the other."""
        pending, found = [tree_of(self.text).root], []
        while pending:
            node = pending.pop()
            found += [part for part in (node, node.key) if part and part.style != CONTAINER]
            pending += node.inside.values()
        return sorted(found, key=lambda node: node.start)

    def is_comment(self, line: int, column: int) -> bool:
        """Tell whether what begins there is no part of a value; the head of a block is none either."""
        offset = line_starts(self.text)[line - self.line] + column
        number = bisect_right(self._scalars, offset, key=lambda node: node.start) - 1
        node = self._scalars[number] if number >= 0 else None
        if not tree_of(self.text).complete:
            return False
        inside = node is not None and offset < node.end
        return not inside or (
            node is not None and node.style in ("|", ">") and line == self._line(node.start)
        )

    def _line(self, offset: int) -> int:
        return self.line + mark_at(self.text, offset).line

    @cached_property
    def _begun(self) -> Mapping[int, list[int]]:
        """For a line the last lines of the values that begin there, or whose key does."""
        lines = defaultdict(list)
        for first, start, last in self._extents:
            lines[first].append(last)
            lines[start].append(last)
        return lines

    @cached_property
    def _ended(self) -> Mapping[int, list[int]]:
        """For a line the first lines of the values that end there."""
        lines = defaultdict(list)
        for first, _, last in self._extents:
            lines[last].append(first)
        return lines

    @cached_property
    def _extents(self) -> list[tuple[int, int, int]]:
        """The lines of each value: of its key, of its start, of its end."""
        return [
            (self._line((node.key or node).start), self._line(node.start), self._line(max(node.end - 1, 0)))
            for node in self._scalars
        ]

    def around(self, line: int, *, after: bool) -> tuple[int, int]:
        """Return the lines of the values that begin on a line, or `after` a value also of those that end there."""
        first = min([line, *(self._ended.get(line, ()) if after else ())])
        return first, max([line, *self._begun.get(line, ())])


def _read(file: _File, document: _Document | None, line: int, column: int, comment: str) -> Ignore | Finding:
    source = (
        Source(file.file, document.line, document.text)
        if document
        else Source(file.file, line, file.lines[line])
    )
    start = line_starts(source.text)[line - source.line] + column
    comment = comment.rstrip()
    where = Where(source).part(source.text, start, start + len(comment))
    form = _FORM.fullmatch(comment)
    if form is None:
        return _invalid(where, "not a comment that encctl understands", f"write: {_EXAMPLE}")
    codes = tuple(dict.fromkeys(code.strip() for code in form[2].split(",") if code.strip()))
    problem = refused_codes(codes)
    if problem:
        return _invalid(where, problem, "name codes that are listed in docs/findings.md and can be ignored")
    reason = _REASON.fullmatch(form[3])
    if reason is None:
        return _invalid(where, "the reason is missing", f"write: {_EXAMPLE}")
    if form[1] == "ignore":
        return Ignore(codes, reason[1], _lines(file, document, line, column), where)
    if line >= file.first_content:
        return _invalid(where, "ignore-file stands behind content", "move it to the file's first lines")
    return Ignore(codes, reason[1], Lines(file.file, 1, len(file.lines)), where)


def _invalid(where: Where, what: str, fix: str) -> Finding:
    return finding("ignore-invalid", where, f"{what}: nothing is ignored", fix)


def _lines(file: _File, document: _Document | None, line: int, column: int) -> Lines:
    alone = not file.lines[line][:column].strip(" \t\ufeff")
    about = file.follows(line) if alone else line
    if document is None or not document.line <= about < document.end:
        document = file.document_at(about)
    first, last = document.around(about, after=not alone) if document else (about, about)
    return Lines(file.file, first + 1, last + 1)
