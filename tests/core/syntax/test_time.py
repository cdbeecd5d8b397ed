"""Hostile text takes no longer than benign text of its size, but for a factor."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from enc_operator.core.syntax import Source, SyntaxFault, parse_json, parse_yaml, split_documents

SIZE = 1 << 16
FACTOR = 12
LEAST = 1.5 if sys.gettrace() else 0.6  # seconds: what is faster on any machine is no attack; coverage traces


def fill(*pieces: str) -> str:
    """Repeat a piece between two others until the text is large."""
    before, piece, after = pieces
    return before + piece * ((SIZE - len(before) - len(after)) // len(piece)) + after


def read_all(text: str) -> None:
    """Read every document of a text as it would be read from a file, and look for a place in it."""
    for line, piece in split_documents(text):
        with suppress(SyntaxFault):
            parse_yaml(piece)
        Source("f", line, piece).position(("a", 0), ("b",))


def read_json(text: str) -> None:
    """Read a text as JSON."""
    with suppress(SyntaxFault):
        parse_json(text)


def seconds(read: Callable[[str], None], text: str) -> float:
    """Measure the processor's time, so that a busy machine does no harm."""
    start = time.process_time()
    read(text)
    return time.process_time() - start


@pytest.fixture(scope="module")
def usual() -> float:
    """Measure what a benign stream takes."""
    return seconds(
        read_all, fill("", "---\nkind: Pod\nmetadata: {name: a, labels: {b: c}}\nspec:\n- x: y\n", "")
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(fill("", "# c\r\n", "a: b\r\n"), id="comments that end in CRLF"),
        pytest.param(fill("", "\r\n", "a: b"), id="empty lines that end in CRLF"),
        pytest.param(fill("a: b\n", "---\n", ""), id="empty documents"),
        pytest.param(fill("", "%YAML 1.1\n---\n", ""), id="directives"),
        pytest.param(fill("---", " ", "x"), id="blanks after a marker"),
        pytest.param(fill("a: ", "1", "x"), id="digits that are no number"),
        pytest.param(fill("", "- 1" + "1" * 3900 + "x\n", ""), id="many of them"),
        pytest.param(fill("- ", "0x" + "f" * 3000 + "\n- ", "x"), id="long hexadecimal numbers"),
        pytest.param(fill("", "[", ""), id="open brackets"),
        pytest.param(fill("", "- ", ""), id="lists in lists"),
        pytest.param(fill("", "? ", ""), id="keys of keys"),
        pytest.param(fill("[" * 490, "1,", "]" * 490), id="many values deep down"),
        pytest.param(fill("a: |\n", "  {\n", ""), id="a block that is no JSON"),
        pytest.param(fill('a: "', "\\x41", '"'), id="escapes"),
        pytest.param(fill("a: &x [b]\nc: [", "*x, ", "]"), id="aliases"),
        pytest.param(fill("", "&a ", ""), id="anchors of nothing"),
        pytest.param(fill("a: ", "!", ""), id="tags of nothing"),
        pytest.param(fill("a: '", "\n", "'"), id="a folded text of line breaks"),
        pytest.param(fill("", "a:\n", ""), id="one key again and again"),
        pytest.param(fill("{", "a: {b: c}, ", "}"), id="… with a mapping"),
        pytest.param(fill("x", "\t", ""), id="tabs"),
        pytest.param(fill("", " ", "\x00"), id="NUL at the end"),
    ],
)
def test_hostile_yaml(text: str, usual: float) -> None:
    """Splitting, reading and looking for places is linear."""
    assert seconds(read_all, text) < max(LEAST, FACTOR * usual)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(fill("", "[", ""), id="open brackets"),
        pytest.param(fill("[", "[],", "1]"), id="many lists"),
        pytest.param(fill('["', "\\", ""), id="backslashes"),
        pytest.param(fill('["', "\\ud800", '"]'), id="surrogates"),
        pytest.param(fill('"', '\\"', ""), id="a string that never ends"),
        pytest.param(fill("[", "1" * 3999 + ",", "1]"), id="long integers"),
        pytest.param(fill("[", "1" * 30_000 + ",", "1]"), id="longer ones"),
        pytest.param(fill("", " ", "1,"), id="blanks"),
        pytest.param(fill("{", '"a":1,', '"a":1}'), id="one key again and again"),
    ],
)
def test_hostile_json(text: str) -> None:
    """Reading JSON is linear."""
    usual = seconds(read_json, fill("[", '{"name": "a", "value": [1, 2]},', "1]"))
    assert seconds(read_json, text) < max(LEAST, FACTOR * usual)


def test_many_places_in_one_block() -> None:
    """Positions within one large block cost one reading of it."""

    def place_all(text: str) -> None:
        source = Source("f", 0, text)
        places = {source.position(("a",), (index,)) for index in range(2000)}
        assert len(places) == 2000

    text = fill("a: |\n", '  - "ENC[x] y"\n', "")
    assert seconds(place_all, text) < max(LEAST, FACTOR * seconds(read_all, text))
