"""Positions: where a value stands in its file, and the text that each item of a list is alone with."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.syntax import Position, Source, Span, parse_yaml

CANARY = "ENC[here]"
KEYS = st.text("abc", min_size=1)


def position_of(text: str, *path: Any, inner: tuple[Any, ...] = ()) -> tuple[int, int]:
    """Return line and column of a place in a file that is only this text."""
    return tuple(Source("f", 0, text).position(path, inner))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        pytest.param("a: 1\nb:\n  c: 2\n", ("b", "c"), (3, 6), id="a plain value"),
        pytest.param("a:\n- x\n- 'y'\n", ("a", 1), (3, 4), id="a quoted item"),
        pytest.param("a: {b: [1, 2]}", ("a", "b", 1), (1, 12), id="flow style"),
        pytest.param('{"a": {"b": "c"}}', ("a", "b"), (1, 14), id="JSON"),
        pytest.param("a: >\n  x\n", ("a",), (2, 3), id="a folded block"),
        pytest.param("a: 1\n", ("b", "c"), (1, 1), id="what is not there is at its nearest ancestor"),
        pytest.param("a:\n  b: 1\n", ("a", "x", "y"), (2, 3), id="… also deeper"),
        pytest.param("a: 1\na: 2\n", ("a",), (2, 4), id="of equal keys the last"),
        pytest.param("é: [x", ("é", 0), (1, 5), id="before a fault of the text"),
        pytest.param("", ("a",), (1, 1), id="no text"),
        pytest.param("1: a\nyes: b\n", ("true",), (2, 6), id="a key that is no text"),
        pytest.param("a: 1\rb: 2\r", ("b",), (2, 4), id="lines that end in CR"),
    ],
)
def test_positions(text: str, path: tuple[Any, ...], expected: tuple[int, int]) -> None:
    """A value stands where an editor finds it."""
    assert position_of(text, *path) == expected


@pytest.mark.parametrize(
    ("text", "inner", "expected"),
    [
        pytest.param('a: |\n  {"b": ["ENC[here]"]}\n', ("b", 0), (2, 11), id="literal"),
        pytest.param('a: |-\n\n  {\n   "b": "ENC[here]"}\n', ("b",), (4, 10), id="after an empty line"),
        pytest.param(
            'a: |2-\n    {"b":\n  "ENC[here]"}\nc: d', ("b",), (3, 4), id="an indentation indicator"
        ),
        pytest.param('a: |-2\n    {"b":\n  "ENC[here]"}\n', ("b",), (3, 4), id="… after the chomping"),
        pytest.param(
            'a: |  # why\n  {"b": "ENC[here]"}\n# end', ("b",), (2, 10), id="a comment behind the bar"
        ),
        pytest.param(
            'a: &x\n  !!str |\n  {"b": "ENC[here]"}\n', ("b",), (3, 10), id="an anchor and a tag before it"
        ),
        pytest.param('a: |\r\n  {"b":\r\n  "ENC[here]"}\r\n', ("b",), (3, 4), id="CRLF"),
        pytest.param(
            'a: |\n  {"b": "\u2028",\n  "c": "ENC[here]"}\n', ("x",), (2, 3), id="a place that is not there"
        ),
        pytest.param('a: "{\\"b\\": 1}"\n', ("b",), (1, 13), id="JSON in double quotes"),
        pytest.param('a: >\n  {"b": 1}\n', ("b",), (2, 9), id="a folded one"),
        pytest.param("a: |\n\n", ("b",), (2, 1), id="an empty one"),
        pytest.param("a: |", ("b",), (1, 5), id="one that the file ends with"),
    ],
)
def test_positions_within_a_block(text: str, inner: tuple[Any, ...], expected: tuple[int, int]) -> None:
    """A value in the text of a scalar stands where an editor finds it."""
    assert position_of(text, "a", inner=inner) == expected


def test_positions_count_from_the_documents_line() -> None:
    """A document knows on which line of its file it begins."""
    assert Source("f", 10, "a: 1\n").position(("a",)) == Position(11, 4)


def with_handle(members: Any, path: list[Any], data: st.DataObject) -> Any:
    """Put the handle at some leaf of a value, and note the path to it."""
    if not members or isinstance(members, str):
        return CANARY
    step = data.draw(st.sampled_from(sorted(members) if isinstance(members, dict) else range(len(members))))
    path.append(step)
    members[step] = with_handle(members[step], path, data)
    return members


LEAVES: st.SearchStrategy[Any] = st.sampled_from(["", 0, None, [], {}, "\\", "é\n😀", "'\"", "# no: comment"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, min_size=1) | st.dictionaries(KEYS, inner, min_size=1),
    max_leaves=8,
)
STYLES = [
    "|",
    "|-",
    "|+",
    "|2-",
    ">",
    ">-",
    ">+",
    ">3",
    "'",
    '"',
    "escaped",
    "plain",
    "flow",
    "JSON",
    "JSON in JSON",
]


def written(block: str, style: str) -> str:
    """Write a text as the value of `a` in a style of YAML, or in a file that is JSON."""
    if style[0] in "|>":
        pad = " " * (4 + (int(style[1]) if style[1:2].isdigit() else 2))
        return (
            f"metadata:\n    a: {style}\n"
            + "".join(f"{pad}{line}\n" for line in block.split("\n"))
            + "z: 1\n"
        )
    if style == "'":
        return "metadata:\n    a: '" + block.replace("'", "''").replace("\n", "\n\n") + "'\nz: 1\n"
    if style in ('"', "escaped", "flow"):
        quoted = json.dumps(block, ensure_ascii=style == "escaped").replace("\\ud83d\\ude00", "\\U0001F600")
        return (
            f"metadata: {{a: {quoted}, b: c}}\n" if style == "flow" else f"metadata:\n    a: {quoted}\nz: 1\n"
        )
    if style == "JSON":
        return json.dumps({"metadata": {"x": "\t", "a": block}}, indent="\t")
    return json.dumps({"metadata": {"a": block}})


@given(VALUES, st.data(), st.sampled_from(STYLES), st.sampled_from([None, 1, 3]), st.booleans())
def test_a_handle_is_found_at_its_very_offset(
    value: Any,
    data: st.DataObject,
    style: str,
    indent: int | None,
    ascii_only: bool,  # noqa: FBT001
) -> None:
    """Wherever a handle stands in JSON, and in whatever style that stands in the file, each of its characters is found."""
    path: list[Any] = ["root"]
    block = json.dumps({"root": with_handle(value, path, data)}, indent=indent, ensure_ascii=ascii_only)
    if style == "plain":
        block = f"root {CANARY}"
        text, path, at = f"metadata:\n    a: root\n      {CANARY}\nz: 1\n", [], 5
    else:
        text, at = written(block, style), 0
    stands = text.index(CANARY)
    source = Source("f", 0, text)
    assert style[0] in "|>J'" or parse_yaml(text).value["metadata"]["a"] == block
    if at == 0:
        assert source.find(("metadata", "a"), tuple(path))[0] == stands
    for start in range(len(CANARY)):
        span = Span(block if at else CANARY, start + at, len(CANARY) + at)
        assert source.find(("metadata", "a"), tuple(path), span) == (stands + start, stands + len(CANARY))
    line, column = source.position_at(stands)
    assert text.split("\n")[line - 1][column - 1 :].startswith(CANARY)


BLOCK = 'x: 1\nitems:\n- kind: A\n  v: "canary-0"\n# of nobody\n-\n  kind: B\n  v: canary-1\n- {kind: C, v: canary-2}\nmetadata: {}\n'
FLOW = "items: [{kind: A, v: canary-0}, {kind: B,\n  v: canary-1}, {kind: C, v: canary-2}]\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(BLOCK, id="block style"),
        pytest.param(FLOW, id="flow style"),
        pytest.param(json.dumps(parse_yaml(FLOW).value), id="JSON on one line"),
        pytest.param(json.dumps(parse_yaml(FLOW).value, indent=2), id="JSON on many lines"),
        pytest.param(json.dumps(parse_yaml(FLOW).value, indent="\t"), id="JSON with tabs"),
        pytest.param(BLOCK.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(BLOCK.replace("\n", "\r"), id="CR"),
    ],
)
def test_items(text: str) -> None:
    """Each item has its own text, in which positions are the file's."""
    sources = Source("f", 5, text).items(("items",), 3)
    for index, source in enumerate(sources):
        assert [number for number in range(3) if f"canary-{number}" in source.text] == [index]
        whole = Source("f", 5, text).position(("items", index, "v"))
        assert source.position(("v",)) == whole


