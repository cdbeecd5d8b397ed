"""The scripts in real shells: they load, and complete commands, options and codes. A shell that is not there is skipped by name."""

import os
import pty
import select
import shutil
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest

from enc_operator.cli.completion.arguments import SHELLS
from enc_operator.cli.main import main

LINES = [
    pytest.param("encctl li", "lint", id="a command"),
    pytest.param("encctl lint --fi", "--fix", id="an option"),
    pytest.param("encctl lint -o ya", "yaml", id="a format"),
    pytest.param("encctl lint -o sa", "sarif", id="a format of lint alone"),
    pytest.param("encctl lint --write-b", "--write-baseline", id="an option for baselines"),
    pytest.param("encctl lint --fail-on nev", "never", id="a level"),
    pytest.param("encctl lint --baseline some-fi", "some-file.yaml", id="a baseline"),
    pytest.param("encctl explain handle-unq", "handle-unquoted", id="a code"),
    pytest.param("encctl lint some-fi", "some-file.yaml", id="a file"),
]
_ENVIRONMENT = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "TERM": "dumb", "LC_ALL": "C.UTF-8"}
_BASH = 'source ./bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _shtab_encctl; printf "%s\\n" "${COMPREPLY[@]}"'
_DEADLINE = 20  # seconds


def needs(shell: str) -> str:
    """Return a shell's path, or skip the test."""
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return found


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return a folder with the scripts, and a file to complete."""
    for shell in SHELLS:
        assert main(["completion", shell]) == 0
        (tmp_path / shell).write_text(capsys.readouterr().out)
    (tmp_path / "zsh").rename(tmp_path / "_encctl")
    (tmp_path / "some-file.yaml").touch()
    return tmp_path


def run(command: list[str], folder: Path) -> list[str]:
    """Run a shell to its end and return the first word of each line that it prints."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**_ENVIRONMENT, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=_DEADLINE,
    )
    assert done.stderr == ""
    return [line.split("\t")[0].strip() for line in done.stdout.splitlines()]


@pytest.mark.parametrize(("line", "word"), LINES)
def test_bash(line: str, word: str, folder: Path) -> None:
    """Bash offers the one word that fits."""
    assert run([needs("bash"), "--norc", "-c", _BASH, "-", *line.split(" ")], folder) == [word]


@pytest.mark.parametrize(("line", "word"), LINES)
def test_fish(line: str, word: str, folder: Path) -> None:
    """Fish offers the word that fits."""
    assert word in run([needs("fish"), "--no-config", "-c", f"source ./fish; complete -C '{line}'"], folder)


@pytest.mark.parametrize(("line", "word"), LINES)
def test_zsh(line: str, word: str, folder: Path) -> None:
    """Zsh, on a terminal, completes the word when Tab is pressed."""
    zsh = needs("zsh")
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - another process
        os.chdir(folder)
        os.execve(zsh, [zsh, "-f", "-i"], {**_ENVIRONMENT, "HOME": str(folder)})  # noqa: S606
    try:
        setup = "PS1='rea''dy> '; fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D\n"
        os.write(terminal, setup.encode())
        _read_until(terminal, "ready> ")
        os.write(terminal, f"{line}\t".encode())
        _read_until(terminal, f"{line.rpartition(' ')[0]} {word}")
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


def _read_until(terminal: int, text: str) -> None:
    seen, end = "", monotonic() + _DEADLINE
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], max(end - monotonic(), 0))
        assert ready, seen
        seen += os.read(terminal, 4096).decode(errors="replace").replace("\x07", "").replace("\x08", "")
