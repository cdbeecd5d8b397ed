"""Pages: what is rendered of a code."""

from enc_operator.core.findings import CATALOGUE, SEVERITIES
from enc_operator.core.findings.catalogue import SECTIONS
from enc_operator.core.findings.pages import render_index, render_page


def test_a_page_without_examples() -> None:
    """A page is a page without examples too."""
    assert render_page("pending", {}) == (
        "# pending\n\nInfo: the permission follows when the pod runs.\n\n"
        "The Secret's name has a variable in it, which only the running pod decides.\n\n**Fix.** Nothing to do.\n"
    )


def test_long_lines_are_cut() -> None:
    """A line of an example that nobody reads to its end is shown up to where people do."""
    page = render_page("pending", {"bad": "x" * 500 + "\ny\n", "report": "z"})

    assert "\n```yaml\n" + "x" * 179 + "…\ny\n```\n" in page
    assert "The report:\n\n```text\nz\n```\n" in page


def test_index() -> None:
    """Each code stands in one section, and in the index with its page."""
    index = render_index()

    assert sum(map(len, SECTIONS.values())) == len(CATALOGUE) == len(SEVERITIES)
    for code, severity in SEVERITIES.items():
        assert f"| [`{code}`](findings/{code}.md) | {severity} | " in index


def test_sentences() -> None:
    """A summary goes on from its code; the rest are sentences."""
    for entry in CATALOGUE.values():
        assert not entry.summary.endswith(".")
        assert entry.why.endswith((".", "`."))
        assert entry.fix.endswith(".")
