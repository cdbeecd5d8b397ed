"""`encctl lint` as a user meets it: formats, levels, exit codes, ignores, baselines."""

import io
import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from assessing import EXAMPLES, pod
from enc_operator.cli.lint.arguments import EXAMPLES as HELP
from enc_operator.cli.main import main

DENIED = pod("ENC[k8s_secret@db/orders/password]")  # an error
CASE = pod("enc[k8s_secret@shop/db/password]", name="case")  # a warning
QUIET = pod(name="quiet")  # an info: there is no Agent
FORMATS = ["table", "yaml", "json", "sarif", "github"]
ABOVE = "    # encctl: ignore[{}] because it is meant\n    ad.datadoghq.com"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Start in a folder with a file of each level."""
    for name, text in (("denied", DENIED), ("case", CASE), ("quiet", QUIET)):
        (tmp_path / f"{name}.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ignored(text: str, codes: str = "access-denied") -> str:
    """Return a pod with a comment above its annotation."""
    return text.replace("    ad.datadoghq.com", ABOVE.format(codes))


@pytest.mark.parametrize(
    ("options", "file", "code"),
    [
        pytest.param([], "denied.yaml", 1, id="errors fail"),
        pytest.param([], "case.yaml", 0, id="warnings do not"),
        pytest.param(["--fail-on", "warning"], "case.yaml", 1, id="unless they shall"),
        pytest.param(["--fail-on", "warning"], "quiet.yaml", 0, id="infos are no warnings"),
        pytest.param(["--fail-on", "info"], "quiet.yaml", 1, id="but can fail as well"),
        pytest.param(["--fail-on", "never"], "denied.yaml", 0, id="or nothing does"),
        pytest.param(["--fail-on", "never"], "gone.yaml", 2, id="except what cannot be read"),
        pytest.param(["--severity", "error"], "denied.yaml", 1, id="what is shown fails"),
        pytest.param(
            ["--severity", "error", "--fail-on", "never"], "case.yaml", 0, id="never fits any level"
        ),
    ],
)
@pytest.mark.parametrize("output", FORMATS)
def test_exit_codes(output: str, options: list[str], file: str, code: int) -> None:
    """The exit code is the same in every format."""
    assert main(["lint", "-o", output, *options, file]) == code


def test_hidden_failures(capsys: pytest.CaptureFixture[str]) -> None:
    """What fails is never hidden."""
    assert main(["lint", "--severity", "error", "--fail-on", "warning", "case.yaml"]) == 2
    assert capsys.readouterr().err == (
        "encctl: --severity error would hide what --fail-on warning fails for; write --severity warning\n"
    )


@pytest.mark.parametrize(
    ("level", "shown", "summary"),
    [
        ("info", {"access-denied", "handle-case", "no-agent"}, "1 error, 1 warning"),
        ("warning", {"access-denied", "handle-case"}, "1 error, 1 warning, 1 not shown"),
        ("error", {"access-denied"}, "1 error, 1 warning, 2 not shown"),
    ],
)
def test_severity(level: str, shown: set[str], summary: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A level shows that level and above, and the summary counts what it left out."""
    main(["lint", "-o", "json", "--severity", level, "."])

    out, err = capsys.readouterr()
    assert {item["code"] for item in json.loads(out)["findings"]} == shown
    assert err == f"{summary}\n"


def test_yaml_is_the_same_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Both have the same data."""
    (Path() / "denied.yaml").write_text(ignored(DENIED))
    main(["lint", "-o", "json", "."])
    data = json.loads(capsys.readouterr().out)
    main(["lint", "-o", "yaml", "."])

    assert yaml.safe_load(capsys.readouterr().out) == data
    assert [item["reason"] for item in data["ignored"]] == ["it is meant"]


@pytest.mark.parametrize("output", ["json", "yaml", "sarif", "github"])
def test_only_the_format_on_standard_output(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What programs read is alone on standard output; the summary goes to standard error."""
    main(["lint", "-o", output, "."])

    out, err = capsys.readouterr()
    assert err == "1 error, 1 warning\n"
    assert "1 warning" not in out


