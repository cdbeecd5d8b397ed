"""The site is built from docs/ with no broken link, and its pages ask nobody for anything."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from assessing import ROOT
from tools import site

_LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "audio": "src", "video": "src",
           "object": "data", "embed": "src", "form": "action"}  # fmt: skip
# Not fetched when a page is shown.
_NAMED_ONLY = {"canonical", "next", "prev", "alternate"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site."""
    target = tmp_path_factory.mktemp("site") / "site"
    site.main(target)
    return target


class _Loads(HTMLParser):
    """What a browser fetches to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what an element loads."""
        named = dict(attrs)
        if tag in _LOADED and named.get("rel") not in _NAMED_ONLY:
            self.found.append(named.get(_LOADED[tag]) or "")


def loads(page: str) -> list[str]:
    """Return what a browser fetches to show a page."""
    parser = _Loads()
    parser.feed(page)
    return parser.found


def test_nothing_is_loaded_from_elsewhere(built: Path) -> None:
    """No script, style, font or picture of a page or of a style sheet is another host's."""
    pages = sorted(built.rglob("*.html"))
    asked = [each for page in pages for each in loads(page.read_text())]
    styles = "".join(sheet.read_text() for sheet in built.rglob("*.css"))
    asked += re.findall(r"""(?:url\(|@import )['"]?([^'")]+)""", styles)

    assert len(pages) > 80
    assert asked
    assert [each for each in asked if re.match(r"(?:https?:)?//", each)] == []


def test_no_page_has_what_scripts_fetch_from_elsewhere(built: Path) -> None:
    """Zensical's own script gets diagrams' and notebooks' programs from other hosts, and a repository's figures: no page asks for one."""
    text = "".join(page.read_text() for page in built.rglob("*.html"))

    assert re.findall(r"""class="?(?:mermaid|glightbox|pyodide)\b|data-md-component="?source""", text) == []


def test_what_is_loaded_would_be_seen() -> None:
    """The comparison knows a script, a style sheet and a picture of another host."""
    page = '<script src="https://a.example/a.js"></script><link rel=stylesheet href="//b.example/b.css"><img src="https://c.example/c">'

    assert loads(page) == ["https://a.example/a.js", "//b.example/b.css", "https://c.example/c"]


def test_every_page_is_there(built: Path) -> None:
    """Each of docs/, and those whose text stands elsewhere."""
    own = {page.relative_to(ROOT / "docs").with_suffix(".html") for page in (ROOT / "docs").rglob("*.md")}
    own = {page.with_name("index.html") if page.name == "README.html" else page for page in own}

    assert own <= {page.relative_to(built) for page in built.rglob("*.html")}
    assert "encctl plan" in (built / "encctl.html").read_text()
    assert "Apache-2.0" in (built / "index.html").read_text()


@pytest.mark.parametrize(
    "planted",
    ["[gone](nowhere.md)", "[gone](install.md#nowhere)", "[gone](#nowhere)"],
    ids=["a page that there is not", "a heading of another page", "a heading of its own"],
)
def test_a_broken_link_is_an_error(planted: str, tmp_path: Path) -> None:
    """The site is not built."""
    site.prepare(tmp_path)
    page = tmp_path / "docs/concepts.md"
    page.write_text(f"{page.read_text()}\n{planted}\n")

    with pytest.raises(SystemExit, match="not exist"):
        site.build(tmp_path)


def test_the_navigation_has_every_page(tmp_path: Path) -> None:
    """But for the findings, which their index lists."""
    site.prepare(tmp_path)
    named = set(re.findall(r": ([\w/.-]+\.md)$", (tmp_path / "mkdocs.yml").read_text(), re.MULTILINE))
    written = {page.relative_to(tmp_path / "docs").as_posix() for page in (tmp_path / "docs").rglob("*.md")}

    assert {page for page in written if not page.startswith("findings/")} == named
