"""HTTP/1.1 answers out of bytes: what is read, what is refused, and that nothing read is told."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from enc_resolver.answers import Answer, BrokenError, TooLargeError, read_answer

LIMIT = 100
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def received(*pieces: bytes) -> Callable[[], bytes]:
    """Give the pieces one after another, then the end."""
    rest: Iterator[bytes] = iter(pieces)
    return lambda: next(rest, b"")


def read(data: bytes) -> Answer:
    """Read an answer that came whole."""
    return read_answer(received(data), LIMIT)


@pytest.mark.parametrize(
    ("data", "status", "body", "reusable"),
    [
        pytest.param(OK + b"Content-Length: 2\r\n\r\nhi", 200, b"hi", True, id="a length"),
        pytest.param(OK + b"content-LENGTH:2 \t\r\n\r\nhi", 200, b"hi", True, id="a name in any case"),
        pytest.param(OK + b"Content-Length: 0\r\n\r\n", 200, b"", True, id="an empty body"),
        pytest.param(b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, b"", True, id="no reason"),
        pytest.param(
            CHUNKED + b"2\r\nhi\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", 200, b"hi0123456789", True, id="chunks"
        ),
        pytest.param(
            CHUNKED + b"2 \r\nhi\r\n0\r\nTrailer: x\r\n\r\n", 200, b"hi", True, id="chunks and a trailer"
        ),
        pytest.param(OK + b"\r\nhi", 200, b"hi", False, id="a body up to the end"),
        pytest.param(
            OK + b"Connection: Close\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", False, id="told to close"
        ),
        pytest.param(OK + b"Content-Length: 2\r\n\r\nhi!", 200, b"hi", False, id="more than was announced"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", False, id="HTTP/1.0"),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
            + OK
            + b"Content-Length: 2\r\n\r\nhi",
            200,
            b"hi",
            True,
            id="interim answers before it",
        ),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True, id="204 has no body"),
        pytest.param(
            b"HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n", 304, b"", True, id="304 has none either"
        ),
        pytest.param(
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", 404, b"no", True, id="a refusal"
        ),
        pytest.param(
            b"HTTP/1.1 403 x\r\nContent-Length: 70000\r\n\r\n",
            403,
            b"",
            False,
            id="a refusal's endless body is not read",
        ),
    ],
)
def test_answers(data: bytes, status: int, body: bytes, reusable: bool) -> None:  # noqa: FBT001
    """An answer's body ends where its head says, and only then may another follow."""
    answer = read(data)
    assert (answer.status, answer.body, answer.reusable) == (status, body, reusable)


def test_headers_are_kept_by_lower_case_name() -> None:
    """A header that stands twice is joined, as RFC 9110 has it."""
    answer = read(OK + b"Retry-After: 1\r\nX: a\r\nx:  b\r\nContent-Length: 0\r\n\r\n")
    assert answer.headers == {"retry-after": "1", "x": "a, b", "content-length": "0"}
    assert repr(answer) == "Answer(200, ***)"


