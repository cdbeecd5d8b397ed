"""encctl as a user meets it: commands, formats, exit codes, messages."""

import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from assessing import EXAMPLES, NODE_AGENT, pod
from enc_operator import __version__
from enc_operator.cli.main import main
from kubernetes_schemas import faults

ENCCTL = Path(sys.executable).parent / "encctl"
GOOD = f"{NODE_AGENT}\n---\n{pod()}"


@pytest.mark.parametrize("command", ["plan", "lint"])
@pytest.mark.parametrize("output", ["table", "yaml", "json"])
def test_exit_codes(command: str, output: str, good: str, bad: str, tmp_path: Path) -> None:
    """0 where nothing is wrong, 1 for findings of level error, 2 where input could not be read."""
    assert main([command, "-o", output, good]) == 0
    assert main([command, "-o", output, good, bad]) == 1
    assert main([command, "-o", output, good, str(tmp_path / "gone.yaml")]) == 2


def test_yaml_is_only_objects(good: str, bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`plan -o yaml` prints objects to apply and nothing else; what is wrong goes to standard error."""
    main(["plan", "-o", "yaml", good, bad])

    out, err = capsys.readouterr()
    objects = list(yaml.safe_load_all(out))
    assert [item["kind"] for item in objects] == ["Role", "RoleBinding", "ConfigMap", "DaemonSet"]
    assert faults(objects[:3]) == []
    assert "error[access-denied]" in err


def test_json(good: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`plan -o json` is one JSON value."""
    main(["plan", "-o", "json", good])

    data = json.loads(capsys.readouterr().out)
    parts = ["findings", "ignored", "objects", "permissions", "references", "version", "workloads"]
    assert sorted(data) == parts


@pytest.mark.parametrize("output", ["yaml", "json"])
def test_lint_formats(output: str, bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`lint` prints findings with file, line, column, code and fix."""
    main(["lint", "-o", output, bad])

    out = capsys.readouterr().out
    finding = (json.loads(out) if output == "json" else yaml.safe_load(out))["findings"][0]
    assert (finding["file"], finding["line"], finding["column"], finding["code"]) == (
        bad,
        8,
        76,
        "access-denied",
    )
    assert finding["fix"].startswith("in namespace db, apply a SecretGrant")


def test_lint_text(bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The first line of a finding is what editors and terminals make a link of."""
    main(["lint", bad])

    assert capsys.readouterr().out.startswith(f"{bad}:8:76: error[access-denied]\n")


def test_findings_come_in_file_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Findings come as they stand in the file, not by the names of objects."""
    names = ["z", "a", "m"]
    (tmp_path / "a.yaml").write_text("\n---\n".join(pod("ENC[vault@x]", name=name) for name in names))

    main(["lint", "-o", "json", str(tmp_path)])

    findings = json.loads(capsys.readouterr().out)["findings"]
    lines = [finding["line"] for finding in findings]
    assert lines == sorted(lines)
    assert [finding["object"] for finding in findings if finding["code"] == "provider-unknown"] == [
        "Pod shop/z",
        "Pod shop/a",
        "Pod shop/m",
    ]


@pytest.mark.parametrize("name", ["agent", "dd/DaemonSet", "dd//x", "dd/DaemonSet/x=robot"])
def test_agent_option(name: str, good: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An `--agent` that is no NAMESPACE/KIND/NAME is refused with an example."""
    assert main(["plan", "--agent", name, good]) == 2
    assert "for example datadog/DaemonSet/agent" in capsys.readouterr().err


def test_named_agent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--agent` makes a workload an Agent that nothing shows to be one."""
    hidden = NODE_AGENT.replace("labels: {agent.datadoghq.com/component: agent}", "labels: {}").replace(
        "datadoghq", "corp"
    )
    (tmp_path / "a.yaml").write_text(hidden.replace("agent:7", "watcher:7") + "---" + pod())

    assert main(["plan", "-o", "json", "--agent", "dd/DaemonSet/node=agent", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["permissions"][0]["secrets"] == ["db"]


def test_nothing_to_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without manifests is no success."""
    assert main(["plan", str(tmp_path)]) == 2
    assert (
        capsys.readouterr().err
        == "encctl: the input holds no Kubernetes object and no file of an Agent; check the paths\n"
    )


def test_unreadable_is_named(good: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that cannot be read is named, and the rest is still judged."""
    main(["plan", good, str(tmp_path / "gone.yaml")])

    out, err = capsys.readouterr()
    assert "gone.yaml: No such file or directory" in err
    assert "shop/db/password" in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` says the version."""
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])

    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"encctl {__version__}\n"


def test_a_command_loads_nothing_of_the_others(good: str) -> None:
    """A plan starts as fast as if there were no other command."""
    code = (
        "import sys\nfrom enc_operator.cli.main import main\nmain(['plan', sys.argv[1]])\n"
        "print(sorted(name for name in sys.modules if name.startswith(('enc_operator.cli.resolve', 'enc_operator.cli.can_i'))),"
        " file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code, good], capture_output=True, check=False, text=True)

    assert done.stderr.strip() == "[]"


def test_kubectl_plugin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """As a plugin it calls itself what the user typed."""
    monkeypatch.setattr(sys, "argv", ["kubectl-enc"])

    with pytest.raises(SystemExit):
        main(["--help"])

    assert "kubectl enc plan manifests/" in capsys.readouterr().out


@pytest.mark.parametrize("program", ["encctl", "kubectl-enc"])
def test_installed_commands(program: str, good: str) -> None:
    """Both entry points are installed and run."""
    done = subprocess.run([ENCCTL.parent / program, "plan", good], capture_output=True, check=True, text=True)

    assert "shop/db/password" in done.stdout


def test_closed_pipe(good: str) -> None:
    """`| head` is no error and no traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([ENCCTL, "plan", good], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)

    assert done.stderr == b""
    assert done.returncode == 0


def on_terminal(*arguments: str) -> Iterator[str]:
    """Run encctl on a terminal and yield what it shows."""
    terminal, other = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "200"}
    with subprocess.Popen([ENCCTL, *arguments], stdout=other, stderr=other, env=environment) as process:
        os.close(other)
        while select.select([terminal], [], [], 30)[0]:
            try:
                shown = os.read(terminal, 65536)
            except OSError:  # the other end is closed
                break
            yield shown.decode(errors="replace")
        process.wait(30)
    os.close(terminal)


def test_terminal(good: str, bad: str) -> None:
    """On a terminal there are colours and framed tables."""
    shown = "".join(on_terminal("plan", good, bad))

    assert "\033[1;31m" in shown
    assert "┃" in shown
    assert "shop/db/password" in shown


def test_progress(tmp_path: Path) -> None:
    """Work that takes long shows a bar on a terminal."""
    script = (
        "import sys, enc_operator.cli.printing as p; p._SLOW = 0\n"
        "from enc_operator.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    (tmp_path / "a.yaml").write_text(GOOD)
    terminal, other = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", script, "lint", str(tmp_path)], stdout=subprocess.DEVNULL, stderr=other
    ) as process:
        os.close(other)
        shown = os.read(terminal, 65536).decode()
        process.wait(30)
    os.close(terminal)

    assert "Reading [" in shown


def test_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """The examples' findings are the ones that they were written to have."""
    assert main(["lint", "-o", "json", str(EXAMPLES)]) == 1

    found = [finding["code"] for finding in json.loads(capsys.readouterr().out)["findings"]]
    assert sorted(found) == [
        "access-denied",
        "container-unknown",
        "handle-malformed",
        "handle-partial",
    ]


def test_interrupted(good: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends it with the shell's code and no traceback."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("enc_operator.cli.reading.read_paths", interrupt)

    assert main(["plan", good]) == 130


def test_full_disk(good: str) -> None:
    """A full disk behind `>` is a clear error, and no traceback."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [ENCCTL, "plan", good], stdout=full, stderr=subprocess.PIPE, check=False, text=True
        )

    assert done.returncode == 2
    assert done.stderr.startswith("encctl: output: No space left on device")
