"""The Agent's protocol: what is asked, what is answered, and what is never passed on."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_resolver.exchange import (
    RESPONSE_LIMIT,
    ExchangeError,
    Failed,
    Request,
    Resolved,
    decide_deadline,
    decide_outcome,
    parse_request,
    render_response,
)

Outcome = Resolved | Failed
UNREADABLE = "failed to unmarshal json input"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b'{"version":"1.0","secrets":["a"]}', Request(("a",), 30.0), id="1.0"),
        pytest.param(
            b'{"version":"1.1","secrets":["a"],"secret_backend_timeout":5}', Request(("a",), 5.0), id="1.1"
        ),
        pytest.param(b'{"version":"1.9","secrets":["a"],"x":{}}', Request(("a",), 30.0), id="a later 1.x"),
        pytest.param(b'{"version":"1","secrets":["a"]}', Request(("a",), 30.0), id="no minor version"),
        pytest.param(
            b'{"version":"1.1","secrets":["b","a","b"]}',
            Request(("b", "a"), 30.0),
            id="a duplicate is asked once",
        ),
        pytest.param(
            b'{"version":"1.1","secrets":["",null]}', Request(("",), 30.0), id="null is empty, as in Go"
        ),
        pytest.param(
            b'{"version":"1.1","secrets":["a"],"secret_backend_timeout":0}',
            Request(("a",), 30.0),
            id="timeout zero",
        ),
        pytest.param(
            b'{"version":"1.1","secrets":["a"],"secret_backend_timeout":true}',
            Request(("a",), 30.0),
            id="timeout bool",
        ),
        pytest.param(
            b'{"version":"1.1","secrets":["a"],"secret_backend_timeout":"9"}',
            Request(("a",), 30.0),
            id="timeout text",
        ),
        pytest.param(
            b'{"version":"1.1","secrets":["\xff"]}', Request(("\ufffd",), 30.0), id="not UTF-8, as in Go"
        ),
    ],
)
def test_request_is_read(data: bytes, expected: Request) -> None:
    """A question of protocol 1.x is read, whatever else is in it."""
    assert parse_request(data) == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", UNREADABLE, id="nothing"),
        pytest.param(b"nonsense", UNREADABLE, id="not JSON"),
        pytest.param(b"[]", UNREADABLE, id="not an object"),
        pytest.param(b"[" * 100_000, UNREADABLE, id="nested deeper than Python goes"),
        pytest.param(b'{"version":' + b"9" * 5000 + b"}", UNREADABLE, id="a number longer than Python reads"),
        pytest.param(
            b'{"version":"1.1","secrets":["a"],"x":NaN}', UNREADABLE, id="a number that JSON does not have"
        ),
        pytest.param(b'{"version":1.0,"secrets":["a"]}', UNREADABLE, id="the version is a number"),
        pytest.param(b'{"version":"1.0","secrets":"a"}', UNREADABLE, id="the handles are a string"),
        pytest.param(b'{"version":"1.0","secrets":["a",1]}', UNREADABLE, id="a handle is a number"),
        pytest.param(b"null", 'incompatible protocol version ""', id="null is an empty object, as in Go"),
        pytest.param(b'{"secrets":["a"]}', 'incompatible protocol version ""', id="no version"),
        pytest.param(b'{"version":"2.0","secrets":["a"]}', 'incompatible protocol version "2.0"', id="2.0"),
        pytest.param(
            b'{"version":"10.1","secrets":["a"]}', 'incompatible protocol version "10.1"', id="10.1"
        ),
        pytest.param(b'{"version":"1.0","secrets":[]}', "no secrets listed in input", id="no handles"),
        pytest.param(b'{"version":"1.0"}', "no secrets listed in input", id="no list of handles"),
    ],
)
def test_request_is_refused(data: bytes, message: str) -> None:
    """What cannot be answered as a whole is refused with secret-helper's words."""
    with pytest.raises(ExchangeError) as caught:
        parse_request(data)
    assert str(caught.value) == message


@given(st.binary())
def test_request_never_fails_otherwise(data: bytes) -> None:
    """Any bytes at all are a question or an ExchangeError."""
    try:
        request = parse_request(data)
    except ExchangeError:
        return
    assert request.handles


@pytest.mark.parametrize(
    ("timeout", "seconds"), [(30.0, 27.0), (5.0, 4.5), (1.0, 0.7), (0.2, 0.1), (600.0, 540.0)]
)
def test_deadline_is_before_the_agents(timeout: float, seconds: float) -> None:
    """We stop in time for the Agent to read what there is."""
    assert decide_deadline(timeout) == pytest.approx(seconds)


