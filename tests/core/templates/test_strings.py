"""The strings in a value, in the order of the document, and what looks meant as a handle and is none."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.templates.strings import handle_key, keys_in, near_miss, strings_in
from enc_resolver.handles import handle_in

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab", max_size=2),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab", max_size=2) | st.integers(), inner),
)


def strings_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], str]]:
    """Walk as the Agent's walker does, by recursion."""
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in strings_of(item, (*path, key))]
    if isinstance(value, list):
        return [found for index, item in enumerate(value) for found in strings_of(item, (*path, index))]
    return [(path, value)] if isinstance(value, str) else []


def keys_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], str]]:
    """Walk over the keys, a mapping's own before those within it."""
    found = [(path, key) for key in value if isinstance(key, str)] if isinstance(value, dict) else []
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for step, item in members:
        found += keys_of(item, (*path, step))
    return found


@given(VALUES)
def test_strings(value: Any) -> None:
    """Every string that is a value is found, with its path, in the document's order."""
    assert list(strings_in(value)) == strings_of(value)


@given(VALUES)
def test_keys(value: Any) -> None:
    """Every key that is a string is found, with the path of its mapping."""
    assert list(keys_in(value)) == keys_of(value)


def test_paths() -> None:
    """A path has keys and indexes; a string alone has none."""
    value = {"a": [1, "x", {"b": "y"}], "c": "z", "d": [[], {}, [["w"]]]}
    assert list(strings_in(value)) == [
        (("a", 1), "x"),
        (("a", 2, "b"), "y"),
        (("c",), "z"),
        (("d", 2, 0, 0), "w"),
    ]
    assert list(strings_in("alone")) == [((), "alone")]
    assert list(keys_in(value)) == [((), "a"), ((), "c"), ((), "d"), (("a", 2), "b")]


def test_deep_and_wide_values() -> None:
    """Neither the depth of a value nor its width makes the walk slow, or fails it."""
    deep: Any = [""] * 100_000
    for _ in range(450):
        deep = [deep]
    chain: Any = "end"
    for _ in range(5000):
        chain = {"a": chain}
    start = time.process_time()
    assert sum(1 for _ in strings_in(deep)) == 100_000
    assert len(next(strings_in(chain))[0]) == 5000
    assert sum(1 for _ in keys_in(chain)) == 5000
    assert time.process_time() - start < 10


NEWLINE = "a line break before or after the handle keeps the Agent from seeing it"
PARTIAL = "a handle must be the entire value; inside other text the Agent leaves it as it stands"


@pytest.mark.parametrize(
    ("text", "code", "what"),
    [
        pytest.param("ENC[x]\n", "handle-newline", NEWLINE, id="a line break at the end"),
        pytest.param("\r\n ENC[x]", "handle-newline", NEWLINE, id="a line break before it"),
        pytest.param("\n\nENC[x] \t\n", "handle-newline", NEWLINE, id="line breaks and blanks"),
        pytest.param("db-ENC[x]", "handle-partial", PARTIAL, id="text before it"),
        pytest.param("ENC[x]:80", "handle-partial", PARTIAL, id="text behind it"),
        pytest.param("user=ENC[a] password=ENC[b]", "handle-partial", PARTIAL, id="two of them"),
        pytest.param("ENC[x", "handle-partial", PARTIAL, id="one that is not closed"),
        pytest.param("\u00a0ENC[x]", "handle-partial", PARTIAL, id="a no-break space is no line break"),
        pytest.param("'ENC[x]'", "handle-partial", PARTIAL, id="quotes in quotes"),
        pytest.param(
            "enc[x]", "handle-case", "`enc[` is not `ENC[`: the Agent leaves it as it stands", id="lower case"
        ),
        pytest.param(
            " Enc[x]\n",
            "handle-case",
            "`Enc[` is not `ENC[`: the Agent leaves it as it stands",
            id="mixed case",
        ),
    ],
)
def test_near_misses(text: str, code: str, what: str) -> None:
    """A text that looks meant as a handle and is none is told from others, with a remedy."""
    miss = near_miss(text)
    assert miss is not None
    assert (miss.code, miss.what) == (code, what)
    assert miss.fix


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ENC[x]", id="a handle"),
        pytest.param(" ENC[x]\t", id="a handle between blanks"),
        pytest.param("ENC[a] x ENC[b]", id="two that are one handle"),
        pytest.param("plain", id="plain text"),
        pytest.param("", id="nothing"),
        pytest.param("enc[x", id="lower case that is not closed"),
        pytest.param("agencENC", id="the letters alone"),
        pytest.param("encounter[1]", id="a word that begins so"),
    ],
)
def test_what_is_no_near_miss(text: str) -> None:
    """What is a handle, or has nothing of one, is no near miss."""
    assert near_miss(text) is None


@given(st.text(st.sampled_from("ENCenc[] \n\tx")))
def test_a_near_miss_is_never_a_handle(text: str) -> None:
    """A handle is never reported as a near miss."""
    assert near_miss(text) is None or handle_in(text) is None


def test_handles_as_keys() -> None:
    """A key that is written as a handle is named; any other key is not."""
    miss = handle_key("ENC[x]")
    assert miss is not None
    assert (miss.code, miss.what, miss.fix) == (
        "handle-as-key",
        "a handle as a key is never resolved",
        "use it as a value",
    )
    assert handle_key("password") is None
