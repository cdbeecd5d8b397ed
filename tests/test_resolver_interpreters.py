"""The installed resolver on every Python that can be found, as root and as an unprivileged user."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from enc_operator.resolver_bundle import init_command, payload
from interpreters import MINORS, find_interpreters
from kubernetes_stand_in import StandIn, serving

NOBODY, SOMEBODY_ELSE = 65534, 65533
HANDLES = ["pw", "k8s_secret@ns/db/pw", "k8s_secret@ns/no/k", "x@y", "none"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Make a folder that every user can enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("account", "payload", "bin", "root"):
            (folder / part).mkdir(mode=0o755)
        (folder / "root" / "pw").write_text("value")
        for item, text in payload().items():
            (folder / "payload" / item).write_text(text)
        yield folder


@pytest.fixture
def api(folder: Path) -> Iterator[StandIn]:
    """Serve one Secret."""
    with serving(folder / "account") as api:
        api.secrets["ns/db"] = {"pw": b"secret"}
        yield api


def run(
    command: list[str], user: int, data: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a command as a user, who is somebody else than the tests' only if that is root."""
    others = {} if user == os.geteuid() else {"user": user, "group": user, "extra_groups": []}
    variables = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(command, input=data, capture_output=True, check=False, env=variables, **others)  # type: ignore[call-overload,no-any-return]


def assert_exchange(python: Path, folder: Path, api: StandIn, user: int) -> None:
    """Install the resolver for an interpreter, and ask it as the Agent does."""
    installed = folder / "bin"
    os.chown(installed, user, -1)
    paths = [str(folder / "payload"), str(installed), str(python)]
    step = run([*init_command(), *paths], user)
    assert (step.returncode, step.stderr) == (0, b"")
    assert sorted(path.name for path in installed.iterdir()) == ["resolver", "resolver.compiled"]
    assert {path.stat().st_uid for path in installed.iterdir()} == {user}
    question = json.dumps({"version": "1.1", "secrets": HANDLES}).encode()
    command = [
        str(installed / "resolver"),
        str(folder / "root"),
        "--service-account",
        str(folder / "account"),
    ]
    environment = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(api.port)}
    for _ in range(2):
        ran = run(command, user, question, **environment)
        answers = json.loads(ran.stdout)
        assert (ran.returncode, ran.stderr, list(answers)) == (0, b"", HANDLES)
        assert [answer["value"] for answer in answers.values()] == ["value", "secret", "", "", ""]
        assert [bool(answer["error"]) for answer in answers.values()] == [False, False, True, True, True]
        (installed / "resolver.compiled").unlink(missing_ok=True)  # from its sources, too


@pytest.mark.parametrize("minor", MINORS, ids="Python 3.{}".format)
def test_every_python(folder: Path, api: StandIn, minor: int) -> None:
    """Installed for any Python from 3.8 on, the same file answers the same, compiled beforehand or not."""
    pythons = [python for python, found in find_interpreters().items() if found == minor]
    if not pythons:
        pytest.skip(f"no Python 3.{minor} here")
    for python in pythons:
        assert_exchange(python, folder, api, os.geteuid())


def test_running_python_is_found() -> None:
    """Whatever else there is, the running interpreter is among those that are tried."""
    assert find_interpreters()[Path(os.path.realpath(sys.executable))] == sys.version_info[1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_unprivileged_user(folder: Path, api: StandIn) -> None:
    """As an unprivileged user with 0500 it works the same, and nobody else can run or read it."""
    pythons = [python for python in find_interpreters() if can_run(python)]
    if not pythons:
        pytest.skip("no Python that an unprivileged user can run")
    (folder / "account" / "token").chmod(0o444)
    for python in pythons:
        assert_exchange(python, folder, api, NOBODY)
    with pytest.raises(PermissionError):
        run([str(folder / "bin" / "resolver")], SOMEBODY_ELSE)
    assert run(["cat", str(folder / "bin" / "resolver")], SOMEBODY_ELSE).stdout == b""


def can_run(python: Path) -> bool:
    """Tell whether the unprivileged user can start an interpreter, which may lie in root's home."""
    try:
        return run([str(python), "-IS", "-c", "import ssl"], NOBODY).returncode == 0
    except OSError:
        return False
