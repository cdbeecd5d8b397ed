"""The snippets of docs/ci.md: files that are what they are for, commands that run, patterns that fit what encctl prints."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from assessing import NODE_AGENT, ROOT, pod
from pages import blocks

_FILES = {name: text for _, name, text in blocks("ci.md") if name}
_DENIED = pod("ENC[k8s_secret@db/orders/password]", name="denied")
_FINDINGS = [pod("ENC[k8s_secret@db/orders/password]"), pod("enc[k8s_secret@shop/db/password]")]


def commands() -> list[str]:
    """Return every command of encctl that a snippet runs."""
    workflows = [yaml.safe_load(text) for name, text in _FILES.items() if name.startswith(".github/")]
    steps = [step.get("run", "") for flow in workflows for step in flow["jobs"]["lint"]["steps"]]
    gitlab = yaml.safe_load(_FILES[".gitlab-ci.yml"])["secret-handles"]["script"]
    task = json.loads(_FILES[".vscode/tasks.json"])["tasks"][0]
    shell = [
        line for language, name, text in blocks("ci.md") if language == "sh" for line in text.splitlines()
    ]
    every = [*steps, *gitlab, *shell, " ".join([task["command"], *task["args"]])]
    return [command[command.index("encctl lint") :] for command in every if "encctl lint" in command]


def lint(folder: Path, command: str = "encctl lint manifests/") -> subprocess.CompletedProcess[str]:
    """Run a command in a folder with manifests and an Agent, which stands on standard input too."""
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=environment,
        input=NODE_AGENT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an Agent and a pod that may have its Secret."""
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests/agent.yaml").write_text(NODE_AGENT)
    (tmp_path / "manifests/web.yaml").write_text(pod())
    return tmp_path


def test_there_are_commands() -> None:
    """The page's commands are found."""
    assert len(commands()) == 8


@pytest.mark.parametrize("command", commands())
def test_commands(command: str, folder: Path) -> None:
    """Each ends with 0 where nothing is wrong, and with 1 where something is."""
    assert lint(folder, command).returncode == 0
    (folder / "manifests/denied.yaml").write_text(_DENIED)
    (folder / "manifests/broken.yaml").write_text(pod("ENC[k8s_secret@shop/db/password]\\n", name="broken"))
    assert lint(folder, command).returncode == 1


def test_problem_matcher(folder: Path) -> None:
    """The pattern finds each finding's place, severity and code in what encctl prints, and nothing else."""
    for number, text in enumerate(_FINDINGS):
        (folder / f"manifests/web: {number}.yaml").write_text(
            text.replace("name: web", f"name: web-{number}")
        )
    shown = json.loads(_FILES[".vscode/tasks.json"])["tasks"][0]["problemMatcher"]["pattern"]
    lines = lint(folder).stdout.splitlines()

    found = [match for line in lines if (match := re.search(shown["regexp"], line))]

    columns = ("file", "line", "column", "severity", "message")
    assert [tuple(match[shown[column]] for column in columns) for match in found] == [
        ("manifests/web: 0.yaml", "8", "76", "error", "access-denied"),
        ("manifests/web: 1.yaml", "8", "76", "warning", "handle-case"),
    ]


def test_annotations(folder: Path) -> None:
    """The workflow's step writes a command for each finding, and nothing else that a runner would take for one."""
    (folder / "manifests/denied.yaml").write_text(_DENIED)
    (command,) = [command for command in commands() if "-o github" in command]

    (line,) = lint(folder, command).stdout.splitlines()

    assert line.startswith("::error file=manifests/denied.yaml,line=8,")


def test_code_scanning(folder: Path) -> None:
    """What is uploaded is the file that was written, and holds the finding, though the step before failed."""
    (folder / "manifests/denied.yaml").write_text(_DENIED)
    (command,) = [command for command in commands() if "-o sarif" in command]
    upload = yaml.safe_load(_FILES[".github/workflows/code-scanning.yaml"])["jobs"]["lint"]["steps"][-1]

    assert lint(folder, command).returncode == 1

    written = json.loads((folder / upload["with"]["sarif_file"]).read_text())
    assert [result["ruleId"] for result in written["runs"][0]["results"]] == ["access-denied"]
    assert upload["if"] == "${{ !cancelled() }}"


def test_baseline(folder: Path) -> None:
    """The hook with a baseline lets pass what was written down as the page says, and nothing else."""
    (repository,) = yaml.safe_load(_FILES[".pre-commit-config.baseline.yaml"])["repos"]
    command = shlex.join(["encctl", "lint", *repository["hooks"][0]["args"]])
    (folder / "manifests/denied.yaml").write_text(_DENIED)
    assert lint(folder, "encctl lint --write-baseline known.json manifests/").returncode == 0

    assert lint(folder, command).returncode == 0
    (folder / "manifests/new.yaml").write_text(_DENIED.replace("name: denied", "name: new"))
    assert lint(folder, command).returncode == 1


@pytest.mark.parametrize("name", [".pre-commit-config.yaml", ".pre-commit-config.baseline.yaml"])
def test_hooks(name: str) -> None:
    """The hooks of the page exist, and are given no single files."""
    (repository,) = yaml.safe_load(_FILES[name])["repos"]
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}

    assert {hook["id"] for hook in repository["hooks"]} <= hooks.keys()
    assert not any(hook["pass_filenames"] for hook in hooks.values())