def test_github(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line is a command with the file below the working directory."""
    main(["lint", "-o", "github", str(Path("denied.yaml").absolute()), "case.yaml"])

    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.partition(",")[0] for line in lines) == [
        "::error file=denied.yaml",
        "::notice file=denied.yaml",
        "::warning file=case.yaml",
    ]


def test_sarif(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Files are relative to the working directory, or absolute where they are elsewhere; each has the same fingerprint as in JSON."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/in here.yaml").write_text(ignored(DENIED, "access-denied, no-agent"))
    monkeypatch.chdir(tmp_path / "sub")
    main(["lint", "-o", "json", ".", "../case.yaml"])
    data = json.loads(capsys.readouterr().out)
    main(["lint", "-o", "sarif", ".", "../case.yaml"])

    results = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    uris = {
        item["ruleId"]: item["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for item in results
    }
    assert uris == {
        "access-denied": "in%20here.yaml",
        "no-agent": "in%20here.yaml",
        "handle-case": f"file://{tmp_path}/case.yaml",
    }
    assert {item["partialFingerprints"]["encctlFinding/v1"] for item in results} == {
        item["fingerprint"] for item in data["findings"] + data["ignored"]
    }
    assert {item["ruleId"]: len(item["suppressions"]) for item in results}["access-denied"] == 1


@pytest.mark.parametrize("command", ["lint", "plan"])
def test_ignored_by_comment(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A comment takes a finding out of the report and the exit code, and leaves it in the count."""
    Path("denied.yaml").write_text(ignored(DENIED))

    assert main([command, "denied.yaml"]) == 0
    out = capsys.readouterr().out
    assert "error[" not in out
    assert out.endswith("0 errors, 0 warnings, 1 ignored\n")
    assert main([command, "--no-ignores", "denied.yaml"]) == 1


def test_a_plan_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """What is ignored changes nothing that is planned: a denied reference stays denied."""
    planned = []
    for text in (ignored(DENIED, "access-denied"), DENIED):
        Path("denied.yaml").write_text(text)
        main(["plan", "-o", "json", "denied.yaml", str(EXAMPLES)])
        planned.append(json.loads(capsys.readouterr().out))

    first, second = planned
    assert first["objects"] == second["objects"]
    assert first["permissions"] == second["permissions"]
    assert [item["allowed"] for item in first["references"]] == [
        item["allowed"] for item in second["references"]
    ]
    assert len(first["ignored"]) == 1
    assert len(first["findings"]) == len(second["findings"]) - 1


def test_ignore_file(capsys: pytest.CaptureFixture[str]) -> None:
    """`.encctl.yaml` is read where it is, or another file that is named; paths are below its folder."""
    rules = "ignore:\n- {code: access-denied, path: %s, reason: old}\n"
    Path(".encctl.yaml").write_text(rules % "denied.yaml")
    Path("sub").mkdir()
    Path("sub/rules.yaml").write_text(rules % "../denied.yaml")
    Path("sub/other.yaml").write_text(rules % "other.yaml")

    assert main(["lint", "denied.yaml"]) == 0
    assert main(["lint", "--ignore-file", "sub/rules.yaml", "denied.yaml"]) == 0
    assert main(["lint", "--no-ignores", "denied.yaml"]) == 1
    assert capsys.readouterr().err == ""
    assert main(["lint", "--ignore-file", "sub/other.yaml", "denied.yaml"]) == 1
    assert "ignore-unused" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("ignore: [", "line 1: not YAML", id="not YAML"),
        pytest.param("other: 1", "not a mapping with one key, ignore", id="another file"),
        pytest.param(None, "No such file or directory", id="no file"),
        pytest.param(b"\xff\xfe\xff", "not UTF-8", id="not UTF-8"),
    ],
)
def test_bad_ignore_file(text: str | bytes | None, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An ignore file that cannot be read is an error, never as if it were empty."""
    if text is not None:
        Path("rules.yaml").write_bytes(text.encode() if isinstance(text, str) else text)

    assert main(["lint", "--ignore-file", "rules.yaml", "quiet.yaml"]) == 2
    assert capsys.readouterr().err.startswith(f"encctl: rules.yaml: {message}")


def test_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    """What a baseline holds does not fail, also after it has moved; what is new does."""
    assert main(["lint", "--write-baseline", "known.json", "."]) == 0
    out, err = capsys.readouterr()
    assert out == "0 errors, 0 warnings, 3 in the baseline\n"
    assert err == "3 findings written to known.json\n"

    Path("denied.yaml").write_text("# moved\n" + DENIED)
    assert main(["lint", "--baseline", "known.json", "."]) == 0
    Path("new.yaml").write_text(DENIED.replace("web", "new"))
    assert main(["lint", "--baseline", "known.json", "."]) == 1
    out, err = capsys.readouterr()
    assert "error[access-denied]" in out
    assert err == ""


def test_help_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The examples in the help run one after the other."""
    shutil.copytree(EXAMPLES / "shop", tmp_path / "shop")
    codes = []
    for line in HELP.splitlines()[1:]:
        command = re.split(r"\s{2,}", line.strip())[0].rpartition("| ")[2].partition(" > ")[0]
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(DENIED.encode())))
        codes.append(main(shlex.split(command)[1:]))

    assert codes == [1, 1, 1, 0, 1, 1, 1, 0, 0]
    assert "encctl: " not in capsys.readouterr().err
