"""What kubectl is answered when it completes `kubectl enc`."""

import subprocess
import sys
from pathlib import Path

import pytest

from enc_operator.cli.arguments import build_parser
from enc_operator.cli.completion.kubectl import answer


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        pytest.param(["li"], ["lint", ":4"], id="a command"),
        pytest.param(["--ver"], ["--version", ":4"], id="an option before any command"),
        pytest.param(["lint", "--fi"], ["--fix", ":4"], id="an option"),
        pytest.param(["lint", "-o", "ya"], ["yaml", ":4"], id="a format"),
        pytest.param(["lint", "--namespace", ""], [":4"], id="a value that nobody knows"),
        pytest.param(["plan", "--output-dir", ""], [":0"], id="a folder"),
        pytest.param(["lint", ""], [":0"], id="a file"),
        pytest.param(["lint", "--fix", ""], [":0"], id="a file behind a switch"),
        pytest.param(["explain", "handle-unq"], ["handle-unquoted", ":4"], id="a code"),
        pytest.param(["explain", "no-agent", ""], [":0"], id="a file behind a code"),
        pytest.param(["completion", ""], ["bash", "zsh", "fish", ":4"], id="a shell"),
        pytest.param(["completion", "bash", ""], [":4"], id="nothing more"),
    ],
)
def test_answers(words: list[str], lines: list[str]) -> None:
    """The words that fit come first, then whether files may stand there too."""
    assert answer(build_parser("kubectl enc"), words) == lines


def test_program() -> None:
    """The program that kubectl runs is installed under the name that it looks for."""
    program = Path(sys.executable).parent / "kubectl_complete-enc"

    done = subprocess.run([program, "explain", "no-ag"], capture_output=True, text=True, check=True)

    assert done.stdout == "no-agent\n:4\n"
