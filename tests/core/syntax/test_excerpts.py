"""The shown line: the span is marked, and no value can be read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.syntax import Excerpt, Source, Span, excerpt
from enc_operator.core.syntax.sources import levels

HANDLE = "ENC[k8s_secret@shop/db/password]"
MANY = ", ".join(["1"] * 60)


def shown(
    text: str, path: tuple[Any, ...], inner: tuple[Any, ...] = (), span: Span | None = None, **options: bool
) -> Excerpt | None:
    """Return what is shown of a place in a text."""
    source = Source("f", 0, text)
    start, end = source.find(path, inner, span, on_key=options.get("on_key", False))
    telling = options.get("telling", span is not None or options.get("on_key", False))
    return excerpt(text, levels(path, inner, span), start, end, telling=telling)


@pytest.mark.parametrize(
    ("text", "path", "inner", "expected", "marks"),
    [
        pytest.param(f"a: {HANDLE} # hunter2", ("a",), (), f"a: {HANDLE} …", "   " + "^" * 32, id="a handle"),
        pytest.param("a: hunter2", ("a",), (), "a: …", "   ^", id="a value"),
        pytest.param("a: 'hunter2'", ("a",), (), "a: '…'", "    ^", id="a quoted value"),
        pytest.param("a: ''", ("a",), (), "a: ''", "    ^", id="an empty one"),
        pytest.param("a: {b: hunter2, c: hunter2}", ("a",), (), "a: {b: …, c: …}", "   ^", id="a mapping"),
        pytest.param("- &hunter !hunter hunter2", (0,), (), "- …", "  ^", id="an anchor and a tag"),
        pytest.param(
            "- {name: x, v: hunter2}", (0, "v"), (), "- {name: x, v: …}", "               ^", id="a name"
        ),
        pytest.param(
            "{a: {pw:hunter2: x}}", ("a",), (), "{a: {pw…: …}}", "    ^", id="a blank was forgotten"
        ),
        pytest.param("# hunter2\na: b", ("a",), (), "a: …", "   ^", id="another line is not shown"),
        pytest.param("#hunter2", (), (), "…", "^", id="a comment alone"),
        pytest.param(
            f'a: \'{{"pw": "hunter2", "n": 12345, "p": "{HANDLE}"}}\'',
            ("a",),
            ("p",),
            f'a: \'{{"pw": "…", "n": …, "p": "{HANDLE}"}}\'',
            " " * 30 + "^" * 32,
            id="JSON in a value",
        ),
        pytest.param(
            f'a: "{{\\"pw\\": \\"hunter2\\",\\n \\"p\\": \\"{HANDLE}\\"}}"',
            ("a",),
            ("p",),
            f'a: "{{\\"pw\\": \\"…\\",\\n \\"p\\": \\"{HANDLE}\\"}}"',
            " " * 31 + "^" * 32,
            id="JSON with escapes in a value",
        ),
        pytest.param(
            f"a: |\n  pw: hunter2 # hunter2\n  p: {HANDLE} # hunter2\n",
            ("a",),
            ("p",),
            f"  p: {HANDLE} …",
            "     " + "^" * 32,
            id="YAML in a block",
        ),
        pytest.param("a: |\n  hunter2\n", ("a",), (), "  …", "  ^", id="text in a block"),
        pytest.param("a: >2 # why\n  hunter2\n", (), (), "a: >…", "^", id="the header of a block"),
        pytest.param('{"a":\t"hunter2"}', ("a",), (), '{"a": "…"}', "       ^", id="a tab is one column"),
        pytest.param("日本: x", ("日本",), (), "日本: …", "      ^", id="wide characters are two columns"),
        pytest.param("e\u0301: x", ("e\u0301",), (), "e\u0301: …", "   ^", id="a combining one is none"),
        pytest.param(
            f'{{"x": [{MANY}], "p": "{HANDLE}", "y": [{MANY}]}}',
            ("p",),
            (),
            f'… …, …, …, …, …, …, …, …], "p": "{HANDLE}", "y": […, …, …, …, …, …, …, …,…',
            " " * 33 + "^" * 32,
            id="a long line is cut around the span",
        ),
        pytest.param(
            f"{HANDLE * 5}: x",
            (HANDLE * 5,),
            (),
            f"…{HANDLE[1:] + HANDLE * 2}: …",
            None,
            id="a long key before it",
        ),
        pytest.param("a\u200b: x", (), (), "a\ufffd: …", "^", id="what no terminal should act on"),
    ],
)
def test_lines(
    text: str, path: tuple[Any, ...], inner: tuple[Any, ...], expected: str, marks: str | None
) -> None:
    """Keys, structure and handles are shown; every other value is hidden, and the marks stand below the span."""
    found = shown(text, path, inner)
    assert found
    if marks is not None:
        assert (found.text, found.marks) == (expected, marks)
    assert "hunter" not in found.text


BROKEN = '{"pw": "hunter2", "n": [1, "x" "hunter2"], "z": "hunter2"}'


@pytest.mark.parametrize(
    ("text", "path", "span", "expected", "marks"),
    [
        pytest.param(
            f"a: '{BROKEN}'",
            ("a",),
            Span(BROKEN, 32, 33, telling=False),
            'a: \'{"pw": "…", "n": […, "…" …\'',
            None,
            id="JSON in a value",
        ),
        pytest.param(
            "b: {pw: hunter2, p: ENC[x/y]}\nhunter: 2",
            (),
            Span("b: {pw: hunter2, p: ENC[x/y]}\nhunter: 2", 23, 24, telling=False),
            "b: {pw: …, p: ENC[x/y]…",
            None,
            id="a file",
        ),
        pytest.param(
            "a: [hunter2", (), Span("a: [hunter2", 11, 11, telling=False), "a: […", None, id="at its end"
        ),
    ],
)
def test_broken(text: str, path: tuple[Any, ...], span: Span, expected: str, marks: str | None) -> None:
    """Of what cannot be read, keys before the fault are shown, and nothing behind it but handles."""
    found = shown(text, path, (), span, telling=False)
    assert found
    assert found.text == expected
    assert marks in (None, found.marks)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="no text"),
        pytest.param("    ", id="a column without a text"),
        pytest.param("kind: Secret\ndata: {a: [", id="a broken Secret"),
        pytest.param('{"kind":"SecretList", "items": [}', id="a broken list of them"),
        pytest.param("stringData:\n  a: [", id="a broken one without a kind"),
    ],
)
def test_nothing_is_shown(text: str) -> None:
    """Of a text that may be a Secret no line is shown."""
    assert shown(text, ("data", "a")) is None


def test_a_place_behind_the_line() -> None:
    """A place at a line's end is marked behind its last character."""
    assert shown("ab: x", (), (), Span("ab: x", 5, 5)) == Excerpt(0, "ab: …", "     ^")


