"""`encctl plan`: an assessment on the terminal or as files. What is ignored is not shown, and planned all the same."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from enc_operator.cli.ignoring import report_assessed
from enc_operator.cli.printing import print_findings, print_tables
from enc_operator.cli.reading import assess_paths
from enc_operator.core.assessment import Assessment
from enc_operator.core.findings import Severity
from enc_operator.core.rendering import as_data, render_json, render_objects, summary, tables
from enc_operator.core.reporting.data import VERSION, ignored_data, reported_data
from enc_operator.core.reporting.model import Report, summary_tail

_OK, _FINDINGS, _UNREADABLE = 0, 1, 2


def run_plan(arguments: argparse.Namespace) -> int:
    """Print a plan, and return the exit code."""
    assessed = assess_paths(arguments.paths, arguments)
    report = report_assessed(assessed, arguments)
    _plan(assessed.assessment, report, arguments)
    if assessed.unreadable:
        return _UNREADABLE
    return _FINDINGS if report.fails(Severity.ERROR) else _OK


def _plan(planned: Assessment, report: Report, arguments: argparse.Namespace) -> None:
    findings = [item.finding for item in report.open]
    assessment = replace(planned, findings=tuple(findings))
    if arguments.output == "json":
        sys.stdout.write(render_json(_data(assessment, report)))
    elif arguments.output == "yaml":
        sys.stdout.write(render_objects(assessment.objects()))
        print_findings(findings, to_stderr=True)
    else:
        print_findings(findings)
        print_tables(tables(assessment))
    if arguments.output_dir:
        from enc_operator.cli.writing import write_folder  # noqa: PLC0415 - only where files are written

        names = write_folder(assessment, Path(arguments.output_dir))
        print(
            f"{len(names)} file{'s' * (len(names) != 1)} written to {arguments.output_dir}", file=sys.stderr
        )
    counted = summary(assessment) + summary_tail(report)
    print(counted, file=sys.stdout if arguments.output == "table" else sys.stderr)


def _data(assessment: Assessment, report: Report) -> dict[str, Any]:
    found = {"findings": [reported_data(item) for item in report.open], "ignored": ignored_data(report)}
    return {"version": VERSION, **as_data(assessment), **found}
