"""The words for violated keywords that no file of the invalid table violates alone."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from enc_operator.core.schemas.faults import SchemaFault, type_name
from enc_operator.core.schemas.metadata import DNS_LABEL
from enc_operator.core.schemas.translation import format_checker, translate
from enc_operator.core.schemas.wording import word_faults


def faults_of(schema: dict[str, Any], value: Any) -> tuple[SchemaFault, ...]:
    """Word what jsonschema finds."""
    validator = Draft202012Validator(translate(schema), format_checker=format_checker())
    return word_faults(validator.iter_errors(value))


@pytest.mark.parametrize(
    ("schema", "value", "message", "fix"),
    [
        pytest.param({"type": "string", "minLength": 1}, "", "must not be empty", "give it a value", id="empty"),
        pytest.param(
            {"type": "string", "maxLength": 2}, "abc", "is 3 characters long", "use 2 at most", id="too long"
        ),
        pytest.param(
            {"type": "integer", "minimum": 0}, -1, "-1 is out of range", "use a number of 0 or more", id="too small"
        ),
        pytest.param(
            {"type": "integer", "minimum": 0, "maximum": 9}, 10, "10 is out of range", "use a number from 0 to 9",
            id="too large",
        ),
        pytest.param(
            {"type": "integer", "format": "int32"}, 2**40, "1099511627776 is too large a number", "use a smaller one",
            id="not 32 bits",
        ),
        pytest.param(
            {"type": "string", "format": "date-time"}, "noon", '"noon" is no date and time that exists',
            "write it as 2030-12-31T23:59:59Z", id="not a time",
        ),
        pytest.param(
            {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 1}, {"a": "", "b": ""},
            "has 2 entries", "write 1 at most", id="too many entries",
        ),
        pytest.param(
            {"type": "array", "items": {"type": "string"}, "minItems": 1}, [], "must have at least one item",
            "add an item", id="an empty list that knows no star",
        ),
        pytest.param(
            {"type": "string", "nullable": True}, 1, "must be a string, not an integer", "put it in quotes",
            id="a type beside null",
        ),
        pytest.param({"type": "boolean"}, "yes", "must be true or false, not a string", "write true or false", id="a word"),
        pytest.param(
            {"type": "string", "enum": ["audit", "warn"]}, "Audit", '"Audit" is not one of audit, warn',
            'did you mean "audit"?', id="a choice in capitals",
        ),
        pytest.param(
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, {}, '"a" is missing', "add a",
            id="a missing field without a description",
        ),
    ],
)  # fmt: skip
def test_a_violation_is_worded_with_its_fix(
    schema: dict[str, Any], value: Any, message: str, fix: str
) -> None:
    """Message and fix are ours, and short."""
    assert faults_of(schema, value) == (SchemaFault((), message, fix),)


def test_of_several_faults_of_one_value_the_most_telling_stays() -> None:
    """An empty name is empty, and not also no DNS label."""
    schema = {"type": "string", "minLength": 1, "pattern": DNS_LABEL}

    assert [fault.message for fault in faults_of(schema, "")] == ["must not be empty"]


def test_a_long_value_is_shown_in_part() -> None:
    """A message stays a line."""
    (fault,) = faults_of({"type": "string", "pattern": DNS_LABEL}, "X" * 5000)

    assert len(fault.message) < 100


def test_what_json_does_not_know_is_said_to_be_so() -> None:
    """A decoder that makes dates of texts is named as the cause."""
    assert type_name({1}) == "something that JSON does not know"