@given(
    st.lists(
        st.recursive(
            st.text("-, {}[]#:'\"\n", max_size=4),
            lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
            max_leaves=4,
        ),
        max_size=5,
    ),
    st.sampled_from([None, 0, 2]),
)
def test_items_have_no_neighbours(values: list[Any], indent: int | None) -> None:
    """Whatever the items hold, no text of one is in another, and positions stay the same."""
    items = [{"own": f"canary-{index}", "value": value} for index, value in enumerate(values)]
    source = Source("f", 0, json.dumps({"items": items}, indent=indent))
    parts = source.items(("items",), len(items))
    assert len(parts) == len(items)
    for index, part in enumerate(parts):
        assert [number for number in range(len(items)) if f"canary-{number}" in part.text] == [index]
        assert part.position(("value",)) == source.position(("items", index, "value"))


@pytest.mark.parametrize(
    ("text", "path", "texts"),
    [
        pytest.param("{<<: {items: [a, b]}}", ("items",), ["", ""], id="a merged list"),
        pytest.param("x: &x [a, b]\nitems: *x\n", ("items",), ["", ""], id="an alias of a list"),
        pytest.param("", ("items",), ["", ""], id="no text"),
        pytest.param("[a, b]", (), [" a,", "    b]"], id="the document itself"),
        pytest.param('["a" {"b": 1}]', (), ["", ""], id="an end that is not known"),
    ],
)
def test_items_whose_text_is_not_known(text: str, path: tuple[str, ...], texts: list[str]) -> None:
    """An item whose beginning or end is not known has no text at all."""
    assert [item.text for item in Source("f", 0, text).items(path, len(texts))] == texts


def test_no_items() -> None:
    """An empty list has no sources."""
    assert Source("f", 0, "items: []").items(("items",), 0) == []


def test_the_text_is_never_shown() -> None:
    """A source may hold a Secret's values: its representation does not."""
    assert "canary" not in repr(Source("f", 0, "password: canary"))
