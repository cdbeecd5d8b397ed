"""Places in JSON: as far as it is JSON, and not a token further."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.syntax.json_tree import json_tree

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def values(value: Any, path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], Any]:
    """Return every value by its path."""
    found = {path: value}
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for step, member in members:
        found |= values(member, (*path, step))
    return found


@given(VALUES, st.sampled_from([None, 0, 2]), st.booleans())
def test_every_value_has_its_place(value: Any, indent: int | None, ascii_only: bool) -> None:  # noqa: FBT001
    """What stands between a value's offsets is the value, and its key stands before it."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    tree = json_tree(text)
    assert tree.complete
    for path, expected in values(value).items():
        node = tree.along(path)[-1]
        assert json.loads(text[node.start : node.end]) == expected
        assert node.text == (expected if isinstance(expected, str) else None)
        if path and isinstance(path[-1], str):
            assert node.key
            assert json.loads(text[node.key.start : node.key.end]) == path[-1]


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("]", 0, id="an end without a beginning"),
        pytest.param('{"a"', 4, id="a key without a colon"),
        pytest.param('{"a",', 4, id="a comma for a colon"),
        pytest.param('{"a": 1 "b"}', 7, id="no comma between members"),
        pytest.param('{"a": 1, }', 8, id="a comma before the end"),
        pytest.param("{1: 2}", 1, id="a key that is no string"),
        pytest.param("[1 2]", 2, id="no comma between items"),
        pytest.param("[1: 2]", 2, id="a colon in a list"),
        pytest.param("[1}", 2, id="another bracket"),
        pytest.param("{: 1}", 1, id="a colon for a key"),
        pytest.param("[,]", 1, id="a comma for a value"),
        pytest.param("[1 []]", 2, id="a list for a comma"),
        pytest.param('{"a": 1 {}}', 7, id="an object for a comma"),
        pytest.param("{[", 1, id="a list for a key"),
        pytest.param('["a\n"]', 1, id="a line break in a string"),
        pytest.param('["a', 1, id="a string that never ends"),
    ],
)
def test_faults(text: str, reached: int) -> None:
    """Reading stops at the first token that may not stand there."""
    tree = json_tree(text)
    assert (tree.complete, tree.reached) == (False, reached)


def test_duplicates() -> None:
    """Of equal keys, however they are written, the last one counts, and the later one is noted."""
    text = '{"a": 1, "b": {}, "\\u0061": 2}'
    tree = json_tree(text)
    assert text[tree.along(("a",))[-1].start] == "2"
    assert [(found.key, text[found.start : found.end]) for found in tree.duplicates] == [("a", "\\u0061")]
