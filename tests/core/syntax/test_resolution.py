"""Scalars: what YAML 1.1 as Go reads it makes of a plain text, and of a tagged one."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.syntax import parse_yaml
from enc_operator.core.syntax.resolution import key_text, resolve_plain, resolve_tagged

LONG = "1" * 5000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", None, id="nothing is null"),
        pytest.param("~", None, id="a tilde is null"),
        pytest.param("Null", None, id="null in any of its cases"),
        pytest.param("nuLL", "nuLL", id="null in another case is text"),
        pytest.param("yes", True, id="yes is true"),
        pytest.param("y", True, id="y is true"),
        pytest.param("NO", False, id="NO is false"),
        pytest.param("n", False, id="n is false"),
        pytest.param("off", False, id="off is false"),
        pytest.param("oFF", "oFF", id="oFF is text"),
        pytest.param("12", 12, id="an integer"),
        pytest.param("-1_000", -1000, id="underscores are left out"),
        pytest.param("+7", 7, id="a sign"),
        pytest.param("010", 8, id="a leading zero is octal"),
        pytest.param("0o17", 15, id="0o is octal too"),
        pytest.param("08", 8.0, id="what is no octal is a float"),
        pytest.param("0x1F", 31, id="hexadecimal"),
        pytest.param("-0b11", -3, id="binary"),
        pytest.param("0x_", "0x_", id="a prefix without a digit is text, unchanged"),
        pytest.param("0", 0, id="zero"),
        pytest.param("1.5", 1.5, id="a float"),
        pytest.param(".5e-1", 0.05, id="a float without a leading digit"),
        pytest.param("1e3", 1000.0, id="an exponent without a point"),
        pytest.param("1e999", "1e999", id="what overflows is text"),
        pytest.param(".inf", math.inf, id="infinity"),
        pytest.param("+.Inf", math.inf, id="infinity with a sign"),
        pytest.param("-.INF", -math.inf, id="minus infinity"),
        pytest.param("1:20", "1:20", id="a sexagesimal number is text"),
        pytest.param("2001-01-01", "2001-01-01", id="a date is text"),
        pytest.param("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00", id="a time is text"),
        pytest.param("1.2.3", "1.2.3", id="a version is text"),
        pytest.param("...", "...", id="points are text"),
        pytest.param("-", "-", id="a dash is text"),
        pytest.param(LONG, LONG, id="5,000 digits overflow"),
        pytest.param("ENC[x]", "ENC[x]", id="a handle is text"),
    ],
)
def test_plain(text: str, expected: Any) -> None:
    """A plain scalar has the type that yaml.v2 gives it."""
    value = resolve_plain(text)
    assert value == expected
    assert type(value) is type(expected)


def test_not_a_number() -> None:
    """`.nan` is the one value that equals nothing."""
    assert math.isnan(resolve_plain(".NaN"))


@given(st.text(st.sampled_from("0123456789abxo+-._eE:")))
def test_any_plain_text_is_resolved(text: str) -> None:
    """No text makes the resolution fail, and text stays as it was written."""
    value = resolve_plain(text)
    assert value is None or isinstance(value, int | float) or value == text


@pytest.mark.parametrize(
    ("tag", "text", "expected"),
    [
        pytest.param("!!str", "12", "12", id="str keeps a number's text"),
        pytest.param("!!int", '"12"', 12, id="int reads a quoted number"),
        pytest.param("!!int", "", None, id="int of nothing is null"),
        pytest.param("!!float", "x", "x", id="an unfit value leaves the text"),
        pytest.param("!!binary", "RU5DW3hd", "ENC[x]", id="binary is decoded: a handle can hide in it"),
        pytest.param("!!binary", '"RU5D\\n W3hd"', "ENC[x]", id="binary over two lines"),
        pytest.param("!!binary", "/w==", "\ufffd", id="binary that is no text"),
        pytest.param("!!binary", "x", "x", id="what is no base64 is kept"),
        pytest.param("!!binary", "é", "é", id="what is no ASCII is kept"),
        pytest.param("!vault", "12", "12", id="an unknown tag leaves the text"),
    ],
)
def test_tagged(tag: str, text: str, expected: Any) -> None:
    """A tag decides, as far as the value suits it."""
    assert parse_yaml(f"a: {tag} {text}").value == {"a": expected}


def test_quoted_text_is_text() -> None:
    """Quotes keep everything text."""
    assert parse_yaml("""{a: "12", b: 'null', c: "\\x45NC[x]"}""").value == {
        "a": "12",
        "b": "null",
        "c": "ENC[x]",
    }


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param(True, "true", id="true"),
        pytest.param(False, "false", id="false"),
        pytest.param(None, "null", id="null"),
        pytest.param(1, "1", id="one is not true"),
        pytest.param(1.5, "1.5", id="a float"),
    ],
)
def test_keys_are_text(key: Any, expected: str) -> None:
    """On its way through JSON every key becomes text."""
    assert key_text(key) == expected


def test_a_tag_of_another_kind() -> None:
    """A tag that is not of YAML's own leaves even what looks like a number."""
    assert resolve_tagged("tag:example.com,2000:x", "0x1") == "0x1"
