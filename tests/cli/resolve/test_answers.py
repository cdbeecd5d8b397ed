"""What the Agent makes of an executable's output, in all its spellings; values never come out."""

import json

import pytest

from enc_operator.cli.resolve.answers import (
    Answer,
    Outcome,
    Verdict,
    decide_verdicts,
    mask,
    parse_answers,
    values_in,
)
from enc_operator.cli.resolve.permissions import Fault

CANARY = "canary-5150"


def verdict(output: str | bytes, handle: str = "h", *, strip: bool = False) -> Verdict:
    """Return the verdict on one handle."""
    answers = parse_answers(output.encode() if isinstance(output, str) else output)
    assert not isinstance(answers, Fault), answers
    [found] = decide_verdicts([handle], answers, strip_newline=strip)
    return found


@pytest.mark.parametrize(
    ("output", "outcome"),
    [
        pytest.param('{"h": {"value": "v", "error": null}}', "resolved", id="a value"),
        pytest.param('{"h": {"value": "v"}}', "resolved", id="no error field"),
        pytest.param('{"h": {"value": "v", "error": ""}}', "resolved", id="an empty error is none"),
        pytest.param('{"h": {"VALUE": "v"}}', "resolved", id="names in any case of letters"),
        pytest.param('{"h": {"value": "v", "value": null}}', "resolved", id="null changes nothing"),
        pytest.param('{"h": {"value": "v", "ttl": 1.5e3}, "x": null}', "resolved", id="more fields"),
        pytest.param(f'{{"h": {{"value": "v", "n": {"9" * 5000}}}}}', "resolved", id="a number without end"),
        pytest.param("null", "missing", id="null is no answer"),
        pytest.param("{}", "missing", id="an empty object"),
        pytest.param('{"H": {"value": "v"}}', "missing", id="a handle in another case of letters"),
        pytest.param('{"h": null}', "empty", id="null for a handle"),
        pytest.param('{"h": {"value": ""}}', "empty", id="an empty value"),
        pytest.param('{"h": {"error": "gone"}}', "error", id="an error"),
        pytest.param('{"h": {"value": "v", "error": "gone"}}', "error", id="an error beside a value"),
        pytest.param('{"h": {"value": "v"}, "h": {"error": "gone"}}', "error", id="the last answer counts"),
    ],
)
def test_outcomes(output: str, outcome: str) -> None:
    """The outcome is what Go's decoder and the Agent's check make of the output."""
    assert verdict(output).outcome == outcome


@pytest.mark.parametrize(
    ("output", "what"),
    [
        pytest.param("", "the executable wrote nothing to stdout", id="nothing"),
        pytest.param(" \n", "the executable wrote nothing to stdout", id="blanks"),
        pytest.param(
            f"pw={CANARY}", "its output is no JSON from byte 0 on (line 1, column 1)", id="a log line first"
        ),
        pytest.param(
            f'{{}}\n{{"{CANARY}"}}',
            "its output is no JSON from byte 3 on (line 2, column 1)",
            id="two objects",
        ),
        pytest.param(
            f'{{"é": {{"value": "{CANARY}"; }}}}',
            "its output is no JSON from byte 30 on (line 1, column 30)",
            id="a semicolon, counted in bytes",
        ),
        pytest.param(
            '{"h": {"value": "a\nb"}}', "its output is no JSON from byte 18", id="a bare line break"
        ),
        pytest.param('{"h": NaN}', "its output is no JSON: NaN or Infinity", id="NaN"),
        pytest.param("[" * 100_000, "its output is no JSON", id="nested without end"),
        pytest.param(f'["{CANARY}"]', "its output is a list", id="a list"),
        pytest.param(f'"{CANARY}"', "its output is a string", id="a string"),
        pytest.param("7", "its output is a number", id="a number"),
        pytest.param(
            f'{{"a": {{}}, "h": "{CANARY}"}}', "answer 2 of its output is a string", id="a bare value"
        ),
        pytest.param('{"h": true}', "answer 1 of its output is true or false", id="true"),
        pytest.param(
            '{"h": {"value": 1}}', "value in answer 1 of its output is a number", id="a number as value"
        ),
        pytest.param(
            '{"h": {"Error": {}}}', "error in answer 1 of its output is an object", id="an object as error"
        ),
    ],
)
def test_no_answer(output: str, what: str) -> None:
    """What is no answer is said with its place, and never quoted."""
    found = parse_answers(output.encode())

    assert isinstance(found, Fault)
    assert found.what.startswith(what)
    assert CANARY not in f"{found.what} {found.fix}"


@pytest.mark.parametrize(
    ("value", "strip", "warning"),
    [
        pytest.param("plain", False, None, id="a plain value"),
        pytest.param("ENC[x]", False, "the value is itself a handle", id="a handle"),
        pytest.param(" ENC[x]\n", True, "the value is itself a handle", id="a handle with blanks around it"),
        pytest.param("a ENC[x] b", False, "the value holds ENC[", id="a part that looks like a handle"),
        pytest.param("v\n", False, "the value ends with a line break", id="a line break"),
        pytest.param("v\r\n", True, None, id="a line break that the Agent strips"),
        pytest.param("\ud800", False, "the value is not UTF-8", id="half a character"),
    ],
)
def test_warnings(value: str, strip: bool, warning: str | None) -> None:  # noqa: FBT001
    """What is odd about a value is said without showing it."""
    found = verdict(json.dumps({"h": {"value": value}}), strip=strip)

    assert found.outcome is Outcome.RESOLVED
    assert [text[: len(warning or "")] for text in found.warnings] == ([warning] if warning else [])


def test_bytes_that_are_not_utf8() -> None:
    """The Agent takes them, with a replacement character in their place."""
    found = verdict(b'{"h": {"value": "\xff"}}')

    assert (found.outcome, len(found.warnings)) == (Outcome.RESOLVED, 1)


def test_only_a_line_break() -> None:
    """A value of which stripping leaves nothing is empty."""
    assert verdict('{"h": {"value": "\\n"}}', strip=True).outcome is Outcome.EMPTY


def test_handle_with_other_blanks() -> None:
    """An executable that trims the handle answers another one."""
    found = verdict('{"h": {"value": "v"}}', " h")

    assert found.message.startswith("the answer is for a handle with other blanks")


def test_handles_that_json_spells_otherwise() -> None:
    """Escapes and broken characters in a handle are compared as Go decodes them."""
    assert verdict('{"\\u0068": {"value": "v"}}').outcome is Outcome.RESOLVED
    assert verdict(b'{"\xff": {"value": "v"}}', "\ufffd").outcome is Outcome.RESOLVED


def test_values_are_in_no_representation() -> None:
    """Neither an answer nor a verdict shows a value; an error text that quotes one is masked."""
    output = json.dumps({"h": {"value": CANARY}, "e": {"error": f"bad: {CANARY}"}}).encode()
    answers = parse_answers(output)

    assert not isinstance(answers, Fault)
    verdicts = list(decide_verdicts(["h", "e"], answers, strip_newline=False))
    assert CANARY not in repr((answers, verdicts))
    assert verdicts[1].message == "bad: ********"


def test_mask_takes_the_longest_first() -> None:
    """A value within another leaves nothing of either, and one with a line break is masked without it too."""
    values = values_in({"a": Answer("pass"), "b": Answer("password\n"), "c": Answer("")})

    assert mask("password pass", values) == "******** ********"
