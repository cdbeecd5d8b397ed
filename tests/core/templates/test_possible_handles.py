"""Which texts could become a handle: whatever values the unknown variables take, none is missed and none invented."""

import json
import re
import string
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.findings import Where
from enc_operator.core.inventory import PodFact, ServiceFact
from enc_operator.core.references.scope import pod_scope, service_scope
from enc_operator.core.syntax import Source, parse_json
from enc_operator.core.templates.strings import strings_in
from enc_operator.core.templates.variables import Lookup, Unknown, Value, substitute
from enc_resolver.handles import handle_in

WORD_CHARACTERS = string.ascii_letters + string.digits + ".:_-"
WORDS = ["", "E", "N", "C", "EN", "NC", "ENC", "x"]
ANYTHING = [*WORDS, *("ENC["[start:] + end for start in range(5) for end in ("", "]", "x]"))]
PIECES = st.lists(
    st.sampled_from(["E", "N", "C", "[", "]", " ", "\t", "x", "%%w%%", "%%w%%", "%%a%%"]), max_size=7
)


def kinds(name: str, _: str) -> Value:
    """Know nothing: `w` is a word, `a` is anything."""
    return Unknown.WORD if name == "w" else Unknown.ANY


def could(text: str) -> bool:
    """Tell whether a text could become a handle."""
    return substitute(text, kinds).could_be_handle()


def fillings(text: str, words: list[str], anything: list[str]) -> bool:
    """Try all values: tell whether some make it a handle."""
    parts = re.split("(%%[wa]%%)", text)
    choices = [{"%%w%%": words, "%%a%%": anything}.get(part, [part]) for part in parts]
    return any(handle_in("".join(filled)) is not None for filled in product(*choices))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("ENC[x]", True, id="a handle"),
        pytest.param("x", False, id="none"),
        pytest.param("EN%%w%%C[x]", True, id="a word that may be empty"),
        pytest.param("%%w%%NC[x]", True, id="a word that may be a letter"),
        pytest.param("%%w%%[x]", True, id="a word that may be three"),
        pytest.param("%%w%%%%w%%C[x]", True, id="two words"),
        pytest.param("%%w%%x]", False, id="no word has a bracket"),
        pytest.param("%%w%%", False, id="a word alone"),
        pytest.param("%%a%%", True, id="anything alone"),
        pytest.param("EN %%w%%C[x]", False, id="a blank in the prefix"),
        pytest.param(" %%w%% ENC[x] %%w%%\t", True, id="blanks around"),
        pytest.param("ENC[x]%%w%%", True, id="a word behind it"),
        pytest.param("ENC[x%%w%%", False, id="a bracket that only a word could close"),
        pytest.param("ENC[x%%a%%", True, id="… or anything"),
        pytest.param("ENC[%%w%%]", True, id="a word inside"),
        pytest.param("x%%a%%", False, id="anything after what is no beginning"),
        pytest.param("%%a%%x", False, id="anything before what is no end"),
        pytest.param("E%%a%%", True, id="anything after a beginning"),
        pytest.param("%%a%%]", True, id="anything before an end"),
    ],
)
def test_possible_handles(text: str, expected: bool) -> None:  # noqa: FBT001
    """A text could be a handle exactly if some values make it one."""
    assert could(text) is expected
    assert fillings(text, WORDS, ANYTHING) is expected


@given(PIECES)
def test_none_is_missed_and_none_invented(pieces: list[str]) -> None:
    """The answer is what trying the values that matter finds."""
    text = "".join(pieces)
    if text.count("%%") <= 6:
        assert could(text) is fillings(text, WORDS, ANYTHING)


@given(PIECES, st.lists(st.text(WORD_CHARACTERS), min_size=7), st.lists(st.text(), min_size=7))
def test_no_value_makes_a_handle_of_another_text(
    pieces: list[str], words: list[str], anything: list[str]
) -> None:
    """Whatever the values are: what is a handle with them could be one."""
    filled = "".join(
        {"%%w%%": words[index], "%%a%%": anything[index]}.get(piece, piece)
        for index, piece in enumerate(pieces)
    )
    assert handle_in(filled) is None or could("".join(pieces))


def test_many_variables_take_linear_time() -> None:
    """Variables that may each be empty are not tried one by one."""
    assert could("%%w%%" * 50_000 + "[x]" + "%%w%%" * 50_000)


# The webhook's match condition: what holds no such text costs no call.
FILTER = re.compile(r"ENC\[|\\|‰|%%(env|extra|pid|hostname)|(E|EN|ENC)%%|%%(NC\[|C\[|\[)")
WHERE = Where(Source("f"))
SCOPES: list[Lookup] = [
    pod_scope(PodFact(WHERE, "shop", "default", ()), None),
    pod_scope(PodFact(WHERE, "shop", "default", (), name="web-0", uid="1-2", address="10.0.0.1"), None),
    service_scope(ServiceFact(WHERE, "shop", {}, selects_pods=True), None),
    service_scope(ServiceFact(WHERE, "shop", {}, selects_pods=True, address="fd00::1"), None),
]
NAMES = [
    "host",
    "port",
    "port_0",
    "pid",
    "hostname",
    "env_A",
    "extra_a",
    "kube_namespace",
    "kube_pod_name",
    "foo",
    "E",
    "a_",
]
TEXTS = st.lists(
    st.sampled_from(
        [*(f"%%{name}%%" for name in NAMES), "E", "N", "C", "[", "]", " ", "%", "‰", "_", "x", "ENC[x]"]
    ),
    max_size=8,
).map("".join)


@given(
    st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=4),
    st.booleans(),
)
def test_the_webhooks_filter_misses_nothing(value: object, escaped: bool) -> None:  # noqa: FBT001
    """The JSON text of whatever could become a handle matches the filter."""
    text = json.dumps(value, ensure_ascii=escaped)
    possible = any(
        substitute(item, scope).could_be_handle()
        for _, item in strings_in(parse_json(text).value)
        for scope in SCOPES
    )
    assert not possible or FILTER.search(text)


@given(TEXTS, st.sampled_from(SCOPES))
def test_the_webhooks_filter_misses_no_text(text: str, scope: Lookup) -> None:
    """A text alone that could become a handle matches, written without any escape."""
    assert not substitute(text, scope).could_be_handle() or FILTER.search(text)


@pytest.mark.parametrize(
    "text",
    [
        r'"\u0045NC[x]"',
        r'"E\u004eC[x]"',
        '"‰hostname‰ENC[x]"',
        '"EN‰hostname‰C[x]"',
        '"EN%%hostname%%C[x]"',
        '"ENC[x]%%hostname%%"',
    ],
)
def test_disguised_handles(text: str) -> None:
    """Escapes of JSON and variables that are empty hide no handle, from the core or from the filter."""
    assert substitute(parse_json(text).value, SCOPES[0]).could_be_handle()
    assert FILTER.search(text)
