"""`encctl plan` and `encctl lint`: an assessment on the terminal or as files."""

import argparse
import sys
from pathlib import Path

from enc_operator.cli.printing import in_file_order, print_findings, print_tables
from enc_operator.cli.reading import assess_paths
from enc_operator.core.assessment import Assessment
from enc_operator.core.rendering import (
    as_data,
    finding_data,
    findings_summary,
    render_json,
    render_object,
    render_objects,
    summary,
    tables,
)

_OK, _FINDINGS, _UNREADABLE = 0, 1, 2


def run_plan(arguments: argparse.Namespace) -> int:
    """Print a plan or its findings, and return the exit code."""
    assessed = assess_paths(arguments.paths, arguments)
    if arguments.command == "plan":
        _plan(assessed.assessment, arguments)
    else:
        _lint(assessed.assessment, arguments)
    if assessed.unreadable:
        return _UNREADABLE
    return _FINDINGS if assessed.assessment.has_errors else _OK


def _plan(assessment: Assessment, arguments: argparse.Namespace) -> None:
    if arguments.output == "json":
        sys.stdout.write(render_json(as_data(assessment)))
    elif arguments.output == "yaml":
        sys.stdout.write(render_objects(assessment.objects()))
        print_findings(in_file_order(assessment.findings), to_stderr=True)
    else:
        print_findings(in_file_order(assessment.findings))
        print_tables(tables(assessment))
    if arguments.output_dir:
        from enc_operator.cli.writing import write_folder  # noqa: PLC0415 - only where files are written

        names = write_folder(assessment, Path(arguments.output_dir))
        print(
            f"{len(names)} file{'s' * (len(names) != 1)} written to {arguments.output_dir}", file=sys.stderr
        )
    print(summary(assessment), file=sys.stdout if arguments.output == "table" else sys.stderr)


def _lint(assessment: Assessment, arguments: argparse.Namespace) -> None:
    findings = in_file_order(assessment.findings)
    data = {"findings": [finding_data(finding) for finding in findings]}
    if arguments.output == "json":
        sys.stdout.write(render_json(data))
    elif arguments.output == "yaml":
        sys.stdout.write(render_object(data))
    else:
        print_findings(findings)
    print(findings_summary(findings), file=sys.stdout if arguments.output == "table" else sys.stderr)
