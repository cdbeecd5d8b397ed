"""Scalars of every style: each character of the decoded text is found where it was written."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.syntax.json_tree import json_tree
from enc_operator.core.syntax.nodes import ALIAS, Node
from enc_operator.core.syntax.runs import Runs
from enc_operator.core.syntax.scalars import runs_of
from enc_operator.core.syntax.yaml_text import yaml_tree

PIECES = [
    "a",
    "b",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\t",
    "''",
    "\\n",
    "\\\n",
    "\\x41",
    "\\u0045",
    "\\U0001F600",
    "é",
    "😀",
]
PIECES += [":", "-", "#", "\r\n", "\x85", "\u2028", "|", "\n  ", "\n    ", "\n \t", "\\/", "\\e"]
HEADERS = ["|", "|-", "|+", ">", ">-", ">+", "|2", ">1-", "|3+", "| # why", "&a !!str |", ">\r"]
OPENERS = ["'", '"', "!!str '", '&x "', "", "!t "]


def scalars(text: str) -> list[Node]:
    """Return the scalars of a YAML text as libyaml reads them."""
    events: list[Any] = []
    try:
        events += yaml.parse(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return []
    return [
        Node(_index(event.start_mark), _index(event.end_mark), event.style or "", event.value)
        for event in events
        if type(event) is yaml.ScalarEvent
    ]


def _index(mark: Any) -> int:
    return int(mark.index)


@given(st.sampled_from([*HEADERS, *OPENERS]), st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_every_character_has_its_place(style: str, body: str) -> None:
    """Whatever libyaml makes of a scalar, each letter of its text stands where the runs say."""
    closing = style[-1:] if style[-1:] in ("'", '"') else ""
    inside = f"\n    x{body}" if style[:1] in "|>&" and not closing else body + closing
    text = f"k:\n  z: {style}{inside}\ny: 1\n"
    for node in scalars(text):
        runs = runs_of(text, node)
        assert runs
        assert runs.text == node.text
        for index, letter in enumerate(runs.text):
            start, end = runs.range(index, index + 1)
            assert start < end
            assert letter not in "abé😀" or text[start:end] == letter or text[start] == "\\"


@pytest.mark.parametrize(
    ("text", "letter", "written"),
    [
        pytest.param('"x\\\n  \n  y"', "\n", "\n  "[:1], id="a line break behind an escaped one"),
        pytest.param('"x\\\n  y"', "y", "y", id="an escaped line break"),
        pytest.param('"x\\x41y"', "A", "\\x41", id="an escape"),
        pytest.param('"x\\_y"', "\xa0", "\\_", id="a letter's escape"),
        pytest.param("'x''y'", "'", "''", id="a quote"),
        pytest.param('"x\n  y"', " ", "\n  ", id="a folded line break"),
        pytest.param('"x\n\n  y"', "\n", "\n", id="an empty line"),
        pytest.param('"x\u2028 y"', "\u2028", "\u2028", id="a line separator"),
        pytest.param(">\n x\n y\n", " ", "\n", id="a folded block"),
        pytest.param(">\n x\n\n y\n", "\n", "\n", id="its empty line"),
        pytest.param(">\n x\n\n  y\n", "y", "y", id="its line that is indented more"),
        pytest.param(">\n x\u2028 y\n", "\u2028", "\u2028", id="its line separator"),
        pytest.param("|2+\n   x\n\n", "x", "x", id="an indicator"),
        pytest.param("|-\n x", "x", "x", id="no line break at the end"),
    ],
)
def test_yaml(text: str, letter: str, written: str) -> None:
    """A letter of a YAML scalar stands where it was written."""
    (node,) = scalars(text)
    runs = runs_of(text, node)
    assert runs
    index = runs.text.index(letter)
    assert text[slice(*runs.range(index, index + 1))] == written


@pytest.mark.parametrize(
    ("text", "letter", "written"),
    [
        pytest.param('"a\\u0045b"', "E", "\\u0045", id="an escape"),
        pytest.param('"a\\ud83d\\ude00b"', "😀", "\\ud83d\\ude00", id="a pair of surrogates"),
        pytest.param('"a\\ud83db"', "\ufffd", "\\ud83d", id="half of a pair"),
        pytest.param('"a\\nb"', "\n", "\\n", id="a line break"),
        pytest.param('"a\\/b"', "/", "\\/", id="a slash"),
        pytest.param('"a\\qb"', "q", "\\q", id="an escape that JSON does not have"),
    ],
)
def test_json(text: str, letter: str, written: str) -> None:
    """A JSON string is decoded as Go decodes it, and its letters keep their places."""
    node = json_tree(text).root
    runs = runs_of(text, node)
    assert runs
    assert runs.text == f"a{letter}b"
    assert text[slice(*runs.range(1, 2))] == written
    assert runs_of(text, node) is runs


@pytest.mark.parametrize(
    "node",
    [
        pytest.param(Node(0, 1, "", None), id="a number of JSON"),
        pytest.param(Node(0, 1, ALIAS, "x"), id="an alias"),
        pytest.param(Node(0, 3, "", "no"), id="a text that stands elsewhere"),
        pytest.param(Node(0, 3, "|", "yes"), id="a block without a header"),
        pytest.param(Node(4, 10, "|", "yes"), id="a block of another text"),
    ],
)
def test_unknown(node: Node) -> None:
    """Where a text is not what was read, nothing is known."""
    assert runs_of("yes\n|\n no\n", node) is None
    assert runs_of("yes\n|\n no\n", node) is None


def test_binary_is_not_what_is_written() -> None:
    """What base64 decodes to has no place in the source."""
    text = "a: !!binary RU5DW3hd\n"
    assert runs_of(text, yaml_tree(text).along(("a",))[-1]) is None


def test_offsets_beyond_the_text() -> None:
    """Before the first character is its beginning, behind the last one its end; an empty text has one place."""
    runs = Runs("'ab'", 1)
    assert (runs.range(0, 0), runs.end(3), runs.decoded_range(0, 9)) == ((1, 1), 1, (0, 0))
    runs.copy(1, 3)
    assert (runs.start(0), runs.start(2), runs.start(9), runs.end(0), runs.end(9)) == (1, 3, 3, 1, 3)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        pytest.param(0, 6, (0, 3), id="all"),
        pytest.param(2, 3, (1, 2), id="a piece"),
        pytest.param(5, 6, (2, 3), id="the end"),
        pytest.param(0, 0, (0, 0), id="before it"),
    ],
)
def test_back(low: int, high: int, expected: tuple[int, int]) -> None:
    """What stands between two offsets of the source is in the decoded range, maybe with a little around it."""
    runs = Runs("'a\\nb'", 1)
    runs.copy(1, 2)
    runs.put("\n", 2, 4)
    runs.copy(4, 5)
    found = runs.decoded_range(low, high)
    assert found[0] <= expected[0]
    assert found[1] >= expected[1]
