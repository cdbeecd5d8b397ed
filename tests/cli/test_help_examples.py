"""The examples in the help of `completion`, `audit`, `grant` and `explain` are commands that run; those of `lint` do in its own tests."""

import io
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from assessing import EXAMPLES
from chart_shapes import bound, rule
from enc_operator.cli.audit.arguments import EXAMPLES as AUDIT
from enc_operator.cli.completion.arguments import EXAMPLES as COMPLETION
from enc_operator.cli.explain.arguments import EXAMPLES as EXPLAIN
from enc_operator.cli.grant.arguments import EXAMPLES as GRANT
from enc_operator.cli.main import main

ROLE = "\n---\n".join(bound("shop", "r", [rule("get", "list")], "datadog-agent", labels={}, home="datadog"))


def commands(examples: str) -> list[str]:
    """Return the commands, without the explanation that follows them after two blanks."""
    return [re.split(r"\s{2,}", line.strip())[0] for line in examples.splitlines()[1:]]


def arguments_of(command: str) -> list[str]:
    """Return the arguments of encctl, after a pipe and before a redirection."""
    return shlex.split(command.rpartition("| ")[2].partition(" > ")[0])[1:]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out what the examples name: the shop, and its Agents with a Role; the same on standard input."""
    shutil.copytree(EXAMPLES / "shop", tmp_path / "shop")
    shutil.copytree(EXAMPLES / "agents", tmp_path / "agents")
    (tmp_path / "agents/rbac.yaml").write_text(ROLE)
    both = "\n---\n".join(file.read_text() for file in sorted((tmp_path / "agents").iterdir()))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(both.encode())))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "command", [*commands(COMPLETION), *commands(AUDIT), *commands(GRANT), *commands(EXPLAIN)]
)
def test_examples(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each example says something, and none is refused."""
    assert main(arguments_of(command)) in (0, 1)

    told = capsys.readouterr()
    assert told.out or (folder / "review").is_dir()
    assert "encctl: " not in told.err


@pytest.mark.parametrize("command", ["lint", "audit", "grant", "explain", "completion"])
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The help has the examples and the exit codes, at a width that a terminal shows."""
    with pytest.raises(SystemExit):
        main([command, "--help"])

    out = capsys.readouterr().out
    assert "examples:\n  encctl" in out
    assert "exit codes:\n  0" in out
    assert max(map(len, out.splitlines())) <= 132
