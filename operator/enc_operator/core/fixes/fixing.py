"""From a finding to a file's corrected text: a proposal is carried outwards through the texts that it stands in.

At each level the text is read before and after, and nothing may differ but what the proposal says. Otherwise it is no fix.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any

from enc_operator.core.findings import Finding, Where
from enc_operator.core.fixes.edits import Change, Edit, apply_edits, changes_between, document_changes
from enc_operator.core.fixes.proposals import IN_TEXT, IN_VALUE, Proposal
from enc_operator.core.syntax import Mark, Source, excerpt, split_documents
from enc_operator.core.syntax.documents import line_starts, lines_of, mark_at, offset_of
from enc_operator.core.syntax.runs import Runs
from enc_operator.core.syntax.sources import levels
from enc_operator.core.syntax.trees import text_along

FIXABLE = frozenset({*IN_TEXT, *IN_VALUE})
"""The codes whose findings `encctl lint --fix` corrects where it is certain."""

_UNSEEN = "…"


@dataclass(frozen=True, slots=True)
class Hunk:
    """A line of a file, counted from 1, before and after, with every value hidden that is no handle."""

    line: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Fix:
    """What a finding's fix does to its file."""

    finding: Finding
    hunks: tuple[Hunk, ...]


@dataclass(frozen=True, slots=True)
class Mended:
    """A file's text with its fixes made, in the order of the file."""

    text: str
    fixes: tuple[Fix, ...]


def mend(text: str, findings: Sequence[Finding]) -> Mended:
    """Fix what is certain among the findings of one file; its lines stay where they are."""
    fixable = [item for item in findings if item.code in FIXABLE]
    documents = [*split_documents(text)] if fixable else []
    if not documents:
        return Mended(text, ())
    # A position is worked out from the text each time that it is asked for.
    lines = [item.where.position().line - 1 for item in fixable]
    numbers = [bisect_right(documents, line, key=itemgetter(0)) - 1 for line in lines]
    starts = line_starts(text)
    fixes: list[Fix] = []
    for number in sorted({*numbers}, reverse=True):
        line, piece = documents[number]
        inside = [item for item, place in zip(fixable, numbers, strict=True) if place == number]
        document = _Document(line, piece)
        document.mend(inside)
        start = text.index(piece, starts[line])  # behind dots that end the document before it
        text = text[:start] + document.text + text[start + len(piece) :]
        fixes[:0] = sorted(document.fixes, key=lambda fix: fix.finding.where.position())
    return Mended(text, tuple(fixes))


@dataclass(slots=True)
class _Document:
    """A document of a file while it is mended: the line that it begins on, its text, and what its sources have become."""

    line: int
    text: str
    sources: dict[Source, Source] = field(default_factory=dict)
    fixes: list[Fix] = field(default_factory=list)

    def mend(self, findings: Sequence[Finding]) -> None:
        """Fix what is certain: first one finding of each value, all at once, so that a long document is not read for each."""
        # From the end to the beginning: an edit moves nothing that stands before it.
        pending = sorted(findings, key=lambda item: item.where.position(), reverse=True)
        while pending:
            batch = dict[tuple[Any, ...], Finding]()
            for item in pending:
                batch.setdefault((item.where.source, item.where.path), item)
            pending = [item for item in pending if batch[item.where.source, item.where.path] is not item]
            if len(batch) == 1 or not self._mend_at_once([*batch.values()]):
                for item in batch.values():
                    self._mend_one(item)

    def _mend_at_once(self, findings: Sequence[Finding]) -> bool:
        """Make the first proposal for each finding, or none where they do not all do what they say."""
        made = [(item, next(self._proposals(item), None)) for item in findings]
        chosen = [(item, proposal) for item, proposal in made if proposal]
        corrected = self._corrected([(self._source(item), proposal) for item, proposal in chosen])
        if corrected is None:
            return False
        self.text = corrected
        for item, proposal in chosen:
            self._note(item, proposal)
        return True

    def _mend_one(self, found: Finding) -> None:
        for proposal in self._proposals(found):
            corrected = self._corrected([(self._source(found), proposal)])
            if corrected is not None:
                self.text = corrected
                self._note(found, proposal)
                return

    def _proposals(self, found: Finding) -> Iterator[Proposal]:
        return _proposals(found.code, found.where, self._source(found))

    def _source(self, found: Finding) -> Source:
        return self.sources.get(found.where.source, found.where.source)

    def _note(self, found: Finding, proposal: Proposal) -> None:
        source = self._source(found)
        after = replace(source, text=apply_edits(source.text, proposal.edits))
        self.fixes.append(Fix(found, tuple(_hunks(found.where, source, after, proposal.edits))))
        self.sources[found.where.source] = after

    def _corrected(self, proposals: Sequence[tuple[Source, Proposal]]) -> str | None:
        """Return the text after proposals from the last to the first, or None where it would not be what is meant."""
        edits, stand_ins = list[Edit](), list[Edit]()
        for source, proposal in proposals:
            moved = _moved(self.line, self.text, source, proposal.edits)
            readable = _moved(self.line, self.text, source, proposal.stand_ins)
            if moved is None or readable is None:
                return None
            edits += moved
            stand_ins += readable
        after = apply_edits(self.text, edits)
        meant = [change for _, proposal in reversed(proposals) for change in proposal.changes]
        return after if document_changes(apply_edits(self.text, stand_ins), after) == meant else None


