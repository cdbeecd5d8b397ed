"""YAML to values: what Kubernetes and the Agent would read, and a fault with a place for everything else."""

import json
import string
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.syntax import SyntaxFault, parse_yaml
from enc_operator.core.syntax.yaml_text import yaml_tree

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(codec="utf-8", exclude_characters="\ufeff"))
)
KEYS = st.text(string.printable)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20)
HOSTILE = st.text(st.sampled_from("&*a!|>-?:,[]{}#\"'% \n\t\\x0\x85\ufeff\ud800\x00"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", None, id="nothing"),
        pytest.param("# only a comment", None, id="a comment"),
        pytest.param("---\n...\n", None, id="an empty document"),
        pytest.param("just text", "just text", id="a scalar"),
        pytest.param(
            "- [a, {b: c}]\n- - d\n", [["a", {"b": "c"}], ["d"]], id="lists and mappings in both styles"
        ),
        pytest.param("a: 1\n---\nb: 2\n", {"a": 1}, id="only the first document"),
        pytest.param("a: 1\n---\nb: [", {"a": 1}, id="whatever follows the first document"),
        pytest.param(
            "yes: 1\n2: b\n~: c\n1.5: d\n", {"true": 1, "2": "b", "null": "c", "1.5": "d"}, id="keys are text"
        ),
        pytest.param("? a\n: b\n", {"a": "b"}, id="an explicit key"),
        pytest.param("a: &x v\nb: *x\n*x : c\n", {"a": "v", "b": "v", "v": "c"}, id="aliases of a scalar"),
        pytest.param("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}, id="an alias of a list"),
        pytest.param("a: &x 1\nb: &x 2\nc: *x\n", {"a": 1, "b": 2, "c": 2}, id="the later anchor of a name"),
        pytest.param("a: !custom {b: !set [c]}", {"a": {"b": ["c"]}}, id="unknown tags of collections"),
        pytest.param("a: |\n  x\n   y\n", {"a": "x\n y\n"}, id="a literal block"),
        pytest.param("a: >-\n  x\n  y\n", {"a": "x y"}, id="a folded block"),
        pytest.param("a: |2-\n    x\n", {"a": "  x"}, id="an indentation indicator"),
        pytest.param("a:\r\n  b: c\r\n", {"a": {"b": "c"}}, id="CRLF"),
        pytest.param("\ufeffa: b", {"a": "b"}, id="a byte order mark"),
    ],
)
def test_values(text: str, expected: Any) -> None:
    """A text has the value that Go's readers give it."""
    parsed = parse_yaml(text)
    assert parsed.value == expected
    assert (parsed.duplicates, parsed.shadowed) == ([], [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("x: {<<: {a: 1, b: 2}, b: 3}", {"a": 1, "b": 3}, id="the mapping's own key wins"),
        pytest.param("x: {b: 3, <<: {a: 1, b: 2}}", {"a": 1, "b": 3}, id="… also before the merge"),
        pytest.param("x: {<<: [{a: 1}, {a: 2, b: 2}]}", {"a": 1, "b": 2}, id="the earlier of several wins"),
        pytest.param("x: {<<: {a: 1}, <<: {b: 2}}", {"a": 1, "b": 2}, id="two merges"),
        pytest.param("x: {!!merge <<: {a: 1}}", {"a": 1}, id="the merge tag"),
        pytest.param("x: {'<<': {a: 1}}", {"<<": {"a": 1}}, id="a quoted key is none"),
        pytest.param("x: {<<: text, a: 1}", {"a": 1}, id="a merge of text brings nothing"),
        pytest.param("x: {<<: [text, {a: 1}]}", {"a": 1}, id="… also in a list"),
        pytest.param("x: [<<]", ["<<"], id="in a list it is text"),
        pytest.param("x: <<", "<<", id="as a value it is text"),
        pytest.param("x: {&m <<: {a: 1}, *m : b}", {"a": 1, "<<": "b"}, id="an anchored one"),
    ],
)
def test_merge_keys(text: str, expected: Any) -> None:
    """`<<` brings keys that the mapping does not have itself."""
    parsed = parse_yaml(text)
    assert parsed.value["x"] == expected
    assert parsed.duplicates == []


def test_a_merge_key_alone() -> None:
    """A document that is nothing but `<<` is text."""
    assert parse_yaml("<<").value == "<<"


def test_merges_of_anchors() -> None:
    """Merged mappings are usually aliases."""
    text = "base: &b {user: dd, password: 'ENC[a]'}\nuse:\n  <<: *b\n  password: ENC[b]\n"
    assert parse_yaml(text).value["use"] == {"user": "dd", "password": "ENC[b]"}


@pytest.mark.parametrize(
    ("text", "value", "duplicates", "shadowed"),
    [
        pytest.param("a: 1\nb: 2\na: 3\n", {"a": 3, "b": 2}, [("a", 10, 11)], [1], id="one key twice"),
        pytest.param("a: 1\na: 2\na: 3", {"a": 3}, [("a", 5, 6), ("a", 10, 11)], [1, 2], id="one key thrice"),
        pytest.param("{1: v, '1': w}", {"1": "w"}, [("1", 8, 9)], ["v"], id="a number and its text"),
        pytest.param("{1: v, yes: w}", {"1": "v", "true": "w"}, [], [], id="one and true are two keys"),
        pytest.param("{a: {b: c}, a: 0}", {"a": 0}, [("a", 12, 13)], [{"b": "c"}], id="a collection"),
    ],
)
def test_duplicate_keys(
    text: str, value: Any, duplicates: list[tuple[str, int, int]], shadowed: list[Any]
) -> None:
    """The last of equal keys wins; the value that loses is kept aside, and the place is told."""
    parsed = parse_yaml(text)
    assert parsed.value == value
    assert parsed.shadowed == shadowed
    assert [(found.key, found.start, found.end) for found in parsed.duplicates] == duplicates


@given(VALUES)
def test_json_is_yaml(value: Any) -> None:
    """What is written as JSON is read with the same value, except where a line is too long for a key."""
    text = json.dumps(value, ensure_ascii=True)
    if "\\ud" in text or any(len(line) > 1000 for line in text.splitlines()):
        return
    assert parse_yaml(text).value == value


def expected_value(text: str) -> Any:
    """Compose a text with PyYAML, and keep every scalar as text."""
    node = yaml.compose(text, Loader=yaml.CSafeLoader)

    def plain(node: Any) -> Any:
        if isinstance(node, yaml.SequenceNode):
            return [plain(item) for item in node.value]
        if isinstance(node, yaml.MappingNode):
            return {plain(key): plain(value) for key, value in node.value}
        return node.value if node else None

    return plain(node)


@given(
    st.recursive(
        st.text(st.sampled_from("abc#:- ,[]{}'\"|>\n"), min_size=1),
        lambda inner: (
            st.lists(inner, min_size=1) | st.dictionaries(st.text("abc", min_size=1), inner, min_size=1)
        ),
        max_leaves=10,
    ),
    st.sampled_from(["|", ">", '"', "'", None]),
    st.booleans(),
)
def test_agrees_with_pyyaml(value: Any, style: str | None, flow: bool) -> None:  # noqa: FBT001
    """However a value is written, its structure and its texts are PyYAML's."""
    text = yaml.safe_dump(value, default_style=style or "'", default_flow_style=flow)
    assert parse_yaml(text).value == expected_value(text)


@given(HOSTILE)
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes anything but a fault, and places are found as far as it goes."""
    tree = yaml_tree(text)
    assert 0 <= tree.root.start <= tree.root.end
    assert 0 <= tree.reached <= len(text)
    with suppress(SyntaxFault):
        parse_yaml(text)


def test_places() -> None:
    """Each value has its offsets, its style and its key; of equal keys the last is noted."""
    text = "a: x\nb: |\n  y\nc:\n- 'd'\n- [e]\na: {f: g}\n? [k]\n"
    tree = yaml_tree(text)
    assert {step: found.style for step, found in tree.root.inside.items()} == {"a": "{", "b": "|", "c": "{"}
    for path, written in {("c", 1, 0): "e", ("c", 0): "'d'", ("a", "f"): "g", ("b",): "|\n  y\n"}.items():
        node = tree.along(path)[-1]
        assert text[node.start : node.end] == written
    key = tree.along(("a", "f"))[-1].key
    assert key
    assert (key.start, key.end) == (33, 34)
    assert len(tree.along(("a", "x", "y"))) == 2
    assert not tree.complete


def test_places_in_nothing() -> None:
    """A text without a value has its beginning as its place."""
    tree = yaml_tree("")
    assert (tree.root.start, tree.root.inside, tree.complete) == (0, {}, False)


def test_places_behind_a_byte_order_mark() -> None:
    """A byte order mark stands in the text, though libyaml does not count it."""
    node = yaml_tree("\ufeffa: b").along(("a",))[-1]
    assert (node.start, node.end) == (4, 5)


def test_places_in_deep_text_are_small() -> None:
    """What is noted grows with the text, not with the depth that each value has in it."""
    width = 20_000
    tree = yaml_tree("[" * 490 + "1," * width + "]" * 490)
    assert len(tree.along((0,) * 489)[-1].inside) == width
