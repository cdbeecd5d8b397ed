"""One connection to a server: kept, opened anew, verified, and never waited for beyond its time."""

import datetime as dt
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from enc_resolver.answers import TooLargeError
from enc_resolver.connection import Address, Connection, LostError, UntrustedError
from kubernetes_stand_in import Raw, StandIn, secret_body, serving

BODY = secret_body("ns", "db", {"pw": b"value"})
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
LONG_AGO = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)


def connection_to(api: StandIn, host: str = "127.0.0.1") -> Connection:
    """Connect to a stand-in, which is verified as the resolver does."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.load_verify_locations(api.account / "ca.crt")
    return Connection(Address(host, api.port, tls))


def ask(connection: Connection, api: StandIn, seconds: float = 5.0) -> bytes:
    """Ask for the one Secret, and give the body."""
    lines = f"GET /api/v1/namespaces/ns/secrets/db HTTP/1.1\r\nAuthorization: Bearer {api.token}\r\n\r\n"
    return connection.ask(lines.encode(), 1000, time.monotonic() + seconds).body


@pytest.fixture
def connection(api: StandIn) -> Iterator[Connection]:
    """Connect to the stand-in."""
    connection = connection_to(api)
    yield connection
    connection.close()


def test_connection_is_kept(api: StandIn, connection: Connection) -> None:
    """Several requests go over one connection, and another one is opened once it was closed."""
    api.secrets["ns/db"] = {"pw": b"value"}
    assert [ask(connection, api) for _ in range(3)] == [BODY] * 3
    assert len(api.connections) == 1
    connection.close()
    connection.close()
    assert ask(connection, api) == BODY
    assert len(api.connections) == 2


@pytest.mark.parametrize(
    ("pieces", "connections"),
    [
        pytest.param((b"HTTP/1.1 100 Continue\r\n\r\n", 0.01, WHOLE), 1, id="100 before the answer"),
        pytest.param((WHOLE[:20], 0.01, WHOLE[20:60], 0.01, WHOLE[60:]), 1, id="in pieces"),
        pytest.param(
            (CHUNKED, BODY[:5], b"\r\n", b"%x\r\n" % (len(BODY) - 5), 0.01, BODY[5:], b"\r\n0\r\n\r\n"),
            1,
            id="in chunks",
        ),
        pytest.param((WHOLE.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"),), 2, id="with a farewell"),
        pytest.param((WHOLE.replace(b"/1.1", b"/1.0"),), 2, id="in HTTP/1.0"),
        pytest.param((WHOLE + b"HTTP/1.1 200 OK\r\n",), 2, id="with something after it"),
    ],
)
def test_connection_carries_what_may_follow(
    api: StandIn, connection: Connection, pieces: tuple[bytes | float, ...], connections: int
) -> None:
    """An answer is read in whatever form it comes; the connection is kept exactly if the answer allows it."""
    api.secrets["ns/db"] = lambda: Raw(pieces, ending="keep")
    assert [ask(connection, api) for _ in range(2)] == [BODY] * 2
    assert len(api.connections) == connections


@pytest.mark.parametrize("ending", ["close", "reset"])
def test_server_closes_an_idle_connection(api: StandIn, connection: Connection, ending: str) -> None:
    """A kept connection that the server had dropped meanwhile is told as such: asking anew will do."""
    api.secrets["ns/db"] = lambda: Raw((WHOLE,), ending=ending)
    assert ask(connection, api) == BODY
    time.sleep(0.05)
    with pytest.raises(LostError) as caught:
        ask(connection, api)
    assert caught.value.stale
    assert ask(connection, api) == BODY


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        pytest.param(Raw(()), "the API server's answer is broken: cut off", id="no answer"),
        pytest.param(Raw((WHOLE[:-5],)), "the API server's answer is broken: cut off", id="half an answer"),
        pytest.param(
            Raw((b"canary\r\n",)), "the API server's answer is broken: not HTTP/1.1", id="another protocol"
        ),
        pytest.param(Raw((), "reset"), "the API server's answer is broken: cut off", id="a reset"),
    ],
)
def test_lost_answers(api: StandIn, connection: Connection, raw: Raw, message: str) -> None:
    """An answer that does not come to its end is lost, and was not lost to an idle connection."""
    api.secrets["ns/db"] = lambda: raw
    with pytest.raises(LostError) as caught:
        ask(connection, api)
    assert (str(caught.value), caught.value.stale) == (message, False)


def test_nobody_listens(api: StandIn) -> None:
    """A server that is not there is told as such."""
    api.port = 1
    with pytest.raises(LostError, match="no answer from the API server: ConnectionRefusedError"):
        ask(connection_to(api), api)


def test_body_that_ends_without_farewell(api: StandIn, connection: Connection) -> None:
    """A body without a length that a broken connection ends is lost: only TLS's own farewell is an end."""
    api.secrets["ns/db"] = lambda: Raw((b"HTTP/1.1 200 OK\r\n\r\n", 0.01, BODY), "reset")
    with pytest.raises(LostError):
        ask(connection, api)


