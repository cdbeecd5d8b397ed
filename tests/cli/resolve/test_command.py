"""`encctl resolve` as a user meets it."""

import json
from pathlib import Path
from typing import Any

import pytest

from resolving import CANARY, GOOD, Answering, Executable, Run
from shell_scripts import write_program


@pytest.mark.parametrize("output", ["table", "json"])
@pytest.mark.parametrize(
    ("answers", "code", "told"),
    [
        pytest.param(GOOD, 0, "resolved", id="a value"),
        pytest.param({}, 1, "missing", id="no answer"),
        pytest.param({"a@b": {"value": ""}}, 1, "empty", id="an empty value"),
        pytest.param({"a@b": {"error": f"no {CANARY}", "value": CANARY}}, 1, "no ********", id="an error"),
        pytest.param({"a@b": {"value": f"ENC[{CANARY}]"}}, 0, "itself a handle", id="a handle as value"),
        pytest.param({"a@b": {"value": f"ENC[{CANARY}"}}, 0, "holds ENC[", id="a partial handle as value"),
        pytest.param({"a@b": {"value": f"{CANARY}\n"}}, 0, "line break", id="a value with a line break"),
        pytest.param([CANARY], 1, "ts output is a list", id="no object"),
        pytest.param({"a@b": CANARY}, 1, "is a string", id="no object as answer"),
    ],
)
def test_verdicts(answers: Any, code: int, told: str, output: str, run: Run, answering: Answering) -> None:
    """Exit code and verdict follow from the answer; the value never shows."""
    found, out, _ = run("--command", answering(answers), "-o", output, "a@b")

    assert found == code
    assert told in out
    assert (json.loads(out)["resolved"] == 1 if output == "json" else "resolved: 1" in out) is (code == 0)


def test_question(run: Run, tmp_path: Path, answering: Answering) -> None:
    """The executable is asked for each handle once, with the time-out that the Agent would say."""
    run("--command", answering(GOOD), "--timeout", "7", "a@b", "ENC[a@b]", "ENC[c]")

    assert json.loads((tmp_path / "question").read_text()) == {
        "version": "1.1",
        "secrets": ["a@b", "c"],
        "secret_backend_timeout": 7,
    }


def test_summary_for_both_generations(run: Run, tmp_path: Path, answering: Answering) -> None:
    """With one bad handle, older Agents lose the batch."""
    _, out, _ = run("--command", answering(GOOD), "a@b", "c@d")

    assert "Newer Agents: 1 resolved; a configuration with one of the other 1 is dropped." in out
    assert "Older Agents" in out
    data = json.loads(run("--command", f"{tmp_path}/fetch", "-o", "json", "a@b", "c@d")[1])
    assert (data["resolved"], data["olderAgentsResolve"]) == (1, 0)


def test_answers_that_nobody_asked_for(run: Run, answering: Answering) -> None:
    """They are counted: a sign that the executable changes the handles. Their names may hold values."""
    _, out, _ = run("--command", answering({**GOOD, CANARY: {}}), "a@b")

    assert "not asked for, which the Agent ignores: 1" in out


def test_stripped_line_break(run: Run, answering: Answering) -> None:
    """`--strip-newline` is the Agent's setting of that purpose."""
    command = answering({"a@b": {"value": "\n"}})

    assert run("--command", command, "a@b")[0] == 0
    assert run("--command", command, "--strip-newline", "a@b")[0] == 1


@pytest.mark.parametrize(
    ("script", "code", "told"),
    [
        pytest.param(
            f"echo {CANARY} >&2; exit 4", 1, "The executable ended with exit code 4", id="an exit code"
        ),
        pytest.param(f"echo '{{ {CANARY}'", 1, "Its output is no JSON from byte 2", id="garbage"),
        pytest.param("sleep 60", 1, "The executable was not done after 1 s", id="too slow"),
        pytest.param("yes", 1, "The executable wrote more than 1000 bytes to stdout", id="too much"),
    ],
)
def test_executable_that_fails(script: str, code: int, told: str, run: Run, executable: Executable) -> None:
    """A failure of the whole is said with its fix, and no handle is resolved."""
    limits = ("--timeout", "1" if "sleep" in script else "30", "--output-max-size", "1000")

    found, out, _ = run("--command", executable(script), *limits, "a@b")

    assert found == code
    assert told in out
    assert "Secrets not resolved:\n\n- 'a@b':" in out


def test_executable_that_cannot_be_started(run: Run, tmp_path: Path) -> None:
    """What never ran could not be asked."""
    write_program(tmp_path / "fetch", "no program")

    code, out, _ = run("--command", "./fetch", "a@b")

    assert code == 2
    assert "The executable cannot be started" in out


