"""An `encctl resolve` that is watched, and executables for it."""

import json
from pathlib import Path
from typing import Any

import pytest

from enc_operator.cli.main import main
from resolving import CANARY, Answering, Executable, Run
from shell_scripts import write_program


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `encctl resolve` in an empty folder, and see to it that no value is ever shown."""
    monkeypatch.chdir(tmp_path)

    def resolve(*arguments: str) -> tuple[int, str, str]:
        code = main(["resolve", *arguments])
        out, err = capsys.readouterr()
        assert CANARY not in out + err
        return code, out, err

    return resolve


@pytest.fixture
def executable(tmp_path: Path) -> Executable:
    """Write an executable that keeps its question in the file `question`."""

    def write(script: str, mode: int = 0o500) -> str:
        (tmp_path / "fetch").unlink(missing_ok=True)
        program = write_program(tmp_path / "fetch", f"#!/bin/sh\ncat > {tmp_path}/question\n{script}\n")
        program.chmod(mode)
        return str(program)

    return write


@pytest.fixture
def answering(tmp_path: Path, executable: Executable) -> Answering:
    """Write an executable with fixed answers."""

    def write(answers: Any, after: str = "") -> str:
        (tmp_path / "answers.json").write_text(json.dumps(answers))
        return executable(f"cat {tmp_path}/answers.json; {after}")

    return write
