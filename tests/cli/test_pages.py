"""Pages of the documentation hold what really happens: their files are written, their commands run, their output compared."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assessing import EXAMPLES, ROOT
from enc_operator.resolver_bundle import resolver_script

PAGES = ["debugging", "linting", "standalone"]
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The folders of a machine's secrets; a test has them below a folder of its own.
_SECRETS = re.compile(r"(?<![\w.…])/(?=(?:run|etc/\w+-agent)/secrets)")
_CANARY = "canary-5150"


def blocks(page: str) -> list[tuple[str, str, str]]:
    """Return a page's blocks: language, name of the file (or nothing), text."""
    return _BLOCK.findall((ROOT / f"docs/{page}.md").read_text(encoding="utf-8"))


def here(text: str, folder: Path) -> str:
    """Return a text with the secrets' folders below the test's own."""
    return _SECRETS.sub(f"{folder}/", text)


def write_files(page: str, folder: Path) -> None:
    """Write a page's files, the secrets that it speaks of, and what `make resolver` makes."""
    for _, name, text in blocks(page):
        if name:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(here(text, folder))
    for secret in (
        "run/secrets/db_prod_password",
        "etc/datadog-agent/secrets/api_key",
        "etc/stackstate-agent/secrets/api_key",
    ):
        (folder / secret).parent.mkdir(parents=True, exist_ok=True)
        (folder / secret).write_text(_CANARY)
    (folder / "resolver").write_text(f"#!{sys.executable} -IS\n{resolver_script().partition(chr(10))[2]}")
    (folder / "resolver").chmod(0o500)
    shutil.copytree(EXAMPLES, folder / "manifests/examples")


def sessions(page: str) -> list[tuple[str, str]]:
    """Return a page's commands with what they print."""
    texts = [text for language, _, text in blocks(page) if language == "console"]
    parts = [part for text in texts for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


@pytest.mark.parametrize("page", PAGES)
def test_page(page: str, tmp_path: Path) -> None:
    """Every command prints what the page shows; `…` stands for anything. No value is among it."""
    write_files(page, tmp_path)

    assert len(sessions(page)) >= 4
    for command, output in sessions(page):
        ran = subprocess.run(
            ["/bin/sh", "-c", here(command, tmp_path)],
            cwd=tmp_path,
            capture_output=True,
            check=False,
            text=True,
            env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        )
        shown = ".*".join(re.escape(piece) for piece in here(output, tmp_path).split("…"))
        assert re.fullmatch(shown, ran.stdout, re.DOTALL), f"{command}\n{ran.stdout}{ran.stderr}"
        assert _CANARY not in ran.stdout + ran.stderr
