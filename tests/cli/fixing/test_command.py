"""`encctl lint --fix` and `--diff` as a user meets them."""

import io
import json
import sys
from pathlib import Path

import pytest

from assessing import NODE_AGENT, pod
from enc_operator.cli.fixing.files import write_text
from enc_operator.cli.main import main
from enc_operator.cli.pages import examples_of
from enc_operator.errors import InputError

BROKEN = f"{NODE_AGENT}---\n{pod('ENC[k8s_secret@shop/db/password]' + chr(92) + 'n')}"
WHOLE = BROKEN.replace("\\n", "")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with a handle that ends in a line break."""
    (tmp_path / "web.yaml").write_text(BROKEN)
    return tmp_path / "web.yaml"


def test_fix(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--fix` writes, shows the diff, and lists what is left."""
    assert main(["lint", "--fix", str(file)]) == 0

    out, err = capsys.readouterr()
    assert file.read_text() == WHOLE
    assert out.startswith(f"--- {file}\n+++ {file}\n@@ -20 +20 @@ handle-newline\n-")
    assert out.endswith("\n0 errors, 0 warnings\n")
    assert err == "1 finding fixed in 1 file\n"
    assert main(["lint", "--fix", str(file)]) == 0
    assert capsys.readouterr().err == "0 findings fixed in 0 files\n"


