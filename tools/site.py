"""Build the site: `python -m tools.site [FOLDER]` writes docs/ as pages into build/site, without a request to anybody.

Zensical makes the pages; what it cannot know is done before, on a copy of docs/: pages whose text stands elsewhere are added, and links
that lead out of docs/ lead to those or become words.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from enc_operator.cli.arguments import build_parser
from enc_operator.cli.completion.words import commands_of

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
_TAKEN = {
    "changes.md": "CHANGELOG.md",
    "chart.md": "charts/enc-operator/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "index.md": "README.md",
    "security.md": "SECURITY.md",
}
"""Pages of the site whose text is that of a file outside docs/."""
_LEFT_OUT = shutil.ignore_patterns("man")
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_WIDTH = "100"


def main(target: Path) -> None:
    """Build the site into a folder, or exit with what is wrong: a link that leads nowhere is."""
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name))
        site = build(Path(name))
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(site, target)


def prepare(folder: Path) -> None:
    """Write what Zensical builds the site from: mkdocs.yml, and docs/ with everything that the pages link to."""
    shutil.copytree(DOCS, folder / "docs", ignore=_LEFT_OUT)
    for taken, source in _TAKEN.items():
        shutil.copy(ROOT / source, folder / "docs" / taken)
    (folder / "docs/encctl.md").write_text("# encctl\n\n" + "\n".join(_commands()), encoding="utf-8")
    pages = sorted((folder / "docs").rglob("*.md"))
    known = _known(page.relative_to(folder / "docs").as_posix() for page in pages)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        page.write_text(_relink(text, page.relative_to(folder / "docs").as_posix(), known), encoding="utf-8")
    shutil.copy(ROOT / "mkdocs.yml", folder)


def build(folder: Path) -> Path:
    """Build what was prepared, and return the folder of the pages; a warning of Zensical's ends the program."""
    command = [str(Path(sys.executable).parent / "zensical"), "build", "--strict"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{ran.stdout}{ran.stderr}")
    return folder / "site"


def _known(pages: Iterator[str]) -> Mapping[Path, str]:
    """Map files of the repository to the pages that have their text."""
    return {(ROOT / _TAKEN[page] if page in _TAKEN else DOCS / page): page for page in pages}


def _relink(markdown: str, page: str, known: Mapping[Path, str]) -> str:
    """Have a page's links lead to pages of the site; files of the repository are named without a link."""
    place = (ROOT / _TAKEN[page] if page in _TAKEN else DOCS / page).parent

    def relinked(link: re.Match[str]) -> str:
        text, target = link.groups()
        path, mark, anchor = target.partition("#")
        file = Path(os.path.normpath(place / path))
        if "://" in target or not path or (file.is_relative_to(DOCS) and file not in known):
            return link[0]
        if file not in known:
            return text
        return f"[{text}]({os.path.relpath(known[file], Path(page).parent)}{mark}{anchor})"

    parts = _CODE.split(markdown)
    return "".join(part if number % 2 else _LINK.sub(relinked, part) for number, part in enumerate(parts))


def _commands() -> Iterator[str]:
    """Yield the help of every command, as blocks of text."""
    os.environ["COLUMNS"] = _WIDTH  # argparse folds by it
    parser = build_parser("encctl")
    yield f"```text\n{parser.format_help()}```\n"
    for name, command in commands_of(parser).items():
        yield f"## {name}\n\n```text\n{command.format_help()}```\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build/site")
