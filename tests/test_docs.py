"""The documents say what is true: sources have their tests, findings are those of the program, the README's plan is the plan."""

import re
from pathlib import Path

import pytest

from assessing import ROOT
from enc_operator.core.findings import CATALOGUE
from tools.write_pages import pages

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


@pytest.mark.parametrize(("file", "text"), [pytest.param(*page, id=page[0].stem) for page in pages()])
def test_pages_of_findings(file: Path, text: str) -> None:
    """The pages are what `make docs` writes: reports with their carets included."""
    assert file.read_text() == text


def test_no_other_pages() -> None:
    """No page is left of a code that is gone."""
    assert {file.stem for file in (ROOT / "docs/findings").iterdir()} == set(CATALOGUE)


def test_readme_shows_the_plan() -> None:
    """The permissions that the README shows are those of the example shop."""
    shown = re.findall(r"^  .*enc-\w+.*$", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert len(shown) == 4
    assert all(line in (GOLDEN / "shop/expected.txt").read_text() for line in shown)


def test_the_operators_page_names_what_there_is() -> None:
    """Conditions with their reasons, Events and metrics are those of the code, all of them."""
    text = (ROOT / "docs/operating.md").read_text()
    code = "".join(
        (ROOT / f"operator/enc_operator/controller/{name}.py").read_text()
        for name in ("status", "report", "metrics")
    )
    conditions = re.findall(r'Condition\("(\w+)", "(?:True|False)", "(\w+)"', code)
    metrics = set(re.findall(r'"(enc_\w+)"', code))

    assert {name for pair in conditions for name in pair} <= set(re.findall(r"`(\w+)`", text))
    assert set(re.findall(r'"(Reference(?:Denied|Residual|Spoofable|Admitted))"', code)) <= set(
        re.findall(r"`(\w+)`", text)
    )
    assert {name.removesuffix("_total") for name in re.findall(r"`(enc_\w+)`", text)} == metrics


def test_the_admission_page_names_what_there_is() -> None:
    """Its metrics are those of the code, all of them."""
    text = (ROOT / "docs/admission.md").read_text()
    code = (ROOT / "operator/enc_operator/webhook/metrics.py").read_text()

    named = {name.removesuffix("_total") for name in re.findall(r"`(enc_\w+)`", text)}
    assert named == set(re.findall(r'"(enc_\w+)"', code))
