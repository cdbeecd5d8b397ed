"""A report as plain data, for `-o json` and `-o yaml`: the format that docs/schemas describes."""

from typing import Any

from enc_operator.core.rendering import finding_data
from enc_operator.core.reporting.model import Acceptance, Report, Reported

VERSION = 1
"""Of the format: higher when something goes or changes its meaning, not when something is added."""


def report_data(report: Report) -> dict[str, Any]:
    """Return a report as plain data."""
    return {
        "version": VERSION,
        "findings": [reported_data(item) for item in report.shown],
        "ignored": ignored_data(report),
        "summary": report.counts(),
    }


def ignored_data(report: Report) -> list[dict[str, Any]]:
    """Return what is ignored or in the baseline, each with where that is said and why."""
    return [{**reported_data(item), **_acceptance_data(acceptance)} for item, acceptance in report.accepted]


def reported_data(item: Reported) -> dict[str, Any]:
    """Return a finding as plain data, with what it is known by and its page."""
    data = finding_data(item.finding)
    return {**data, "fingerprint": item.fingerprint, "page": page_path(item.finding.code)}


def _acceptance_data(acceptance: Acceptance) -> dict[str, Any]:
    return {"ignoredBy": str(acceptance.by), "reason": acceptance.reason}


def page_path(code: str) -> str:
    """Return where a code's page is in the project."""
    return f"docs/findings/{code}.md"
