"""Running `encctl lint`: assess, ignore, compare with the baseline, print, and the exit code."""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from enc_operator.cli.ignoring import named_here, report_assessed
from enc_operator.cli.lint.arguments import LEVELS, NEVER
from enc_operator.cli.lint.baselines import accept, read_baseline, say_gone, write_baseline
from enc_operator.cli.printing import print_findings
from enc_operator.cli.reading import Assessed, assess_paths
from enc_operator.core.findings import Severity
from enc_operator.core.rendering import findings_summary, render_json, render_object
from enc_operator.core.reporting.data import report_data
from enc_operator.core.reporting.model import Report, summary_tail
from enc_operator.errors import UsageError

_OK, _FINDINGS, _UNREADABLE = 0, 1, 2


def run_lint(arguments: argparse.Namespace) -> int:
    """Print findings, after what is to be fixed, and return the exit code."""
    fails_on = _fails_on(arguments)
    if arguments.fix or arguments.diff:
        from enc_operator.cli.fixing.command import run_fix  # noqa: PLC0415 - most runs fix nothing

        code = run_fix(arguments)
        if arguments.diff:
            return code
    baseline = read_baseline(Path(arguments.baseline)) if arguments.baseline else None
    assessed = assess_paths(arguments.paths, arguments)
    report = replace(report_assessed(assessed, arguments), level=Severity(arguments.severity))
    if baseline:
        report = accept(report, baseline)
        if not assessed.unreadable and not arguments.write_baseline:
            say_gone(baseline, report, assessed.texts)
    if arguments.write_baseline:
        report = _write(report, assessed, Path(arguments.write_baseline))
    _PRINTERS[arguments.output](report, assessed)
    counted = findings_summary(item.finding for item in report.open) + summary_tail(report)
    print(counted, file=sys.stdout if arguments.output == "table" else sys.stderr)
    if assessed.unreadable:
        return _UNREADABLE
    return _FINDINGS if report.fails(fails_on) else _OK


def _fails_on(arguments: argparse.Namespace) -> Severity | None:
    if arguments.fail_on == NEVER:
        return None
    if LEVELS.index(arguments.fail_on) > LEVELS.index(arguments.severity):
        message = f"--severity {arguments.severity} would hide what --fail-on {arguments.fail_on} fails for"
        raise UsageError(message, f"write --severity {arguments.fail_on}")
    return Severity(arguments.fail_on)


def _write(report: Report, assessed: Assessed, file: Path) -> Report:
    if assessed.unreadable:
        raise UsageError(f"{file} was not written: some input could not be read", "correct that first")
    baseline = write_baseline(file, report)
    count = len(baseline.entries)
    print(f"{count} finding{'s' * (count != 1)} written to {file}", file=sys.stderr)
    return accept(report, baseline)


def _print_table(report: Report, _: Assessed) -> None:
    print_findings(item.finding for item in report.shown)


def _print_json(report: Report, _: Assessed) -> None:
    sys.stdout.write(render_json(report_data(report)))


def _print_yaml(report: Report, _: Assessed) -> None:
    sys.stdout.write(render_object(report_data(report)))


def _print_sarif(report: Report, assessed: Assessed) -> None:
    from enc_operator.cli.pages import page_of  # noqa: PLC0415 - only this format has pages
    from enc_operator.core.reporting.sarif import Surroundings, sarif_log  # noqa: PLC0415

    texts = {text.file: text.text for text in assessed.texts}
    pages = {code: page_of(code) for code in {item.finding.code for item in report.items}}
    around = Surroundings(texts, named_here, pages, complete=not assessed.unreadable)
    sys.stdout.write(render_json(sarif_log(report, around)))


def _print_github(report: Report, _: Assessed) -> None:
    from enc_operator.core.reporting.workflow_commands import workflow_command  # noqa: PLC0415

    for item in report.shown:
        print(workflow_command(item.finding, named_here))


_PRINTERS: Mapping[str, Callable[[Report, Assessed], None]] = {
    "table": _print_table,
    "json": _print_json,
    "yaml": _print_yaml,
    "sarif": _print_sarif,
    "github": _print_github,
}