BROKEN = [
    pytest.param(b"", "cut off", id="nothing at all"),
    pytest.param(OK[:9], "cut off", id="half a status line"),
    pytest.param(OK + b"Content-Length: 9\r\n\r\ncanary", "cut off", id="half a body"),
    pytest.param(CHUNKED + b"9\r\ncanary", "cut off", id="half a chunk"),
    pytest.param(CHUNKED + b"6\r\ncanary\r\n", "cut off", id="no last chunk"),
    pytest.param(CHUNKED + b"0\r\n", "cut off", id="no end of the trailer"),
    pytest.param(b"SSH-2.0-canary\r\n", "not HTTP/1.1", id="another protocol"),
    pytest.param(b"HTTP/2 200\r\n", "not HTTP/1.1", id="another version"),
    pytest.param(b"HTTP/1.1 2000 OK\r\n", "not HTTP/1.1", id="a status of four digits"),
    pytest.param(b"HTTP/1.1 099 OK\r\n", "not HTTP/1.1", id="a status below 100"),
    pytest.param(b"HTTP/1.1 2x0 OK\r\n", "not HTTP/1.1", id="a status that is no number"),
    pytest.param(b"HTTP/1.1 100 x\r\n\r\n" * 9, "interim answers only", id="interim answers without end"),
    pytest.param(OK + b"canary\r\n\r\n", "not a header", id="a header without a colon"),
    pytest.param(OK + b": canary\r\n\r\n", "not a header", id="a header without a name"),
    pytest.param(OK + b"a: b\r\n canary\r\n\r\n", "not a header", id="a folded header"),
    pytest.param(OK + b"Content-Length : 1\r\n\r\n", "not a header", id="a blank before the colon"),
    pytest.param(OK + b"a: can\nary\r\n\r\n", "a line with more than one end", id="a bare line feed"),
    pytest.param(OK + b"a: can\0ary\r\n\r\n", "a line with more than one end", id="a NUL"),
    pytest.param(OK + b"a: b\r\n" * 200, "too many headers", id="headers without end"),
    pytest.param(OK + b"a: " + b"b" * 20_000, "a line without an end", id="a header without end"),
    pytest.param(OK + b"Content-Length: -1\r\n\r\n", "a length that is no number", id="a negative length"),
    pytest.param(
        OK + b"Content-Length: 0x5\r\n\r\n", "a length that is no number", id="a hexadecimal length"
    ),
    pytest.param(OK + b"Content-Length: \xb2\r\n\r\n", "a length that is no number", id="a raised digit"),
    pytest.param(
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "a length that is no number", id="two lengths"
    ),
    pytest.param(
        OK + b"Content-Length: " + b"1" * 5000 + b"\r\n\r\n", "a length that is no number", id="a long length"
    ),
    pytest.param(
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "a body of unknown form", id="an unknown coding"
    ),
    pytest.param(
        OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        "a body of unknown form",
        id="two ways to end",
    ),
    pytest.param(CHUNKED + b"\r\n", "not a chunk", id="a chunk without a size"),
    pytest.param(CHUNKED + b"0x5\r\n", "not a chunk", id="a prefix before the size"),
    pytest.param(CHUNKED + b"123456789\r\n", "not a chunk", id="a size of nine digits"),
    pytest.param(CHUNKED + b"6\r\ncanary!\r\n", "a chunk without an end", id="a chunk that goes on"),
]


@pytest.mark.parametrize(("data", "message"), BROKEN)
def test_broken_answers(data: bytes, message: str) -> None:
    """What is no answer to its end is told by its kind, without a word of it."""
    with pytest.raises(BrokenError) as caught:
        read(data)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(OK + b"Content-Length: 101\r\n\r\n", id="by its length"),
        pytest.param(CHUNKED + b"64\r\n" + b"x" * 100 + b"\r\n1\r\n", id="by its chunks"),
        pytest.param(OK + b"\r\n" + b"x" * 101, id="by its end"),
        pytest.param(CHUNKED + b"ffffffff\r\n", id="by a single chunk"),
    ],
)
def test_bodies_too_large(data: bytes) -> None:
    """A body beyond the limit is not read to its end, however its end is told."""
    with pytest.raises(TooLargeError):
        read_answer(received(data, b"canary"), LIMIT)


def outcome(receive: Callable[[], bytes]) -> object:
    """Read an answer; give it, or the kind of its failure and what is said."""
    try:
        return read_answer(receive, LIMIT)
    except (BrokenError, TooLargeError) as error:
        return type(error), str(error)


PIECES = st.sampled_from(
    [
        OK,
        b"HTTP/1.1 404 x\r\n",
        b"HTTP/1.1 100 x\r\n\r\n",
        b"Content-Length: 6\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"\r\n",
        b"canary",
        b"6\r\n",
        b"0\r\n",
        b"\r",
        b"\n",
        b":",
        b"\0",
        b"x" * 101,
    ]
)


@given(st.lists(PIECES | st.binary(max_size=8), max_size=12).map(b"".join), st.integers(1, 7))
@example(CHUNKED + b"6\r\ncanary\r\n0\r\n\r\n", 1)
def test_cuts_do_not_matter(data: bytes, size: int) -> None:
    """Whatever comes, there is an answer or a plain failure, and the same one in pieces of any size."""
    whole = outcome(received(data))
    assert isinstance(whole, Answer) or "canary" not in repr(whole)
    pieces = outcome(received(*(data[start : start + size] for start in range(0, len(data), size))))
    if isinstance(whole, Answer) and isinstance(pieces, Answer):
        assert (whole.status, whole.headers, whole.body) == (pieces.status, pieces.headers, pieces.body)
    else:
        assert whole == pieces
