"""The hooks, run by pre-commit itself in a repository of a user; it installs encctl from what is here, as it would from a release."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assessing import NODE_AGENT, ROOT, pod

_SHIPPED = (
    ".pre-commit-hooks.yaml",
    "LICENSE",
    "README.md",
    "charts/enc-operator/crds",
    "docs/man",
    "operator",
    "pyproject.toml",
)
_UNREACHABLE = (
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Max retries exceeded",
)
GOOD = pod()
BROKEN = pod("ENC[k8s_secret@shop/db/password]\\n")
BAD = pod("ENC[k8s_secret@db/orders/password]")


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, without what git's hooks would hand down."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    own = {
        "PRE_COMMIT_HOME": str(folder.parent / "cache"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    return subprocess.run(
        command,
        cwd=folder,
        env={**environment, **own},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def commit(folder: Path) -> str:
    """Make a folder a repository, and return its commit."""
    for command in (
        ("init", "--quiet"),
        ("add", "--all"),
        (
            "-c",
            "user.name=test",
            "-c",
            "user.email=test@localhost",
            "commit",
            "--quiet",
            "--no-verify",
            "-m",
            "x",
        ),
    ):
        assert run(folder, "git", *command).returncode == 0
    return run(folder, "git", "rev-parse", "HEAD").stdout.strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a user's repository with both hooks installed; skip where no package index is reached."""
    base = tmp_path_factory.mktemp("hooks")
    for name in _SHIPPED:
        source, target = ROOT / name, base / "released" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    folder = base / "repository"
    (folder / "manifests").mkdir(parents=True)
    (folder / "manifests/agent.yaml").write_text(NODE_AGENT)
    (folder / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {base / 'released'}\n  rev: {commit(base / 'released')}\n"
        "  hooks:\n  - id: encctl-lint-fix\n    args: [manifests/]\n  - id: encctl-lint\n"
    )
    commit(folder)
    installed = run(folder, sys.executable, "-m", "pre_commit", "install-hooks")
    said = installed.stdout + installed.stderr
    if installed.returncode and any(reason in said for reason in _UNREACHABLE):
        pytest.skip(
            "no package index is reachable, from which pre-commit would install the hook's dependencies"
        )
    assert installed.returncode == 0, said
    return folder


@pytest.mark.parametrize(
    ("hook", "before", "after", "code", "said"),
    [
        pytest.param("encctl-lint", GOOD, GOOD, 0, "Passed", id="lint passes a good file"),
        pytest.param("encctl-lint", BAD, BAD, 1, "error[access-denied]", id="lint fails for a bad one"),
        pytest.param("encctl-lint-fix", GOOD, GOOD, 0, "Passed", id="fix passes a good file"),
        pytest.param(
            "encctl-lint-fix", BROKEN, GOOD, 1, "files were modified by this hook", id="fix corrects a file"
        ),
    ],
)
def test_hook(hook: str, before: str, after: str, code: int, said: str, repository: Path) -> None:
    """Only the changed file is staged; the Agent, which is in another one, is seen all the same."""
    file = repository / "manifests/web.yaml"
    file.write_text(before)
    assert run(repository, "git", "add", "manifests/web.yaml").returncode == 0

    done = run(repository, sys.executable, "-m", "pre_commit", "run", hook)

    assert (done.returncode, file.read_text()) == (code, after), done.stdout + done.stderr
    assert said in done.stdout


def test_other_files(repository: Path) -> None:
    """A commit that changes neither YAML nor JSON is not held up."""
    (repository / "notes.txt").write_text("x")

    done = run(repository, sys.executable, "-m", "pre_commit", "run", "encctl-lint", "--files", "notes.txt")

    assert "(no files to check)Skipped" in done.stdout
