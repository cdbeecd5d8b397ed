"""The documents say what is true: sources have their tests, findings are those of the program, the README's plan is the plan."""

import re

import pytest

from assessing import ROOT
from enc_operator.core.findings import SEVERITIES

GOLDEN = ROOT / "tests/golden"
_ROW = re.compile(r"^\|.*\| (\w+) \| `([^`]+)` \|$", re.MULTILINE)


def sources() -> list[tuple[str, str]]:
    """Return the (golden case, text) pairs of docs/sources.md."""
    return _ROW.findall((ROOT / "docs/sources.md").read_text())


def test_sources_have_rows() -> None:
    """The tables are read as tables."""
    assert len(sources()) > 70


@pytest.mark.parametrize(("case", "text"), sources())
def test_sources(case: str, text: str) -> None:
    """Each form's golden test shows what the table says."""
    expected = (GOLDEN / case / "expected.txt").read_text()

    assert text in expected or text in "\n".join(
        path.read_text() for path in (GOLDEN / case).glob("expected*")
    )


@pytest.mark.parametrize(
    ("case", "secret"),
    [
        ("annotations", "shop/tags/key"),
        ("annotations", "shop/prometheus/key"),
        ("confd", "dd/unread/password"),
    ],
)
def test_no_sources(case: str, secret: str) -> None:
    """What is no template is not listed."""
    manifests = "\n".join(path.read_text() for path in (GOLDEN / case).glob("*.yaml"))

    assert secret in manifests
    assert secret not in (GOLDEN / case / "expected.txt").read_text()


def test_findings() -> None:
    """docs/findings.md lists every code with its severity."""
    rows = re.findall(r"^\| (`[^|]*`) \| (\w+) \|", (ROOT / "docs/findings.md").read_text(), re.MULTILINE)
    listed = {code: severity for codes, severity in rows for code in re.findall(r"`([^`]+)`", codes)}

    assert listed == {code: str(severity) for code, severity in SEVERITIES.items()}


def test_readme_shows_the_plan() -> None:
    """The permissions that the README shows are those of the example shop."""
    shown = re.findall(r"^  .*enc-\w+.*$", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert len(shown) == 4
    assert all(line in (GOLDEN / "shop/expected.txt").read_text() for line in shown)
