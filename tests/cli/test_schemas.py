"""What commands print as JSON is what the published schemas describe, every object of it."""

import json
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from assessing import EXAMPLES, ROOT
from enc_operator.cli.main import main

GOLDEN = ROOT / "tests/golden"
CASES = [*sorted(path for path in GOLDEN.iterdir() if (path / "expected.txt").is_file()), EXAMPLES]


@cache
def validator(command: str) -> Draft202012Validator:
    """Return the validator of a command's schema, which takes no field that it does not describe."""
    texts = {file.name: json.loads(file.read_text()) for file in (ROOT / "docs/schemas").glob("*.json")}
    registry: Registry[Any] = Registry().with_resources(
        (file, Resource.from_contents(schema)) for file, schema in texts.items()
    )
    schema = {**texts[f"{command}.schema.json"], "unevaluatedProperties": False}
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, registry=registry)


@pytest.mark.parametrize("case", CASES, ids=lambda path: str(path.name))
@pytest.mark.parametrize("command", ["lint", "plan"])
def test_golden_cases(command: str, case: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Each golden case is printed as described."""
    assert main([command, "-o", "json", str(case)]) in (0, 1)

    data = json.loads(capsys.readouterr().out)
    assert [f"{fault.json_path}: {fault.message}" for fault in validator(command).iter_errors(data)] == []
    assert set(data) == set(validator(command).schema["properties"])  # type: ignore[index]
