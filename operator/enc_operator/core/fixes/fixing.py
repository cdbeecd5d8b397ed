"""From a finding to a file's corrected text: a proposal is carried outwards through the texts that it stands in.

At each level the text is read before and after, and nothing may differ but what the proposal says. Otherwise it is no fix.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

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
        mended = _mend_document(line, piece, inside)
        start = text.index(piece, starts[line])  # behind dots that end the document before it
        text = text[:start] + mended.text + text[start + len(piece) :]
        fixes[:0] = mended.fixes
    return Mended(text, tuple(fixes))


def _mend_document(line: int, text: str, findings: Sequence[Finding]) -> Mended:
    fixes: list[Fix] = []
    sources: dict[Source, Source] = {}
    # From the end to the beginning: an edit moves nothing that stands before it.
    for found in sorted(findings, key=lambda item: item.where.position(), reverse=True):
        source = sources.get(found.where.source, found.where.source)
        for proposal in _proposals(found.code, found.where, source):
            corrected = _in_document(line, text, source, proposal)
            if corrected is not None:
                after = replace(source, text=apply_edits(source.text, proposal.edits))
                fixes.append(Fix(found, tuple(_hunks(found.where, source, after, proposal.edits))))
                text, sources[found.where.source] = corrected, after
                break
    return Mended(text, tuple(reversed(fixes)))


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


def _in_document(line: int, text: str, source: Source, proposal: Proposal) -> str | None:
    """Return the text of a file's document after a proposal, or None where it would not be what is meant."""
    edits = _moved(line, text, source, proposal.edits)
    stand_ins = _moved(line, text, source, proposal.stand_ins)
    if edits is None or stand_ins is None:
        return None
    after = apply_edits(text, edits)
    changes = document_changes(apply_edits(text, stand_ins), after)
    return after if changes == [*proposal.changes] else None


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
