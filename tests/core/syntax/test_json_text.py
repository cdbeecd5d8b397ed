"""JSON as Go reads it, and where Python would differ."""

import json
import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.syntax import Mark, SyntaxFault, parse_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def fault_of(text: str) -> SyntaxFault:
    """Return the fault that reading a text raises."""
    with pytest.raises(SyntaxFault) as caught:
        parse_json(text)
    return caught.value


@given(JSON, st.booleans())
def test_json_is_read(value: Any, escaped: bool) -> None:  # noqa: FBT001
    """What was written as JSON is read with the same value."""
    parsed = parse_json(json.dumps(value, ensure_ascii=escaped))
    assert (parsed.value, parsed.duplicates, parsed.shadowed) == (value, [], [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(' {"a": [1, 2.5, null, true]}\n', {"a": [1, 2.5, None, True]}, id="space around it"),
        pytest.param(r'"\u0045NC[x]"', "ENC[x]", id="an escaped handle"),
        pytest.param(r'"\ud83d\ude00"', "😀", id="a pair of surrogates"),
        pytest.param(r'"\uD83d"', "\ufffd", id="the first of a pair alone"),
        pytest.param(r'"\ude00\ud83d"', "\ufffd\ufffd", id="a pair in the wrong order"),
        pytest.param(r'"\ud83dA\u0041"', "\ufffdAA", id="the first of a pair before a letter"),
        pytest.param(r'"\\ud83d"', r"\ud83d", id="an escaped backslash"),
        pytest.param(r'{"\ud83d": 1}', {"\ufffd": 1}, id="a surrogate in a key"),
        pytest.param("1" * 5000, math.inf, id="5,000 digits"),
        pytest.param("-" + "1" * 5000, -math.inf, id="5,000 digits below zero"),
        pytest.param("1" * 3999, int("1" * 3999), id="3,999 digits"),
        pytest.param("1e999", math.inf, id="an exponent too large"),
    ],
)
def test_values(text: str, expected: Any) -> None:
    """Values are those that Go's encoding/json has for the text."""
    assert parse_json(text).value == expected


@pytest.mark.parametrize(
    ("text", "expected", "duplicates", "shadowed"),
    [
        pytest.param('{"a": 1, "b": 2, "a": 3}', [("b", 2), ("a", 3)], ["a"], [1], id="twice"),
        pytest.param('{"a": 1, "a": 2, "a": 3}', [("a", 3)], ["a", "a"], [1, 2], id="thrice"),
        pytest.param(r'{"a": 1, "\u0061": 2}', [("a", 2)], ["a"], [1], id="once escaped"),
        pytest.param(r'{"\ud800": 1, "\udc00": 2}', [("\ufffd", 2)], ["\ufffd"], [1], id="as Go sees them"),
        pytest.param(
            '{"A": 1, "a": 2, "A": 3}', [("a", 2), ("A", 3)], ["A"], [1], id="order is that of the last"
        ),
    ],
)
def test_duplicate_keys(
    text: str, expected: list[tuple[str, Any]], duplicates: list[str], shadowed: list[Any]
) -> None:
    """The last of equal keys wins, at its own place; what loses is kept aside."""
    parsed = parse_json(text)
    assert list(parsed.value.items()) == expected
    assert [duplicate.key for duplicate in parsed.duplicates] == duplicates
    assert parsed.shadowed == shadowed


@pytest.mark.parametrize(
    ("text", "message", "fix", "mark"),
    [
        pytest.param("", "expecting value", "correct the JSON at this place", (0, 0), id="nothing"),
        pytest.param(
            "{'a': 1}",
            "expecting property name enclosed in double quotes",
            'JSON strings and keys stand in double quotes: "…"',
            (0, 1),
            id="single quotes",
        ),
        pytest.param(
            '{"a": }', "expecting value", "correct the JSON at this place", (0, 6), id="a missing value"
        ),
        pytest.param(
            "[1,\n 2}",
            "expecting ',' delimiter",
            "correct the JSON at this place",
            (1, 2),
            id="the wrong bracket",
        ),
        pytest.param(
            "[1, 2", "expecting ',' delimiter", "correct the JSON at this place", (0, 5), id="an end too soon"
        ),
        pytest.param(
            '"a\tb"',
            "invalid control character at",
            "write line breaks and tabs inside a string as \\n and \\t",
            (0, 2),
            id="a tab in a string",
        ),
        pytest.param(
            '{"a": 1} x', "extra data", "correct the JSON at this place", (0, 9), id="text after the value"
        ),
        pytest.param(
            "{a: 1}",
            "expecting property name enclosed in double quotes",
            "correct the JSON at this place",
            (0, 1),
            id="YAML",
        ),
        pytest.param(
            '"\\x"', "invalid \\escape", "correct the JSON at this place", (0, 1), id="an unknown escape"
        ),
        pytest.param(
            "\ufeff1",
            "unexpected UTF-8 BOM (decode using utf-8-sig)",
            "correct the JSON at this place",
            (0, 0),
            id="a byte order mark",
        ),
    ],
)
def test_faults(text: str, message: str, fix: str, mark: tuple[int, int]) -> None:
    """What is no JSON is a fault at its place."""
    fault = fault_of(text)
    place = f"(line {mark[0] + 1}, column {mark[1] + 1})"
    assert (fault.code, fault.fix, fault.mark) == ("json-invalid", fix, Mark(*mark))
    assert fault.message.startswith(f"not JSON: {message}")
    assert fault.message.endswith(place)


@pytest.mark.parametrize("text", ["[1,]", '{"a": 1,}', '[{"a": 1},\n]'])
def test_a_comma_too_many(text: str) -> None:
    """A trailing comma is named, wherever the reader noticed it."""
    fault = fault_of(text)
    assert (fault.code, fault.fix) == ("json-invalid", "remove the comma that nothing follows")


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_no_constants_beyond_json(constant: str) -> None:
    """Python's constants are no JSON."""
    fault = fault_of(f'{{"a": [{constant}]}}')
    assert (fault.code, fault.message) == ("json-invalid", f"not JSON: {constant} is no JSON value")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 501 + "]" * 501, id="one more than the limit"),
        pytest.param("[" * 1200 + "]" * 1200, id="1,200 lists"),
        pytest.param('{"a":' * 5000 + "1" + "}" * 5000, id="5,000 objects"),
        pytest.param("[" * 1_000_000, id="a million open brackets"),
        pytest.param('["\\"]",' + "[" * 600, id="after a bracket in a string"),
    ],
)
def test_depth(text: str) -> None:
    """Deep nesting is a fault of its own: Go goes on where Python would give up."""
    assert fault_of(text).code == "json-depth"


def test_depth_up_to_the_limit() -> None:
    """What is just deep enough is read, and what is only long is."""
    assert parse_json("[" * 500 + "]" * 500).value
    assert len(parse_json("[" + "[]," * 600 + '"[[[\\"[["]').value) == 601


def test_depth_in_brackets_of_strings() -> None:
    """Brackets in strings are no depth, also in one that never ends."""
    assert parse_json('"' + "[" * 600 + '"').value == "[" * 600
    assert fault_of('"' + "[" * 600).code == "json-invalid"


@given(st.text(st.sampled_from('[]{}",:\\u0dD8cC1eE.-+ \n\t')))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes anything but a fault, and no value has a surrogate that was escaped."""
    with suppress(SyntaxFault):
        assert not any("\ud800" <= letter <= "\udfff" for letter in repr(parse_json(text).value))
