"""Fixes made, and the whole input judged again: what does not do away with its finding, or breaks something, is taken back.

What is ignored is left alone, and so is what is not shown; what a baseline holds was accepted, not meant, and is fixed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from enc_operator.cli.inputs import Text
from enc_operator.core.findings import Finding
from enc_operator.core.findings.catalogue.documents import DOCUMENTS
from enc_operator.core.fixes.fixing import Fix, Mended, mend
from enc_operator.core.reporting.model import Report

Assess = Callable[[Sequence[Text]], Report]

_BROKEN = frozenset({*DOCUMENTS, "config-invalid", "template-invalid"})
"""Codes of texts that cannot be read. Others may come up: a handle that is seen at last is judged like any other."""


@dataclass(slots=True)
class Fixed:
    """The input after its fixes."""

    texts: list[Text]
    report: Report
    fixes: list[Fix] = field(default_factory=list)
    refused: set[tuple[Any, ...]] = field(default_factory=set)
    careful: set[str] = field(default_factory=set)  # files in which only one fix is tried at a time

    @property
    def files(self) -> Mapping[str, str]:
        """The new text of each file that was fixed."""
        fixed = {fix.finding.where.source.file for fix in self.fixes}
        return {text.file: text.text for text in self.texts if text.file in fixed}

    @property
    def ignored(self) -> list[Finding]:
        """What would be fixed if it were not ignored."""
        found = _by_file(item.finding for item, _ in self.report.accepted)
        mended = (mend(text.text, found.get(text.file, [])) for text in self.texts)
        return [fix.finding for item in mended for fix in item.fixes]


def fix_texts(texts: Sequence[Text], assess: Assess) -> Fixed:
    """Fix what is certain, until nothing is left: behind a fault that hid a document there may be others."""
    fixed = Fixed([*texts], assess(texts))
    while True:
        mended = _mend(fixed)
        if not mended:
            return fixed
        tried = [
            replace(text, text=mended[text.file].text) if text.file in mended else text
            for text in fixed.texts
        ]
        after = assess(tried)
        wrong = _wrong(mended, fixed.report, after)
        if wrong:
            _take_back(fixed, mended, wrong)
        else:
            fixed.texts, fixed.report = tried, after
            fixed.fixes += [fix for item in mended.values() for fix in item.fixes]


def _mend(fixed: Fixed) -> dict[str, Mended]:
    wanted = (item.finding for item in fixed.report.shown)
    by_file = _by_file(finding for finding in wanted if _key(finding) not in fixed.refused)
    mended = {}
    for text in fixed.texts:
        found = mend(text.text, by_file.get(text.file, []))
        if found.fixes and text.file in fixed.careful:
            found = mend(text.text, [found.fixes[0].finding])
        if found.fixes:
            mended[text.file] = found
    return mended


def _by_file(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for item in findings:
        found.setdefault(item.where.source.file, []).append(item)
    return found


def _wrong(mended: Mapping[str, Mended], before: Report, after: Report) -> set[str]:
    """Return the files whose fixes did not do what they should; for trouble elsewhere all may be to blame."""
    known = {_key(item.finding) for item in before.items}
    aims = {_key(fix.finding) for item in mended.values() for fix in item.fixes}
    left = (item.finding for item in after.items)
    wrong = {
        finding.where.source.file
        for finding in left
        if _key(finding) in aims or (finding.code in _BROKEN and _key(finding) not in known)
    }
    return wrong if wrong <= mended.keys() else {*mended}


def _take_back(fixed: Fixed, mended: Mapping[str, Mended], wrong: Iterable[str]) -> None:
    """Refuse the only fix of a file; where there are several, find out which of them it was."""
    for file in wrong:
        if len(mended[file].fixes) == 1:
            fixed.refused.add(_key(mended[file].fixes[0].finding))
        else:
            fixed.careful.add(file)


def _key(item: Finding) -> tuple[Any, ...]:
    """Return what a finding is known by; fixes move no line."""
    where = item.where
    return item.code, where.source.file, where.position().line, where.object, where.path, where.inner
