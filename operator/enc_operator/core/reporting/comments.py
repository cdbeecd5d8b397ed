"""Comments of YAML that ignore findings: `# encctl: ignore[code, code] because …`, and `ignore-file` for a whole file.

A comment ignores what is found on its own line, or on the next one if it has a line to itself; and of a value that begins there
the whole text, since JSON in an annotation and text in a block have no comments of their own. What looks like one inside a value
is text. In a document that cannot be read there are none.
"""

import re
from collections.abc import Iterator
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
    documents = [_Document(line, piece) for line, piece in split_documents(text)]
    for found in _COMMENT.finditer(text):
        line = mark_at(text, found.start()).line
        column = found.start() - line_starts(text)[line]
        document = next((item for item in reversed(documents) if item.line <= line), None)
        if document and line < document.end:
            if document.is_comment(line, column):
                yield _read(_File(file, text), document, line, column, found[0])
        else:
            yield _read(_File(file, text), None, line, column, found[0])


@dataclass(frozen=True)
class _File:
    file: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        return lines_of(self.text)

    def follows(self, line: int) -> int:
        """Return the line that a comment is about which has a line to itself: the next that holds anything."""
        after = (number for number in range(line + 1, len(self.lines)) if not _is_bare(self.lines[number]))
        return next(after, line)

    def leads(self, line: int) -> bool:
        """Tell whether a line and all before it hold no content."""
        return all(map(_is_bare, self.lines[: line + 1]))


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
    def scalars(self) -> list[Node]:
        """The values and keys that hold text, in no order."""
        tree = tree_of(self.text)
        pending, found = [tree.root], []
        while pending:
            node = pending.pop()
            found += [part for part in (node, node.key) if part and part.style != CONTAINER]
            pending += node.inside.values()
        return found

    def is_comment(self, line: int, column: int) -> bool:
        """Tell whether what begins there is no part of a value; the head of a block is none either."""
        tree = tree_of(self.text)
        offset = line_starts(self.text)[line - self.line] + column
        return tree.complete and not any(self._holds(node, offset) for node in self.scalars)

    def _holds(self, node: Node, offset: int) -> bool:
        if not node.start <= offset < node.end:
            return False
        return node.style not in ("|", ">") or self._line(offset) != self._line(node.start)

    def _line(self, offset: int) -> int:
        return self.line + mark_at(self.text, offset).line

    def around(self, line: int, *, after: bool) -> tuple[int, int]:
        """Return the lines of the values that begin on a line, or `after` a value also of those that end there."""
        first = last = line
        for node in self.scalars:
            begin, end = (
                self._line(node.key.start if node.key else node.start),
                self._line(max(node.end - 1, 0)),
            )
            if line in (begin, self._line(node.start)) or (after and begin <= line <= end):
                first, last = min(first, begin), max(last, end)
        return first, last


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
    if not file.leads(line):
        return _invalid(where, "ignore-file stands behind content", "move it to the file's first lines")
    return Ignore(codes, reason[1], Lines(file.file, 1, len(file.lines)), where)


def _invalid(where: Where, what: str, fix: str) -> Finding:
    return finding("ignore-invalid", where, f"{what}: nothing is ignored", fix)


def _lines(file: _File, document: _Document | None, line: int, column: int) -> Lines:
    alone = not file.lines[line][:column].strip(" \t\ufeff")
    about = file.follows(line) if alone else line
    if document is None or not document.line <= about < document.end:
        documents = [_Document(*item) for item in split_documents(file.text)]
        document = next((item for item in reversed(documents) if item.line <= about < item.end), None)
    first, last = document.around(about, after=not alone) if document else (about, about)
    return Lines(file.file, first + 1, last + 1)