REFUSED = Failed("the value is itself a secret handle, which is never passed on; store what it stands for")


@pytest.mark.parametrize(
    ("data", "strip", "expected"),
    [
        pytest.param(b" p\xc3\xa9\x00w\r\n", False, Resolved(" p\u00e9\0w\r\n"), id="byte for byte"),
        pytest.param(b"pw\n\n", True, Resolved("pw\n"), id="one newline stripped on request"),
        pytest.param(b"pw\r\n", True, Resolved("pw"), id="a Windows newline counts as one"),
        pytest.param(b"pw", True, Resolved("pw"), id="nothing to strip"),
        pytest.param(b"", False, Resolved(""), id="empty"),
        pytest.param(
            b"100%%of\xe2\x80\xb0it", False, Resolved("100%%of\u2030it"), id="percent signs are no harm"
        ),
        pytest.param(b"x ENC[a]", False, Resolved("x ENC[a]"), id="a handle inside is none"),
        pytest.param(b"ENC[k8s_secret@a/b/c]", False, REFUSED, id="a handle"),
        pytest.param(b"\tENC[] ", False, REFUSED, id="an empty handle in spaces"),
        pytest.param(b"ENC[a]\n", True, REFUSED, id="a handle once we strip"),
        pytest.param(b"ENC[a]\r\n\n", False, REFUSED, id="a handle once the Agent strips"),
        pytest.param(b"EN%%hostname%%C[a]", False, REFUSED, id="a handle once a variable is empty"),
        pytest.param(
            b"EN\xe2\x80\xb0x\xe2\x80\xb0C[a]%%y%%\n", False, REFUSED, id="two variables, other spelling"
        ),
    ],
)
def test_value_is_judged(data: bytes, strip: bool, expected: Outcome) -> None:  # noqa: FBT001
    """A value is passed on unchanged, unless the next Agent would take it for a handle."""
    assert decide_outcome(data, strip_newline=strip) == expected


def test_binary_value_is_refused() -> None:
    """What is no text is refused without saying what it is."""
    outcome = decide_outcome(b"canary\xff\xfe")
    assert isinstance(outcome, Failed)
    assert "not UTF-8" in outcome.error
    assert "canary" not in outcome.error


def test_value_is_not_printed() -> None:
    """A value does not show where an outcome is printed."""
    assert repr(Resolved("canary")) == "Resolved(***)"


@given(
    st.dictionaries(
        st.text(st.characters(codec=None)),
        st.one_of(st.text().map(Resolved), st.text().map(Failed)),
        min_size=1,
    )
)
def test_response_answers_every_handle(outcomes: dict[str, Outcome]) -> None:
    """Every handle has its value and its error, in the order asked, in valid UTF-8."""
    response, unnamed = render_response(outcomes)
    expected = {
        handle: {"value": getattr(outcome, "value", ""), "error": getattr(outcome, "error", "")}
        for handle, outcome in outcomes.items()
    }
    assert json.loads(response.decode()) == expected
    assert list(json.loads(response)) == list(outcomes)
    assert unnamed == 0


def test_what_does_not_fit_is_an_error_on_its_handle() -> None:
    """A response stays below 1 MiB: later values that do not fit give way, smaller ones after them still come."""
    outcomes = {f"h{index}": Resolved("x" * 300_000) for index in range(5)} | {"small": Resolved("y")}
    response, unnamed = render_response(outcomes)
    content = json.loads(response)
    assert len(response) <= RESPONSE_LIMIT
    assert [bool(content[handle]["value"]) for handle in outcomes] == [True, True, True, False, False, True]
    assert "1 MiB" in content["h4"]["error"]
    assert unnamed == 0


def test_room_is_used_to_the_last_byte() -> None:
    """A value that just fits is passed on, one byte more is not."""
    frame = len(render_response({"h": Resolved("")})[0])
    fits, _ = render_response({"h": Resolved("x" * (RESPONSE_LIMIT - frame - 1))})
    too_large, _ = render_response({"h": Resolved("x" * (RESPONSE_LIMIT - frame))})
    assert len(fits) == RESPONSE_LIMIT - 1
    assert json.loads(too_large)["h"]["value"] == ""


def test_handles_that_alone_exceed_the_response_are_counted() -> None:
    """Where not even the names fit, as many as possible are answered and the rest counted."""
    outcomes = dict.fromkeys([f"handle-{index:06}" for index in range(100_000)], Resolved("x"))
    response, unnamed = render_response({"h" * 2 * RESPONSE_LIMIT: Resolved("x"), **outcomes})
    assert len(response) <= RESPONSE_LIMIT
    assert len(json.loads(response)) + unnamed == 100_001
    assert len(json.loads(response)) > 5000
