"""docs/audit.md, docs/granting.md and docs/plain-daemonset.md show what really happens."""

from pathlib import Path

import pytest

from chart_shapes import DEFAULTS
from enc_operator.cli.main import main
from pages import blocks, run, sessions, write_files

PAGES = ("audit.md", "granting.md", "plain-daemonset.md")


@pytest.mark.parametrize("page", PAGES)
def test_sessions(page: str, tmp_path: Path) -> None:
    """Every command prints what the page shows."""
    write_files(page, tmp_path)

    assert sessions(page)
    for command, output in sessions(page):
        assert run(command, tmp_path) == output, command


def test_values() -> None:
    """Every value of the chart that the tests know is in the page's table."""
    page = "\n".join(line for line in _page("audit.md").splitlines() if line.startswith("|"))
    backend = DEFAULTS["datadog"]["secretBackend"]

    assert all(f"datadog.secretBackend.{name}" in page for name in backend)
    assert all(f"clusterAgent.{name}." in page for name in DEFAULTS["clusterAgent"])


def test_grants_of_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The grants that the page shows allow what it shows as denied."""
    write_files("granting.md", tmp_path)
    main(["grant", "--output-dir", str(tmp_path), str(tmp_path / "shop.yaml")])

    assert main(["lint", str(tmp_path)]) == 0
    assert "0 errors" in capsys.readouterr().out


def _page(name: str) -> str:
    from assessing import ROOT  # noqa: PLC0415

    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_blocks() -> None:
    """The pages are read as pages."""
    assert all(len(blocks(page)) > 2 for page in PAGES)