def test_stderr_is_shown_when_asked(run: Run, answering: Answering) -> None:
    """It may hold secrets: it is not shown unasked, then with what is known masked and nothing for a terminal to act on."""
    command = answering(GOOD, f"printf 'got {CANARY}\\033[2J\\nmore\\n' >&2")

    assert "got" not in run("--command", command, "a@b")[1]
    _, out, _ = run("--command", command, "--show-stderr", "a@b")
    assert "Its stderr, which may hold secrets:\n  | got ********\\x1b[2J\n  | more\n" in out
    data = json.loads(run("--command", command, "--show-stderr", "-o", "json", "a@b")[1])
    assert data["run"]["stderr"] == "got ********\x1b[2J\nmore\n"


@pytest.mark.parametrize(
    ("mode", "options", "code"),
    [
        pytest.param(0o755, [], 2, id="rights of others keep it from being run"),
        pytest.param(0o755, ["--ignore-permissions"], 0, id="unless the user says so"),
        pytest.param(0o550, [], 2, id="so do rights of the group"),
        pytest.param(0o550, ["--allow-group-exec"], 0, id="unless the Agent's setting allows them"),
    ],
)
def test_permissions(
    mode: int, options: list[str], code: int, run: Run, tmp_path: Path, executable: Executable
) -> None:
    """It is run only where the Agent would run it."""
    command = executable(f"echo '{json.dumps(GOOD)}'", mode)

    assert run("--command", command, *options, "a@b")[0] == code
    assert (tmp_path / "question").exists() is (code == 0)


def test_permissions_are_shown(run: Run, executable: Executable) -> None:
    """Mode, owner and group are shown, and each fault with its fix."""
    command = executable("", 0o755)

    _, out, _ = run("--command", command, "a@b")

    assert "=== Checking executable permissions ===" in out
    assert "File mode: 100755\nOwner: " in out
    assert f"  - others have rights on it (r-x)\n    fix: chmod 0500 {command}\n" in out
    assert "Secrets not asked for:\n\n- 'a@b':" in out
    data = json.loads(run("--command", command, "-o", "json", "a@b")[1])
    assert (data["executable"]["permissions"], data["run"]) == ("refused", None)


def test_windows(run: Run, monkeypatch: pytest.MonkeyPatch, answering: Answering) -> None:
    """On Windows the rules are listed, and our own resolver is no choice."""
    monkeypatch.setattr(
        "enc_operator.cli.resolve.permissions.read_permissions.__kwdefaults__", {"windows": True}
    )
    _, out, _ = run("--command", answering(GOOD), "a@b")
    assert "not checked on Windows; the Agent runs it only if\n  - ddagentuser" in out

    monkeypatch.setattr("enc_operator.cli.resolve.command.WINDOWS", True)
    code, _, err = run("a@b")
    assert (code, err) == (
        2,
        "encctl: our own resolver does not run on Windows; name an executable with --command\n",
    )


def test_executable_in_path(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answering: Answering
) -> None:
    """A name alone is a file here, then a program of PATH, as the Agent finds it."""
    (tmp_path / "bin").mkdir()
    Path(answering(GOOD)).rename(tmp_path / "bin/fetch")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")

    code, out, _ = run("--command", "fetch", "a@b")

    assert code == 0
    assert f"Executable path: {tmp_path}/bin/fetch\n" in out
    assert run("--command", "no-such-program", "a@b")[0] == 2


def test_our_resolver(run: Run, tmp_path: Path) -> None:
    """Without --command it is our own resolver, with the folders that it is given, and gone afterwards."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root/db").write_text(CANARY)
    (tmp_path / "more").mkdir()
    (tmp_path / "more/key").write_text(CANARY)

    code, out, _ = run("--root", "root", "--allow-root", "more", "ENC[db]", f"file@{tmp_path}/more/key")

    assert code == 0
    assert "resolver (enc-operator's resolver)\nExecutable permissions: OK" in out
    path = out.partition("Executable path: ")[2].partition(" ")[0]
    assert not Path(path).exists()
    assert run("--root", "root", "--argument=--max-size=3", "ENC[db]")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["nope"], "'nope' is no file, no folder and no handle", id="neither handle nor path"),
        pytest.param(["--command", "x", "--root", "/", "a@b"], "use --argument with --command", id="root"),
        pytest.param(
            ["--command", "x", "--allow-root", "/", "a@b"], "use --argument with --command", id="allow-root"
        ),
    ],
)
def test_usage(arguments: list[str], told: str, run: Run) -> None:
    """Arguments that make no sense are refused before anything runs."""
    code, _, err = run(*arguments)

    assert code == 2
    assert told in err


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "x", "9999999999999", "²"])
def test_numbers(number: str, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Limits are whole numbers above 0."""
    with pytest.raises(SystemExit):
        run(f"--timeout={number}", "a@b")

    assert "is not a number of seconds above 0" in capsys.readouterr().err