def _proposals(code: str, where: Where, source: Source) -> Iterator[Proposal]:
    """Yield what could be done at a place, as edits of its source's text that were read back inside it."""
    steps = levels(where.path, where.inner, where.span)
    inward, last = (steps, ()) if code in IN_TEXT else (steps[:-1], steps[-1])
    texts, runs = [source.text], list[Runs]()
    for step in inward:
        found = text_along(texts[-1], step)
        if found is None:
            return
        texts.append(found[0])
        runs.append(found[1])
    for proposal in {**IN_TEXT, **IN_VALUE}[code](texts[-1], last):
        outer = _carried_out(proposal, [*zip(texts[1:], runs, strict=True)])
        if outer:
            yield outer


def _carried_out(proposal: Proposal, inward: list[tuple[str, Runs]]) -> Proposal | None:
    """Return a proposal for a text inside others as one for the outermost, or None where it does not hold in them."""
    for text, runs in reversed(inward):
        after = apply_edits(text, proposal.edits)
        if changes_between(apply_edits(text, proposal.stand_ins), after) != [*proposal.changes]:
            return None
        edits = tuple(Edit(*runs.range(edit.start, edit.end), edit.text) for edit in proposal.edits)
        proposal = Proposal(edits, (Change(text, after),))
    return proposal


def _moved(line: int, text: str, source: Source, edits: Sequence[Edit]) -> list[Edit] | None:
    """Return edits of a source's text as edits of a document that begins at a line of the same file.

    None where that has another text, or would lose a line.
    """
    moved = []
    for edit in edits:
        mark = mark_at(source.text, edit.start)
        start = offset_of(text, Mark(source.line - line + mark.line, mark.column))
        end = start + edit.end - edit.start
        piece = text[start:end]
        if piece != source.text[edit.start : edit.end] or len(lines_of(piece)) > 1:
            return None
        moved.append(edit._replace(start=start, end=end))
    return moved


def _hunks(where: Where, before: Source, after: Source, edits: Sequence[Edit]) -> Iterator[Hunk]:
    shift = 0
    for edit in sorted(edits):
        old = _line(where, before, edit.start, edit.end)
        new = _line(where, after, edit.start + shift, edit.start + shift + len(edit.text))
        shift += len(edit.text) - (edit.end - edit.start)
        yield Hunk(before.line + mark_at(before.text, edit.start).line + 1, old, new)


def _line(where: Where, source: Source, start: int, end: int) -> str:
    shown = excerpt(source.text, levels(where.path, where.inner, where.span), start, end, telling=True)
    return shown.text if shown else _UNSEEN
