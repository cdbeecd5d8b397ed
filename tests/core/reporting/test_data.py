"""The format of `-o json`: what docs/schemas describes, field by field."""

import json
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from assessing import NOW, ROOT
from enc_operator.cli.ignoring import report_texts
from enc_operator.cli.inputs import Text
from enc_operator.cli.loading import Options
from enc_operator.core.reporting.data import page_path, report_data
from enc_operator.core.reporting.model import Acceptance, By, Report
from reporting import reported

SCHEMAS = ROOT / "docs/schemas"


@cache
def validator(name: str) -> Draft202012Validator:
    """Return the validator of a published schema."""
    texts = {file.name: json.loads(file.read_text()) for file in SCHEMAS.glob("*.json")}
    registry: Registry[Any] = Registry().with_resources(
        (file, Resource.from_contents(schema)) for file, schema in texts.items()
    )
    Draft202012Validator.check_schema(texts[name])
    return Draft202012Validator(texts[name], registry=registry)


def faults(name: str, data: Any) -> list[str]:
    """Return what a schema refuses."""
    return [f"{fault.json_path}: {fault.message}" for fault in validator(name).iter_errors(data)]


def test_fields() -> None:
    """The schema describes every field, and no other is printed."""
    item = reported(acceptance=Acceptance(By.COMMENT, "it is meant"))
    data = report_data(Report((item, reported())))
    described = validator("lint.schema.json").schema

    assert isinstance(described, dict)
    assert set(data) == set(described["properties"])
    assert set(data["findings"][0]) == set(described["$defs"]["finding"]["properties"])
    assert set(data["ignored"][0]) - set(data["findings"][0]) == {"ignoredBy", "reason"}
    assert (data["ignored"][0]["ignoredBy"], data["ignored"][0]["reason"]) == ("comment", "it is meant")
    assert set(data["summary"]) == set(described["$defs"]["summary"]["properties"])
    assert faults("lint.schema.json", data) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("code", "No Code"), ("severity", "fatal"), ("line", 0), ("fingerprint", "x"), ("page", None)],
)
def test_the_schema_refuses(field: str, value: Any) -> None:
    """The schema is strict enough to see a wrong field."""
    data = report_data(Report((reported(),)))
    data["findings"][0][field] = value

    assert len(faults("lint.schema.json", data)) == 1


def test_pages() -> None:
    """A page's path is that of the file in the project."""
    assert (ROOT / page_path("access-denied")).is_file()


def test_stdin() -> None:
    """Standard input has its name."""
    report = report_texts([Text("<stdin>", "a: [", named=True)], Options(now=NOW))

    assert report_data(report)["findings"][0]["file"] == "<stdin>"
