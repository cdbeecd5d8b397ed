"""The examples of the docs are the tests: the bad one is reported under its code, the good one is not."""

import pytest

from assessing import NOW
from enc_operator.cli.ignoring import report_texts
from enc_operator.cli.inputs import Text
from enc_operator.cli.loading import Options
from enc_operator.cli.pages import examples_of, page_of
from enc_operator.core.findings import CATALOGUE, Finding, Severity

ALONGSIDE = {"residual": {"access-denied"}, "ignore-invalid": {"handle-case"}}
"""Codes that come with others: a reference that resolves all the same was refused first; what should be ignored is not."""

QUIET = {"backend-unreadable": {"backend-kept"}}
"""What is still worth knowing about a good example."""


def findings_of(text: str) -> list[Finding]:
    """Return what is reported of a text, with what its comments ignore left out."""
    report = report_texts([Text("file0.yaml", text, named=False)], Options(now=NOW))
    return [item.finding for item in report.open]


@pytest.mark.parametrize("code", CATALOGUE)
def test_bad(code: str) -> None:
    """The bad example is reported under its code, and for nothing else."""
    found = [item.code for item in findings_of(examples_of(code)["bad"])]

    assert code in found
    assert set(found) - {code} == ALONGSIDE.get(code, set())


@pytest.mark.parametrize("code", CATALOGUE)
def test_good(code: str) -> None:
    """Of the good example nothing is reported."""
    found = findings_of(examples_of(code)["good"])

    assert {finding.code for finding in found} == QUIET.get(code, set())
    assert {finding.severity for finding in found} <= {Severity.INFO}


@pytest.mark.parametrize("code", CATALOGUE)
def test_marked(code: str) -> None:
    """Every report shows the line and marks its place, where it is about a line."""
    found = [item for item in findings_of(examples_of(code)["bad"]) if item.code == code]
    lines = [item.where.excerpt() for item in found]

    assert all(lines) is (code not in {"agent-refused", "object-duplicate"})


def test_page() -> None:
    """A page says what a code means, and shows its examples."""
    page = page_of("handle-case")

    assert page.startswith("# handle-case\n\nWarning: `enc[…]` is no handle.\n")
    assert "**Fix.** Write `ENC[…]`. " in page
    assert page.count("```yaml") == 2
    with pytest.raises(KeyError):
        page_of("unheard-of")
