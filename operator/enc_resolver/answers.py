"""HTTP/1.1 answers, read strictly from a stream of bytes (RFC 9112): a status, the headers, a body of known end.

Rule 1  every part has a limit, which is checked before more of it is read.
Rule 2  an answer whose end is not certain is broken, never an answer.
Rule 3  no exception holds anything that was read.

It stands in for ``http.client``, whose e-mail parser alone takes longer to load than an answer to come. Nothing here
opens a connection, or knows what an answer means.
"""

from __future__ import annotations

from enc_resolver.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Mapping, Optional, Tuple

    Receive = Callable[[], bytes]

_LONGEST_LINE = 16 * 1024  # bytes
_MOST_HEADERS = 128
_MOST_INTERIM = 8
_LARGEST_REFUSAL = 64 * 1024  # bytes; the API server says why in a few hundred
_VERSIONS = (b"HTTP/1.0", b"HTTP/1.1")
_NAME = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_HEXADECIMAL = frozenset(b"0123456789abcdefABCDEF")


class BrokenError(Exception):
    """Say in which way what came is no answer."""


class TooLargeError(Exception):
    """Say that the body exceeds its limit."""


class Answer(Value):
    """A final answer: its headers by lower-case name, and whether the connection can carry another."""

    __slots__ = __match_args__ = ("status", "headers", "body", "reusable")
    status: int
    headers: Mapping[str, str]
    body: bytes
    reusable: bool

    def __repr__(self) -> str:
        return f"Answer({self.status}, ***)"


class Stream:
    """What is received, cut as the answer says; ``receive`` gives the next bytes, and none at the end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._held = b""
        self._ended = False

    def line(self) -> bytes:
        """Return the bytes before the next CRLF."""
        end = self._held.find(b"\r\n")
        while end < 0:
            if len(self._held) > _LONGEST_LINE:
                raise BrokenError("a line without an end")
            self._held += self._more()
            end = self._held.find(b"\r\n")
        line, self._held = self._held[:end], self._held[end + 2 :]
        if b"\r" in line or b"\n" in line or b"\0" in line:
            raise BrokenError("a line with more than one end")
        return line

    def exactly(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        pieces = [self._held]
        missing = size - len(self._held)
        while missing > 0:
            pieces.append(self._more())
            missing -= len(pieces[-1])
        content = b"".join(pieces)
        self._held = content[size:]
        return content[:size]

    def rest(self, limit: int) -> bytes:
        """Return everything up to the end of the connection, which TLS makes certain."""
        pieces = [self._held]
        room = limit - len(self._held)
        while room >= 0:
            piece = self._receive()
            if not piece:
                self._ended = True
                return b"".join(pieces)
            pieces.append(piece)
            room -= len(piece)
        raise TooLargeError("a body without an end")

    def is_idle(self) -> bool:
        """Tell whether another answer may follow: nothing is left over, and the end has not come."""
        return not self._held and not self._ended

    def _more(self) -> bytes:
        piece = self._receive()
        if not piece:
            raise BrokenError("cut off")
        return piece


def read_answer(receive: Receive, limit: int) -> Answer:
    """Read one final answer with a body of at most ``limit`` bytes; raise BrokenError or TooLargeError."""
    stream = Stream(receive)
    for _ in range(_MOST_INTERIM):
        version, status = _parse_status(stream.line())
        headers = _read_headers(stream)
        if status >= 200:
            body = _read_body_of(status, stream, headers, limit)
            keeps = version == b"HTTP/1.1" and "close" not in headers.get("connection", "").lower()
            return Answer(status, headers, body or b"", keeps and body is not None and stream.is_idle())
    raise BrokenError("interim answers only")


def _parse_status(line: bytes) -> Tuple[bytes, int]:
    version, _, rest = line.partition(b" ")
    status, _, _ = rest.partition(b" ")
    if version not in _VERSIONS or len(status) != 3 or not status.isdigit() or status < b"100":
        raise BrokenError("not HTTP/1.1")
    return version, int(status)


def _read_headers(stream: Stream) -> Dict[str, str]:
    headers: Dict[str, str] = {}
    for _ in range(_MOST_HEADERS):
        line = stream.line()
        if not line:
            return headers
        name, colon, value = line.partition(b":")
        if not (name and colon and _NAME.issuperset(name)):
            raise BrokenError("not a header")
        key, text = name.decode("ascii").lower(), value.decode("latin-1").strip(" \t")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    raise BrokenError("too many headers")


def _read_body_of(status: int, stream: Stream, headers: Mapping[str, str], limit: int) -> Optional[bytes]:
    """Return the body, or None where the connection holds nothing more that can be told apart."""
    if status in (204, 304):
        return b""
    try:
        body = _read_body(stream, headers, limit if status == 200 else _LARGEST_REFUSAL)
    except TooLargeError:
        if status == 200:
            raise
        return None
    return body


def _read_body(stream: Stream, headers: Mapping[str, str], limit: int) -> bytes:
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None:
            raise BrokenError("a body of unknown form")
        return _read_chunks(stream, limit)
    if length is None:
        return stream.rest(limit)
    if not (length.isdecimal() and length.isascii() and len(length) <= 12):
        raise BrokenError("a length that is no number")
    if int(length) > limit:
        raise TooLargeError("a body too large")
    return stream.exactly(int(length))


def _read_chunks(stream: Stream, limit: int) -> bytes:
    pieces: List[bytes] = []
    room = limit
    while True:
        digits, _, _ = stream.line().partition(b";")
        digits = digits.rstrip(b" \t")
        if not (0 < len(digits) <= 8 and _HEXADECIMAL.issuperset(digits)):
            raise BrokenError("not a chunk")
        size = int(digits, 16)
        room -= size
        if room < 0:
            raise TooLargeError("chunks too large")
        if not size:
            _read_headers(stream)
            return b"".join(pieces)
        pieces.append(stream.exactly(size))
        if stream.exactly(2) != b"\r\n":
            raise BrokenError("a chunk without an end")
