"""JSON that is nested deeper than Python reads."""

import json
from typing import Any

import pytest

from enc_operator.cluster.decoding import decode, decode_and_tell


def deep(opening: str, closing: str, depth: int) -> str:
    """Nest as often as told."""
    return opening * depth + "1" + closing * depth


@pytest.mark.parametrize(
    ("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"]}":', "}]")], ids=["lists", "objects", "both"]
)
@pytest.mark.parametrize("depth", [1_000, 50_000])
def test_what_lies_too_deep_is_null_and_the_rest_is_there(opening: str, closing: str, depth: int) -> None:
    """What comes before and after it is read, brackets in strings are no nesting."""
    strings = {"before": '[{"\\\\', "quoted": 'a "[" b', "odd": '\\"{'}
    body = json.dumps({**strings, "deep": 0, "after": [1, {"x": "}"}]}).replace(
        '"deep": 0', f'"deep": {deep(opening, closing, depth)}'
    )

    found = decode(body.encode())

    deepest = found.pop("deep")
    assert found == {**strings, "after": [1, {"x": "}"}]}
    levels = 0
    while deepest is not None:
        deepest = next(iter(deepest.values())) if isinstance(deepest, dict) else deepest[0]
        levels += 1
    assert levels == 98


@pytest.mark.parametrize("value", [{"a": [1, None, "x"]}, [], "", 0, None, True], ids=str)
def test_what_can_be_read_is_read_as_it_is(value: Any) -> None:
    """Nothing is left out of it."""
    assert decode(json.dumps(value).encode()) == value
    assert decode_and_tell(json.dumps(value).encode()) == (value, True)


def test_whether_something_was_left_out_is_told() -> None:
    """Who must know everything learns that he does not."""
    assert decode_and_tell(deep("[", "]", 5_000).encode())[1] is False


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 99_999,
        b"]" * 5 + b"[" * 5_000,
        b"[" * 5_000 + b"]" * 5_001,
    ],
    ids=["nothing", "torn", "only brackets", "deep and torn", "upside down", "one too many"],
)
def test_what_is_no_json_is_a_value_error(body: bytes) -> None:
    """However deep it is."""
    with pytest.raises(ValueError, match=r"complete|Expecting|Extra data|Unterminated"):
        decode(body)


@pytest.mark.parametrize(
    ("body", "value", "whole"),
    [
        (b'{"a": [1, -2]}', {"a": [1, -2]}, True),
        (b'{"a": ' + b"9" * 5_000 + b', "b": 12}', {"a": None, "b": 12}, False),
        (b'{"a": ' + b"[" * 2_000 + b"9" * 5_000 + b"]" * 2_000 + b', "b": ' + b"9" * 5_000 + b"}", {"b": None}, False),
    ],
    ids=["nothing long or deep", "a number of 5,000 digits", "both"],
)  # fmt: skip
def test_who_asks_is_told_whether_it_is_whole(body: bytes, value: Any, whole: bool) -> None:  # noqa: FBT001
    """A number that Python does not read is null; everything else is there."""
    found, said = decode_and_tell(body)

    assert {**found, **value} == found
    assert said == whole
