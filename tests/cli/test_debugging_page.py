"""docs/debugging.md holds what really happens: its files are written, its commands run, their output compared."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assessing import EXAMPLES, ROOT

PAGE = (ROOT / "docs/debugging.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write the page's files into a folder, which stands for the root of a machine with Docker Swarm's secrets."""
    for _, name, text in _BLOCK.findall(PAGE):
        if name:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
    (tmp_path / "run/secrets").mkdir(parents=True)
    (tmp_path / "run/secrets/db_prod_password").write_text("canary-5150")
    shutil.copytree(EXAMPLES, tmp_path / "manifests/examples")
    return tmp_path


def sessions() -> list[tuple[str, str]]:
    """Return the page's commands with what they print."""
    found = []
    for language, _, text in _BLOCK.findall(PAGE):
        if language == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                found.append((command, output))
    return found


def test_page(folder: Path) -> None:
    """Every command prints what the page shows; `…` stands for anything."""
    assert len(sessions()) >= 6
    for command, output in sessions():
        script = command.replace(" /run/", f" {folder}/run/").replace("file@/run/", f"file@{folder}/run/")
        environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
        ran = subprocess.run(
            ["/bin/sh", "-c", script],
            cwd=folder,
            capture_output=True,
            check=False,
            text=True,
            env=environment,
        )
        shown = ".*".join(re.escape(piece) for piece in output.split("…"))
        assert re.fullmatch(shown, ran.stdout, re.DOTALL), f"{command}\n{ran.stdout}{ran.stderr}"
        assert "canary-5150" not in ran.stdout + ran.stderr
