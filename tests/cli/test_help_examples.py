"""The examples in the help are commands that run; those of `lint`, which build upon each other, do so in its own tests."""

import io
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from assessing import EXAMPLES as MANIFESTS
from chart_shapes import bound, rule
from enc_operator.cli.adopt.arguments import EXAMPLES as ADOPT
from enc_operator.cli.arguments import CAN_I_EXAMPLES as CAN_I
from enc_operator.cli.arguments import EXAMPLES as ALL
from enc_operator.cli.arguments import PLAN_EXAMPLES as PLAN
from enc_operator.cli.arguments import RESOLVE_EXAMPLES as RESOLVE
from enc_operator.cli.arguments import build_parser
from enc_operator.cli.audit.arguments import EXAMPLES as AUDIT
from enc_operator.cli.completion.arguments import EXAMPLES as COMPLETION
from enc_operator.cli.doctor.arguments import EXAMPLES as DOCTOR
from enc_operator.cli.explain.arguments import EXAMPLES as EXPLAIN
from enc_operator.cli.grant.arguments import EXAMPLES as GRANT
from enc_operator.cli.main import main
from enc_operator.cli.scan.arguments import EXAMPLES as SCAN
from kubectl_stand_in import StandIn

ROLE = "\n---\n".join(bound("shop", "r", [rule("get", "list")], "datadog-agent", labels={}, home="datadog"))

FETCH = """import json, sys
print(json.dumps({name: {"value": "x"} for name in json.load(sys.stdin)["secrets"]}))
"""


def commands(examples: str) -> list[str]:
    """Return the commands, without the explanation that follows them after two blanks."""
    return [re.split(r"\s{2,}", line.strip())[0] for line in examples.splitlines()[1:]]


def arguments_of(command: str) -> list[str]:
    """Return the arguments of encctl, after a pipe and before a redirection."""
    return shlex.split(command.rpartition("| ")[2].partition(" > ")[0])[1:]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out what the examples name: the shop, and its Agents with a Role; the same on standard input."""
    shutil.copytree(MANIFESTS / "shop", tmp_path / "shop")
    shutil.copytree(MANIFESTS / "agents", tmp_path / "agents")
    (tmp_path / "agents/rbac.yaml").write_text(ROLE)
    (tmp_path / "etc/datadog-agent").mkdir(parents=True)
    (tmp_path / "etc/datadog-agent/datadog.yaml").write_text("api_key: ENC[api_key]\n")
    (tmp_path / "fetch").write_text(f"#!{sys.executable}\n{FETCH}")
    (tmp_path / "fetch").chmod(0o700)
    for name in ("shop", "agents"):
        shutil.copytree(tmp_path / name, tmp_path / "manifests" / name)
    both = "\n---\n".join(file.read_text() for file in sorted((tmp_path / "agents").iterdir()))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(both.encode())))
    monkeypatch.chdir(tmp_path)
    return tmp_path


EVERY = [
    *commands(ALL),
    *commands(PLAN),
    *commands(RESOLVE),
    *commands(CAN_I),
    *commands(COMPLETION),
    *commands(AUDIT),
    *commands(GRANT),
    *commands(EXPLAIN),
    *commands(ADOPT),
    *commands(DOCTOR),
]


LIVE_COMMANDS = ("adopt", "can-i", "doctor", "explain", "scan", "uninstall")
_LIVE = ("--live", "encctl adopt", "encctl doctor", "encctl scan", "encctl uninstall")  # these ask a cluster


@pytest.mark.parametrize("command", [each for each in EVERY if not any(word in each for word in _LIVE)])
def test_examples(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each example says something, and none is refused."""
    assert main(arguments_of(command)) in (0, 1)

    told = capsys.readouterr()
    assert told.out or (folder / "review").is_dir()
    assert "encctl: " not in told.err


@pytest.mark.parametrize("command", commands(SCAN))
def test_examples_of_a_cluster(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each example of `scan` runs, through a kubectl that shows an empty cluster."""
    StandIn(folder)
    monkeypatch.setenv("PATH", str(folder))

    assert main(arguments_of(command.partition(" | ")[0])) == 0

    assert "encctl: " not in capsys.readouterr().err


@pytest.mark.parametrize("command", [each for each in EVERY if any(word in each for word in _LIVE)])
def test_examples_that_ask_a_cluster(command: str) -> None:
    """The others need a cluster, and are options that exist."""
    assert build_parser().parse_args(arguments_of(command)).command in LIVE_COMMANDS


@pytest.mark.parametrize(
    "command",
    [
        "plan",
        "lint",
        "resolve",
        "can-i",
        "audit",
        "grant",
        "explain",
        "scan",
        "adopt",
        "doctor",
        "completion",
    ],
)
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The help has the examples and the exit codes, at a width that a terminal shows."""
    with pytest.raises(SystemExit):
        main([command, "--help"])

    out = capsys.readouterr().out
    assert "examples:\n  encctl" in out
    assert "exit codes:\n  0" in out
    assert max(map(len, out.splitlines())) <= 132
