"""Pages of the documentation that hold what really happens: their files are written, their commands run, their output compared."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

from assessing import ROOT

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SHELL = re.compile(r"^( *)```sh\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[tuple[str, str, str]]:
    """Return the code blocks of a page: language, file's name, text."""
    return _BLOCK.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))


def shell_commands(text: str) -> list[str]:
    """Return the commands of the `sh` blocks in a page's text, those in lists too, each on a line of its own."""
    found = (textwrap.dedent(each[1]) for each in _SHELL.findall(text))
    return [line for each in found for line in re.sub(r" *\\\n *", " ", each).splitlines() if line]


def write_files(page: str, folder: Path) -> None:
    """Write the files that a page shows."""
    for _, name, text in blocks(page):
        if name:
            (folder / name).write_text(text)


def sessions(page: str) -> list[tuple[str, str]]:
    """Return the commands of a page with what they print."""
    found = []
    for language, _, text in blocks(page):
        if language == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                found.append((command, output))
    return found


def run(command: str, folder: Path) -> str:
    """Return what a command prints, standard error after standard output."""
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    ran = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, capture_output=True, check=False, text=True, env=environment
    )
    return ran.stdout + ran.stderr