def test_a_span_of_several_lines() -> None:
    """Of a span that goes over lines, its part on the first one is marked."""
    found = shown("x: 1\na: ENC[a\n  b]\n", ("a",))
    assert found == Excerpt(1, "a: ENC[a", "   ^^^^^")


def test_a_telling_span_is_shown() -> None:
    """What a finding says is no secret is shown, and the rest of the value is not."""
    text = "a: hunter2 %%host%% hunter2"
    found = shown(text, ("a",), (), Span(text[3:], 8, 16))
    assert found == Excerpt(0, "a: …%%host%%…", "    ^^^^^^^^")


def test_a_key_is_shown() -> None:
    """A finding about a key marks the key, or a span of it."""
    text = "ad.datadoghq.com/gone.checks: hunter2"
    key = "ad.datadoghq.com/gone.checks"
    assert shown(text, (key,), on_key=True) == Excerpt(0, f"{key}: …", "^" * 28)
    assert shown(text, (key,), (), Span(key, 17, 21), on_key=True) == Excerpt(
        0, f"{key}: …", " " * 17 + "^^^^"
    )
    assert shown("[hunter2]", (0,), on_key=True, telling=False) == Excerpt(0, "[…]", " ^")


@pytest.mark.parametrize(
    ("text", "path", "inner"),
    [
        pytest.param("a: !!binary RU5DW3hd", ("a",), ("b",), id="base64"),
        pytest.param("a: &x {b: 1}\nc: *x", ("c", "b"), (), id="an alias"),
    ],
)
def test_places_that_are_not_in_the_text(text: str, path: tuple[Any, ...], inner: tuple[Any, ...]) -> None:
    """What is decoded in a way that leaves no places is marked as a whole."""
    found = shown(text, path, inner)
    assert found
    assert found.text.endswith(": …")


LEAVES = st.sampled_from(
    ["hunter2", "x hunter2: {hunter2}, ['hunter2'] # hunter2", "hunter2\nhunter2", "ENC[x] hunter2"]
)
MEMBERS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, min_size=1) | st.dictionaries(st.sampled_from(["a", "b"]), inner, min_size=1)
    ),
    max_leaves=6,
)


@given(MEMBERS, st.sampled_from([None, 2]), st.integers(0, 3), st.data())
def test_no_value_is_shown(value: Any, indent: int | None, nested: int, data: st.DataObject) -> None:
    """Whatever stands in JSON, in JSON within JSON or in what is left when it is cut off, no value of it is shown."""
    text = json.dumps({"root": value}, indent=indent)
    path: tuple[Any, ...] = ("root",)
    for _ in range(nested):
        text, path = json.dumps({"root": text}), ("root",)
    cut = text[: data.draw(st.integers(1, len(text)))]
    for piece in (text, cut):
        for offset in range(len(piece)):
            found = excerpt(piece, (path,) * min(nested + 1, 2), offset, offset + 1, telling=False)
            assert found is None or "hunter" not in found.text
