"""`encctl lint --fix` and `--diff`: the diff on the terminal, the files on disk."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from enc_operator.cli.fixing.files import write_text
from enc_operator.cli.fixing.rounds import Fixed, fix_texts
from enc_operator.cli.ignoring import report_assessed
from enc_operator.cli.inputs import STDIN, Input, Text, read_paths
from enc_operator.cli.reading import assess_input, complain
from enc_operator.core.findings import Severity
from enc_operator.core.fixes.fixing import Fix
from enc_operator.core.reporting.model import Report
from enc_operator.errors import InputError, UsageError

_OK, _CHANGES, _UNREADABLE = 0, 1, 2


def run_fix(arguments: argparse.Namespace) -> int:
    """Show what is fixed, write it with `--fix`, and return the exit code of `--diff`."""
    if arguments.fix and STDIN in arguments.paths:
        raise UsageError("standard input cannot be fixed in place", "name files, or use --diff")
    read = read_paths(arguments.paths)

    def assess(texts: Sequence[Text]) -> Report:
        report = report_assessed(assess_input(Input([*texts]), arguments), arguments)
        return replace(report, level=Severity(arguments.severity))

    fixed = fix_texts(read.texts, assess)
    stream = sys.stdout if arguments.output == "table" else sys.stderr
    for line in diff_lines(fixed.fixes):
        print(line, file=stream)
    if arguments.fix:
        _write(read.texts, fixed)
    else:
        complain(read)
    print(_summary(fixed, "fixed" if arguments.fix else "would be fixed"), file=sys.stderr)
    return _UNREADABLE if read.errors else _CHANGES if fixed.fixes else _OK


def _write(texts: Iterable[Text], fixed: Fixed) -> None:
    """Write every file that can be written, then complain about the first that cannot."""
    before = {text.file: text.text for text in texts}
    errors = []
    for file, after in fixed.files.items():
        try:
            write_text(file, before[file], after)
        except InputError as error:
            errors.append(error)
    if errors:
        raise errors[0]


def diff_lines(fixes: Iterable[Fix]) -> Iterator[str]:
    """Yield fixes as a unified diff without context, in which every value is hidden that is no handle."""
    placed = sorted(fixes, key=lambda fix: (fix.finding.where.source.file, fix.hunks[0].line))
    for file, group in groupby(placed, key=lambda fix: fix.finding.where.source.file):
        yield f"--- {file}"
        yield f"+++ {file}"
        for fix in group:
            for hunk in fix.hunks:
                yield f"@@ -{hunk.line} +{hunk.line} @@ {fix.finding.code}"
                yield f"-{hunk.before}"
                yield f"+{hunk.after}"


def _summary(fixed: Fixed, done: str) -> str:
    number, files = len(fixed.fixes), len(fixed.files)
    kept = f", {len(fixed.ignored)} ignored and left as it is" if fixed.ignored else ""
    return f"{number} finding{'s' * (number != 1)} {done} in {files} file{'s' * (files != 1)}{kept}"
