"""Template variables: found as the Agent finds them, and filled with what is known."""

import re
import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.templates.variables import (
    Filled,
    Refusal,
    Substituted,
    Unknown,
    Value,
    Variable,
    substitute,
    variables_in,
)

# `pkg/util/tmplvar/resolver.go`; Python and Go both take the leftmost match and prefer the first alternative.
AGENTS = re.compile(r"‰(.+?)(?:_(.+?))?‰")


def agents_variables(text: str) -> list[Variable]:
    """Return what the Agent's expression finds."""
    return [Variable(m[1], m[2] or "", m.start(), m.end()) for m in AGENTS.finditer(text)]


def lookup(name: str, key: str) -> Value:
    """Know a namespace, and nothing of a host or the environment."""
    known: dict[tuple[str, str], Value] = {
        ("kube", "namespace"): "shop",
        ("host", ""): Unknown.WORD,
        ("hostname", ""): "",
        ("extra", "x"): Refusal(Unknown.ANY),
        ("kube", "other"): Refusal(),
    }
    return known.get((name, key), Unknown.ANY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("‰host‰", [("host", "")], id="a name"),
        pytest.param("‰kube_pod_name‰", [("kube", "pod_name")], id="a key with an underscore"),
        pytest.param("‰a_‰", [("a_", "")], id="an underscore at the end"),
        pytest.param("‰a_‰b‰", [("a", "‰b")], id="… reaches over to the next sign"),
        pytest.param("‰a_‰\n‰", [("a_", "")], id="… but not to another line"),
        pytest.param("‰_a‰", [("_a", "")], id="an underscore at the beginning"),
        pytest.param("‰‰‰", [("‰", "")], id="a name is at least one character"),
        pytest.param("‰‰\n‰a‰", [("a", "")], id="a name has no line break"),
        pytest.param("‰a\n‰b‰", [("b", "")], id="what is broken off is no variable"),
        pytest.param("a‰", [], id="one sign is none"),
        pytest.param("‰‰", [], id="two of them are none"),
    ],
)
def test_variables(text: str, expected: list[tuple[str, str]]) -> None:
    """A variable has a name, and a key after the first underscore."""
    assert [(variable.name, variable.key) for variable in variables_in(text)] == expected
    assert list(variables_in(text)) == agents_variables(text)


def test_short_texts_all_agree_with_the_agent() -> None:
    """Every text of up to seven characters that matter has the variables that the Agent finds in it."""
    for length in range(8):
        for characters in product("‰_a\n", repeat=length):
            text = "".join(characters)
            assert list(variables_in(text)) == agents_variables(text), text


@given(st.text(st.sampled_from("‰_%ab\n\r\u2028")))
def test_texts_agree_with_the_agent(text: str) -> None:
    """Longer ones have, too."""
    assert list(variables_in(text)) == agents_variables(text)


@pytest.mark.parametrize("piece", ["‰", "‰\n", "‰‰\n", "‰a_", "‰a_‰", "_", "‰_\n", "a"])
def test_finding_variables_takes_linear_time(piece: str) -> None:
    """No text makes the search look at its places again and again."""
    text = "‰" + piece * 100_000
    start = time.process_time()
    list(variables_in(text))
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("text", "expected", "shown"),
    [
        pytest.param("plain 50%", "plain 50%", "plain 50%", id="none"),
        pytest.param("a%%kube_namespace%%b", "ashopb", "ashopb", id="a known one"),
        pytest.param("%%host%%:%%port%%", "x:x", "%%host%%:%%port%%", id="unknown ones"),
        pytest.param("‰host‰", "x", "%%host%%", id="with the Agent's own sign"),
        pytest.param("EN%%hostname%%C[a]", "ENC[a]", "ENC[a]", id="an empty one"),
        pytest.param("%%%%host%%", "‰host‰", "‰host‰", id="two signs in a row begin a longer name"),
        pytest.param("%%host%", "‰host%", "‰host%", id="one that is not closed"),
        pytest.param("%%%host%%%", "x%", "%%%host%%%", id="a sign too many"),
    ],
)
def test_substitution(text: str, expected: str, shown: str) -> None:
    """Values take the place of variables; for one that is not known there is an x, and itself when it is shown."""
    substituted = substitute(text, lambda name, key: lookup(name, key) if name != "‰host" else "‰host‰")
    assert (substituted.text, substituted.shown()) == (expected, shown)


def test_places_of_values() -> None:
    """Each value has its place in the substituted text, and what the Agent has no value for is listed."""
    substituted = substitute("%%kube_namespace%%/%%host%%/%%extra_x%%%%kube_other%%", lookup)
    assert substituted.text == "shop/x/xx"
    assert [(filled.start, filled.end, filled.kind) for filled in substituted.filled] == [
        (0, 4, None),
        (5, 6, Unknown.WORD),
        (7, 8, Unknown.ANY),
        (8, 9, Unknown.WORD),
    ]
    assert [str(variable) for variable in substituted.refused] == ["%%extra_x%%", "%%kube_other%%"]
    assert [gap.start for gap in substituted.gaps] == [5, 7, 8]


def test_a_value_is_not_read_again() -> None:
    """A value that looks like a variable stays what it is."""
    assert substitute("%%env_A%%", lambda *_: "%%host%%‰b‰").text == "%%host%%‰b‰"


@given(st.lists(st.sampled_from(["%%host%%", "%%kube_namespace%%", "a", "%", "_", "\n"])))
def test_what_is_shown_can_be_written(pieces: list[str]) -> None:
    """Between its values the substituted text is the written one."""
    substituted = substitute("".join(pieces), lookup)
    rest, position = [], 0
    for filled in substituted.filled:
        rest.append(substituted.text[position : filled.start])
        position = filled.end
    rest.append(substituted.text[position:])
    split = AGENTS.sub("\0", "".join(pieces).replace("%%", "‰")).split("\0")
    assert rest == split


def test_a_text_as_it_stands() -> None:
    """A setting has no variables: its text alone decides."""
    assert Substituted("ENC[x]").could_be_handle()
    assert not Substituted("x").could_be_handle()
    assert Substituted("ab", (Filled(0, 1, Variable("a", "", 0, 3), None),)).gaps == ()