def test_diff(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--diff` writes nothing, and says by its exit code whether `--fix` would."""
    assert main(["lint", "--diff", str(file)]) == 1

    out, err = capsys.readouterr()
    assert file.read_text() == BROKEN
    assert [line[0] for line in out.splitlines()] == ["-", "+", "@", "-", "+"]
    assert err == "1 finding would be fixed in 1 file\n"
    file.write_text(WHOLE)
    assert main(["lint", "--diff", str(file)]) == 0


IGNORED = pod("ENC[k8s_secret@shop/db/password]\\n", name="other").replace(
    "    ad.datadoghq.com/",
    "    # encctl: ignore[handle-newline] because it is to be literal\n    ad.datadoghq.com/",
)


def test_what_is_ignored(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is ignored is left as it is, and counted; `--no-ignores` fixes it too."""
    ignored = file.with_name("ignored.yaml")
    ignored.write_text(IGNORED)

    assert main(["lint", "--fix", str(file.parent)]) == 0
    assert file.read_text() == WHOLE
    assert ignored.read_text() == IGNORED
    told = capsys.readouterr()
    assert told.err == "1 finding fixed in 1 file, 1 ignored and left as it is\n"
    assert told.out.endswith("\n0 errors, 0 warnings, 1 ignored\n")

    assert main(["lint", "--diff", str(file.parent)]) == 0
    assert main(["lint", "--diff", "--no-ignores", str(file.parent)]) == 1
    assert "1 finding would be fixed in 1 file\n" in capsys.readouterr().err


def test_ignore_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An ignore file holds a fix back as a comment does; one that cannot be read is said before anything is written."""
    ignores = file.with_name("ignores.yml")
    ignores.write_text("ignore: [{code: handle-newline, path: web.yaml, reason: it is to be literal}]")

    assert main(["lint", "--fix", "--ignore-file", str(ignores), str(file)]) == 0
    assert "0 findings fixed in 0 files, 1 ignored" in capsys.readouterr().err

    assert main(["lint", "--fix", "--ignore-file", f"{ignores}.gone", str(file)]) == 2
    assert file.read_text() == BROKEN


def test_comments_of_what_could_not_be_read(tmp_path: Path) -> None:
    """Where a fix makes a text readable, comments count for what comes up in it."""
    comment = "  # encctl: ignore[handle-newline] because it is to be literal\n  redisdb.yaml:"
    more = "\n    - password: |\n        ENC[k8s_secret@datadog/redis/password]\n---"
    bad, good = (
        examples_of("handle-unquoted")[kind].replace("  redisdb.yaml:", comment).replace("\n---", more)
        for kind in ("bad", "good")
    )
    (tmp_path / "a.yaml").write_text(bad)

    assert main(["lint", "--fix", str(tmp_path)]) == 0

    assert (tmp_path / "a.yaml").read_text() == good


def test_what_is_not_shown(file: Path) -> None:
    """What `--severity` hides is not fixed; what a baseline holds is, since that was accepted, not meant."""
    known = str(file.with_name("known.json"))
    assert main(["lint", "--fix", "--severity", "error", str(file)]) == 0
    assert file.read_text() == BROKEN

    assert main(["lint", "--write-baseline", known, str(file)]) == 0
    assert main(["lint", "--fix", "--baseline", known, str(file)]) == 0
    assert file.read_text() == WHOLE


def test_findings_as_data(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With `-o json` standard output is only the findings that are left; the diff is on standard error."""
    assert main(["lint", "--fix", "-o", "json", str(file)]) == 0

    out, err = capsys.readouterr()
    assert json.loads(out)["findings"] == []
    assert err.startswith(f"--- {file}\n")


def test_what_is_left(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A handle that is seen at last is judged like any other: here it may not be used."""
    file.write_text(BROKEN.replace("@shop/", "@db/"))

    assert main(["lint", "--fix", str(file)]) == 1

    assert "error[access-denied]" in capsys.readouterr().out
    assert file.read_text() == WHOLE.replace("@shop/", "@db/")


def test_behind_a_fault_there_are_others(tmp_path: Path) -> None:
    """What comes up when a document can be read again is fixed too."""
    bad = examples_of("handle-unquoted")["bad"]
    more = "\n    - password: |\n        ENC[k8s_secret@datadog/redis/password]\n---"
    (tmp_path / "a.yaml").write_text(bad.replace("\n---", more))

    assert main(["lint", "--fix", str(tmp_path)]) == 0

    good = examples_of("handle-unquoted")["good"]
    assert (tmp_path / "a.yaml").read_text() == good.replace("\n---", more.replace("|", "|-"))


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard input has no file to write to: its diff is shown, a fix refused."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BROKEN.encode())))

    assert main(["lint", "--diff", "-"]) == 1

    assert capsys.readouterr().out.startswith("--- <stdin>\n+++ <stdin>\n@@ -20 +20 @@")
    assert main(["lint", "--fix", "-"]) == 2
    assert "cannot be fixed in place; name files, or use --diff" in capsys.readouterr().err


def test_unreadable_input(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What could not be read makes the exit code 2, and is said once; the rest is fixed."""
    gone = str(file.with_name("gone.yaml"))

    assert main(["lint", "--diff", str(file), gone]) == 2
    assert capsys.readouterr().err.count("gone.yaml") == 1
    assert main(["lint", "--fix", str(file), gone]) == 2
    assert capsys.readouterr().err.count("gone.yaml") == 1
    assert file.read_text() == WHOLE


def test_no_value_is_shown(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither a Secret beside it nor a password on the same line is in the diff."""
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: canary-5150}\n---\n"
    file.write_text(secret + BROKEN.replace('{"password"', '{"user": "canary-5150", "password"'))

    assert main(["lint", "--diff", str(file)]) == 1

    assert "canary" not in capsys.readouterr().out


def test_a_file_that_cannot_be_written(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other files are fixed, and the exit code is 2."""
    other = file.with_name("a.yaml")
    other.write_text(pod("ENC[k8s_secret@shop/db/password]\\n", name="other"))

    def refuse(name: str, before: str, after: str) -> None:
        if name == str(other):
            raise InputError(f"{name}: Read-only file system; not fixed", "check the rights of its folder")
        write_text(name, before, after)

    monkeypatch.setattr("enc_operator.cli.fixing.command.write_text", refuse)

    assert main(["lint", "--fix", str(file.parent)]) == 2

    assert f"encctl: {other}: Read-only file system; not fixed; check the rights" in capsys.readouterr().err
    assert file.read_text() == WHOLE