def test_body_too_large(api: StandIn, connection: Connection) -> None:
    """A body beyond the limit is refused, and its connection dropped."""
    api.secrets["ns/db"] = lambda: Raw((b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",), ending="keep")
    for _ in range(2):
        with pytest.raises(TooLargeError):
            ask(connection, api)
    assert len(api.connections) == 2


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param((9.0,), id="no head"),
        pytest.param(
            (WHOLE[:30], *[piece for _ in range(99) for piece in (b"x", 0.05)]), id="a head that drips"
        ),
        pytest.param(
            (WHOLE[: -len(BODY)], *[piece for _ in range(99) for piece in (b"x", 0.05)]),
            id="a body that drips",
        ),
    ],
)
def test_slow_answers(api: StandIn, connection: Connection, pieces: tuple[bytes | float, ...]) -> None:
    """However steadily an answer drips, it is waited for until its time and no longer."""
    api.secrets["ns/db"] = lambda: Raw(pieces)
    started = time.monotonic()
    with pytest.raises(LostError, match="the API server did not answer in time"):
        ask(connection, api, seconds=0.3)
    assert time.monotonic() - started < 2


def test_time_that_is_over(api: StandIn, connection: Connection) -> None:
    """After its time nothing is asked any more."""
    with pytest.raises(LostError, match="did not answer in time"):
        ask(connection, api, seconds=-1)
    assert api.asked == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions_of_tls(tmp_path: Path, version: ssl.TLSVersion) -> None:
    """Servers speak TLS 1.2 or 1.3."""
    with serving(tmp_path, tls=version) as api:
        api.secrets["ns/db"] = {"pw": b"value"}
        connection = connection_to(api)
        assert [ask(connection, api) for _ in range(2)] == [BODY] * 2
        connection.close()


@pytest.mark.parametrize(
    ("host", "named"),
    [
        pytest.param("127.0.0.1", "127.0.0.1", id="an IPv4 address"),
        pytest.param("::1", "::1", id="an IPv6 address"),
        pytest.param("localhost", "localhost", id="a name"),
    ],
)
def test_server_is_who_it_is_asked_as(tmp_path: Path, host: str, named: str) -> None:
    """A certificate is for the address or the name that KUBERNETES_SERVICE_HOST gives."""
    with serving(tmp_path, host if ":" in host else "127.0.0.1", named=named) as api:
        api.secrets["ns/db"] = {"pw": b"value"}
        connection = connection_to(api, host)
        assert ask(connection, api) == BODY
        connection.close()


@pytest.mark.parametrize(
    ("named", "host", "until", "message"),
    [
        pytest.param(
            "::1",
            "127.0.0.1",
            None,
            "is not for the address in KUBERNETES_SERVICE_HOST",
            id="another address",
        ),
        pytest.param(
            "127.0.0.1",
            "localhost",
            None,
            "is not for the name in KUBERNETES_SERVICE_HOST",
            id="another name",
        ),
        pytest.param(
            "*.0.0.1", "127.0.0.1", None, "is not for the address in KUBERNETES_SERVICE_HOST", id="a pattern"
        ),
        pytest.param("127.0.0.1", "127.0.0.1", LONG_AGO, "has expired", id="an old certificate"),
    ],
)
def test_untrusted_servers(
    tmp_path: Path, named: str, host: str, until: dt.datetime | None, message: str
) -> None:
    """A server whose certificate does not fit is told with what does not fit, and gets no token."""
    with serving(tmp_path, named=named, until=until) as api, pytest.raises(UntrustedError) as caught:
        ask(connection_to(api, host), api)
    assert str(caught.value) == f"the API server's certificate {message}"
    assert api.asked == []


def test_foreign_authority(api: StandIn) -> None:
    """A server that another CA vouches for gets no token."""
    trustme.CA().cert_pem.write_to_path(str(api.account / "ca.crt"))
    with pytest.raises(UntrustedError, match="is not one of the mounted CA"):
        ask(connection_to(api), api)
    assert api.asked == []
