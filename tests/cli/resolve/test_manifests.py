"""`encctl resolve` on manifests: handles with their places, and what is never run or asked for."""

import io
import sys
from pathlib import Path

import pytest

from assessing import NODE_AGENT, pod
from resolving import CANARY, GOOD, Answering, Executable, Run


def test_manifests(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answering: Answering) -> None:
    """Handles are collected from manifests, with where they stand; what cannot be asked for is listed."""
    handle = "k8s_secret@shop/db/password"
    unknown = pod("ENC[k8s_secret@shop/%%host%%/k]", name="late")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(unknown.encode())))
    text = f"{NODE_AGENT}\n---\n{pod()}"
    (tmp_path / "a.yaml").write_text(text)
    line = text[: text.index("ENC[")].count("\n") + 1
    command = answering({handle: {"value": CANARY}})

    code, out, _ = run("--command", command, "a.yaml", "-")

    assert code == 2
    assert (
        f"- '{handle}': ********\n  - used in 'a.yaml:{line}' configuration (Pod shop/web) in entry "
        "'redisdb/instances/0/password'\n"
    ) in out
    assert "Not asked for:\n\n- 'k8s_secret@shop/%%host%%/k': only the running pod" in out
    assert run("--command", command, "a.yaml")[0] == 0


def test_note_on_denied_references(run: Run, tmp_path: Path, answering: Answering) -> None:
    """A reference that may not be used says so beside the executable's verdict."""
    handle = "k8s_secret@db/orders/password"
    (tmp_path / "a.yaml").write_text(f"{NODE_AGENT}\n---\n{pod(f'ENC[{handle}]')}")

    _, out, _ = run("--command", answering({handle: {"value": CANARY}}), "a.yaml")

    assert "    denied: pods of ServiceAccount shop/web may not use Secret db/orders\n" in out


def test_command_of_an_input_is_never_run_unasked(run: Run, tmp_path: Path, executable: Executable) -> None:
    """What an input file names is said, not run."""
    command = executable("")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/datadog.yaml").write_text(f"secret_backend_command: {command}\napi_key: ENC[a@b]\n")

    _, out, err = run("etc")

    assert f"runs {command}; it is run here only when asked for: --command {command}\n" in err
    assert "'a@b': error" in out
    assert not (tmp_path / "question").exists()
    assert run("--command", command, "etc")[2] == ""
    (tmp_path / "etc/datadog.yaml").write_text("api_key: ENC[a@b]\n")
    assert run("etc")[2] == ""


def test_nothing_to_ask(run: Run, tmp_path: Path, executable: Executable) -> None:
    """Manifests without a handle: the permissions are checked, nothing is run."""
    (tmp_path / "a.yaml").write_text(NODE_AGENT)

    code, out, _ = run("--command", executable(""), "a.yaml")

    assert (code, "There is no handle to ask for" in out) == (0, True)
    assert run("--command", executable("", 0o755), "a.yaml")[0] == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(None, "gone.yaml: No such file or directory", id="a file that is not there"),
        pytest.param("a: [", "see encctl lint", id="a file that is broken"),
        pytest.param("a: [\n---\nb: [", " and 1 more; see encctl lint", id="a file that is broken twice"),
    ],
)
def test_unreadable(text: str | None, told: str, run: Run, tmp_path: Path, answering: Answering) -> None:
    """What could not be read may hold handles: the exit code is not 0."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.yaml").write_text(pod("ENC[a@b]"))
    if text is None:
        (tmp_path / "in/gone.yaml").symlink_to("nowhere")
    else:
        (tmp_path / "in/bad.yaml").write_text(text)

    code, _, err = run("--command", answering(GOOD), "in")

    assert code == 2
    assert told in err
