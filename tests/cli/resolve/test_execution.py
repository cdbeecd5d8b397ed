"""One run of an executable: the question, the limits, and every way in which it can end."""

import os
import signal
import time
from pathlib import Path

import pytest

from enc_operator.cli.resolve import execution
from enc_operator.cli.resolve.execution import Limits, Ran, render_request, run_executable
from shell_scripts import write_program

LIMITS = Limits(timeout=30, output=1024 * 1024)


def run(folder: Path, script: str, *arguments: str, limits: Limits = LIMITS, request: bytes = b"{}") -> Ran:
    """Run a shell script."""
    (folder / "program").unlink(missing_ok=True)
    program = write_program(folder / "program", f"#!/bin/sh\n{script}\n")
    return run_executable([str(program), *arguments], request, limits)


def test_request() -> None:
    """The question is the Agent's, byte for byte as Go writes it."""
    assert (
        render_request(["a", "é<&>\u2028"], 7).decode()
        == '{"secret_backend_timeout":7,"secrets":["a","é\\u003c\\u0026\\u003e\\u2028"],"version":"1.1"}'
    )


def test_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the arguments, the question and our environment; what it writes comes back."""
    monkeypatch.setenv("FROM_THE_AGENT", "yes")

    ran = run(tmp_path, 'cat; echo "$1 $FROM_THE_AGENT" >&2', "--flag", request=b"question")

    assert (ran.started, ran.exit_code, ran.stdout, ran.stderr) == (True, 0, b"question", b"--flag yes\n")
    assert ran.fault is None
    assert "question" not in repr(ran)


def test_question_that_nobody_reads(tmp_path: Path) -> None:
    """An executable need not read its input, however long."""
    assert run(tmp_path, "exit 0", request=b"x" * 1_000_000).fault is None


@pytest.mark.parametrize(
    ("script", "what"),
    [
        pytest.param("exit 3", "the executable ended with exit code 3", id="an exit code"),
        pytest.param("kill -TERM $$", "the executable was ended by SIGTERM", id="a signal"),
        pytest.param("kill -40 $$", "the executable was ended by signal 40", id="a signal without a name"),
        pytest.param(
            "yes", "the executable wrote more than 1048576 bytes to stdout", id="output without end"
        ),
        pytest.param(
            "yes >&2", "the executable wrote more than 1048576 bytes to stderr", id="complaints without end"
        ),
    ],
)
def test_failures(script: str, what: str, tmp_path: Path) -> None:
    """Each way to fail is said with what the Agent does then."""
    ran = run(tmp_path, script)

    assert ran.fault
    assert ran.fault.what.startswith(what)
    assert len(ran.stdout) <= LIMITS.output


def test_output_of_just_the_limit(tmp_path: Path) -> None:
    """The limit itself is still read."""
    assert run(tmp_path, "printf 12345", limits=Limits(30, 5)).fault is None
    assert run(tmp_path, "printf 123456", limits=Limits(30, 5)).fault


@pytest.mark.parametrize(
    ("script", "what"),
    [
        pytest.param("sleep 60", "the executable was not done after 1 s", id="it works too long"),
        pytest.param(
            "exec >&- 2>&-; sleep 60", "the executable was not done after 1 s", id="it closed its output"
        ),
        pytest.param(
            "sleep 60 & echo '{}'", "the executable ended, but something", id="a child keeps its output"
        ),
    ],
)
def test_too_late(script: str, what: str, tmp_path: Path) -> None:
    """What is not done in time is ended, with everything that it started."""
    began = time.monotonic()

    ran = run(tmp_path, f"echo $$ > {tmp_path}/group; {script}", limits=Limits(1, 1000))

    assert ran.fault
    assert ran.fault.what.startswith(what)
    assert time.monotonic() - began < 20
    with pytest.raises(ProcessLookupError):
        _wait_for_end(int((tmp_path / "group").read_text()))


def _wait_for_end(group: int) -> None:
    for _ in range(100):
        os.killpg(group, 0)
        time.sleep(0.05)


def test_output_that_is_closed_before_the_end(tmp_path: Path) -> None:
    """An executable that closes its output and then ends in time has answered."""
    assert run(tmp_path, "echo '{}'; exec >&- 2>&-; sleep 0.2").fault is None


def test_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C leaves nothing running."""

    def interrupt(*_: object) -> bool:
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(execution, "_join", interrupt)
    began = time.monotonic()

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, "sleep 60")

    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("first_line", "what"),
    [
        pytest.param("", "is neither a program of this machine nor a script", id="no first line"),
        pytest.param(
            "#!/nowhere/python\n", "what its first line (#!) or its loader names", id="no such interpreter"
        ),
        pytest.param(
            "#!/bin/sh\r\n", "what its first line (#!) or its loader names", id="line ends of Windows"
        ),
        pytest.param("#!/etc/passwd\n", "Permission denied", id="an interpreter that may not be executed"),
    ],
)
def test_not_started(first_line: str, what: str, tmp_path: Path) -> None:
    """What cannot be started is told from what fails."""
    program = write_program(tmp_path / "program", f"{first_line}exit 0\n")

    ran = run_executable([str(program)], b"{}", LIMITS)

    assert not ran.started
    assert ran.fault
    assert what in ran.fault.what


def test_on_windows_the_process_alone_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no process groups to signal."""
    monkeypatch.setattr(execution, "WINDOWS", True)
    program = write_program(tmp_path / "program", "#!/bin/sh\nexec sleep 60\n")

    ran = run_executable([str(program)], b"{}", Limits(1, 1000))

    assert ran.exit_code == -signal.SIGKILL
