"""Write the manual page, the chart's README, docs/findings.md and a page for each code, from what they are about."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from enc_operator.cli.ignoring import report_texts
from enc_operator.cli.inputs import Text
from enc_operator.cli.loading import Options
from enc_operator.cli.pages import examples_of
from enc_operator.core.findings import CATALOGUE
from enc_operator.core.findings.pages import HEAD, render_index, render_page
from enc_operator.core.rendering import finding_lines
from tools.chart_readme import CHART, render_readme
from tools.manual import render_manual

DOCS = Path(__file__).parents[1] / "docs"
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def pages() -> Iterator[tuple[Path, str]]:
    """Yield each page's file with its text."""
    yield DOCS / "findings.md", HEAD + render_index()
    yield DOCS / "man/encctl.1", render_manual()
    yield CHART / "README.md", render_readme()
    for code in CATALOGUE:
        examples = examples_of(code)
        page = render_page(code, {**examples, "report": _report(examples["bad"])})
        yield DOCS / "findings" / f"{code}.md", HEAD + page


def _report(text: str) -> str:
    report = report_texts([Text("bad.yaml", text, named=False)], Options(now=_NOW))
    return "\n".join(line for item in report.open for _, line in finding_lines(item.finding))


def main() -> None:
    """Write the pages, and remove those of codes that are gone."""
    written = dict(pages())
    for file in (DOCS / "findings").glob("*.md"):
        if file not in written:
            file.unlink()
    for file, text in written.items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
