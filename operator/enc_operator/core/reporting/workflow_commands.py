"""Findings as workflow commands of GitHub Actions, which makes annotations of them.

Source: actions/toolkit, `packages/core/src/command.ts`, for the escapes; a column is only taken of a place within one line.
"""

from enc_operator.core.findings import Finding, Severity
from enc_operator.core.reporting.model import NameOf

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def workflow_command(finding: Finding, name_of: NameOf) -> str:
    """Render a finding as one line; one of standard input or the command line names no file."""
    start, end = finding.where.extent()
    file = finding.where.source.file
    message = f"{finding.what}\nfix: {finding.fix}"
    properties: dict[str, object] = {"title": finding.code}
    if file.startswith("<"):
        message = f"{file}:{start.line}:{start.column}: {message}"
    else:
        columns = {"col": start.column, "endColumn": end.column} if start.line == end.line else {}
        lines = {"line": start.line, "endLine": end.line}
        properties = {"file": name_of(file), **lines, **columns, **properties}
    written = ",".join(f"{name}={_escape_property(str(value))}" for name, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {written}::{_escape(message)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
