"""A code's page, from the catalogue and its two examples. Where examples are kept, and who shows a page, stands elsewhere."""

from collections.abc import Iterator, Mapping

from enc_operator.core.findings.catalogue import CATALOGUE, SECTIONS

HEAD = "<!-- Written by make docs from the catalogue and its examples: do not edit. -->\n"
"""The first line of every page that is written to docs."""


def render_page(code: str, examples: Mapping[str, str]) -> str:
    """Render a code's page as Markdown that reads well as text.

    `examples` are the texts of `bad` and `good`, and as `report` what `encctl lint` says of the bad one.
    """
    entry = CATALOGUE[code]
    lines = [f"# {code}", "", f"{str(entry.severity).capitalize()}: {entry.summary}.", "", entry.why, ""]
    lines += ["**Fix.** " + entry.fix, ""]
    if not entry.ignorable:
        lines += ["It cannot be ignored.", ""]
    for name, title, language in _PARTS:
        if name in examples:
            lines += [title.format(code), "", f"```{language}", _narrow(examples[name]), "```", ""]
    return "\n".join(lines)


_PARTS = (
    ("bad", "This input is reported as `{}`:", "yaml"),
    ("report", "The report:", "text"),
    ("good", "This input is not:", "yaml"),
)
_WIDTH = 180  # characters of a line that a page shows


def _narrow(text: str) -> str:
    lines = text.rstrip("\n").split("\n")
    return "\n".join(line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…" for line in lines)


def render_index() -> str:
    """Render the list of all codes, with links to their pages."""
    return "\n".join(_index())


def _index() -> Iterator[str]:
    yield "# Findings"
    yield ""
    yield "Errors make `encctl` exit with 1. Each code has a page with a bad and a good example; the examples are tests."
    for title, section in SECTIONS.items():
        yield ""
        yield f"## {title}"
        yield ""
        yield "| code | severity | what it says |"
        yield "|---|---|---|"
        for code, entry in sorted(section.items()):
            yield f"| [`{code}`](findings/{code}.md) | {entry.severity} | {entry.summary} |"
    yield ""
