"""From structural schemas to JSON schemas."""

from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from enc_operator.core.schemas.translation import anchored, fits, format_checker, is_date_time, translate


def accepts(schema: dict[str, Any], value: Any) -> bool:
    """Tell whether the translated schema accepts a value."""
    return Draft202012Validator(translate(schema), format_checker=format_checker()).is_valid(value)


@pytest.mark.parametrize(
    ("schema", "value", "accepted"),
    [
        pytest.param({"type": "object"}, {"a": 1}, False, id="an object without properties is closed"),
        pytest.param(
            {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            {"a": 1},
            True,
            id="unless it says so",
        ),
        pytest.param(
            {"type": "object", "additionalProperties": {"type": "integer"}},
            {"a": 1},
            True,
            id="a map takes any key",
        ),
        pytest.param(
            {"type": "object", "additionalProperties": {"type": "integer"}},
            {"a": "b"},
            False,
            id="and checks its values",
        ),
        pytest.param({"type": "string", "nullable": True}, None, True, id="null where it is allowed"),
        pytest.param(
            {"type": "string", "enum": ["a"], "nullable": True}, None, True, id="null beside an enum"
        ),
        pytest.param({"type": "string"}, None, False, id="null where it is not"),
        pytest.param({"type": "string", "pattern": "^a$"}, "a\n", False, id="a line feed after the end"),
        pytest.param({"type": "string", "pattern": "a"}, "xa\n", True, id="a pattern without an end"),
        pytest.param({"type": "integer", "format": "int32"}, 2**31 - 1, True, id="the largest int32"),
        pytest.param({"type": "integer", "format": "int32"}, 2**31, False, id="one more"),
        pytest.param({"type": "integer", "format": "int64"}, -(2**63), True, id="the smallest int64"),
        pytest.param({"type": "integer", "format": "int64"}, -(2**63) - 1, False, id="one less"),
        pytest.param({"type": "integer"}, True, False, id="a boolean is no integer"),
        pytest.param(
            {"type": "array", "items": {"type": "object"}}, [{"a": 1}], False, id="items are closed too"
        ),
    ],
)
def test_a_schema_means_what_the_api_server_means_by_it(
    schema: dict[str, Any], value: Any, *, accepted: bool
) -> None:
    """Closed objects, null, ends of texts and sizes of integers are Kubernetes', not jsonschema's."""
    assert accepts(schema, value) is accepted


@pytest.mark.parametrize(
    ("text", "exists"),
    [
        pytest.param("2030-01-01T00:00:00Z", True, id="a second"),
        pytest.param("2030-01-01T00:00:00.123456789+02:00", True, id="nanoseconds with an offset"),
        pytest.param("2032-02-29T00:00:00Z", True, id="a leap day"),
        pytest.param("2030-02-29T00:00:00Z", False, id="a leap day in a common year"),
        pytest.param("2030-01-01T24:00:00Z", False, id="an hour too many"),
        pytest.param("2030-01-01T00:00:00", False, id="no zone"),
        pytest.param("2030-W01-1T00:00:00Z", False, id="a week date, which Python reads"),
        pytest.param("tomorrow", False, id="a word"),
    ],
)
def test_a_date_time_is_rfc_3339_and_exists(text: str, *, exists: bool) -> None:
    """The format check is no wider than the API server's."""
    assert is_date_time(text) is exists


def test_formats_do_not_judge_other_types() -> None:
    """The type keyword speaks about those."""
    assert is_date_time(datetime(2030, 1, 1, tzinfo=UTC))
    assert fits("many", 1)


def test_only_an_end_is_anchored_anew() -> None:
    """A pattern without `$` stays as it is."""
    assert (anchored("^a$"), anchored("^a")) == ("^a\\Z", "^a")
