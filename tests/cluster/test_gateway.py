"""The gateway on a wire that goes wrong: every broken answer is an ApiError, none is waited for without end, no connection is mixed up."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kubernetes.config import ConfigException, incluster_config

from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.gateway import Gateway
from scripted_api import Line, Script, Start

GET = Call("GET", "/api/v1/pods")


def failure(gateway: Gateway, call: Call = GET, **options: float) -> ApiError:
    """Return the failure of a call."""
    with pytest.raises(ApiError) as caught:
        gateway.call(call, **options)
    return caught.value


def test_a_call_says_who_asks_and_what(start: Start) -> None:
    """Method, path, query, body, content type and credentials arrive; the answer is decoded and the server's time noted."""
    api = start(lambda line: line.answer({"kind": "Pod"}, Date="Mon, 23 Nov 2026 01:02:03 GMT"))
    gateway = api.gateway()

    found = gateway.call(Call("PATCH", "/a", {"dryRun": "All"}, {"b": 1}, "application/merge-patch+json"))

    asked = api.next_asked()
    assert found == {"kind": "Pod"}
    assert (asked.method, asked.path, asked.query, asked.body) == ("PATCH", "/a", {"dryRun": "All"}, {"b": 1})
    assert asked.headers["Content-Type"] == "application/merge-patch+json"
    assert asked.headers["Authorization"] == "Bearer not-a-real-token"
    assert gateway.server_time == datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


def drip(line: Line) -> None:
    """Send an answer byte after byte, for ever."""
    line.head(Content_Length="1000")
    for _ in range(1000):
        line.raw(b" ")
        if line.hold(0.02):
            return


BROKEN: dict[str, Script] = {
    "the connection ends before an answer": Line.cut,
    "the connection is reset before an answer": Line.reset,
    "an answer ends before its length": lambda line: line.head(Content_Length="50").raw(b"{").cut(),
    "an answer is no JSON": lambda line: line.answer(b"<html>"),
    "an answer is JSON but no object": lambda line: line.answer([]),
    "an answer is nested too deeply": lambda line: line.answer(b'{"a":' + b"[" * 100_000),
    "an answer has a chunk that is none": lambda line: line.head(Transfer_Encoding="chunked").raw(b"zz\r\n{}").cut(),
    "what answers speaks no HTTP": lambda line: line.raw(b"SSH-2.0-x\r\n\r\n").cut(),
}  # fmt: skip


@pytest.mark.parametrize("script", BROKEN.values(), ids=list(BROKEN))
def test_a_broken_answer_is_a_failure_of_unknown_outcome(start: Start, script: Script) -> None:
    """Whoever called hears that nobody knows what came of the call."""
    error = failure(start(script).gateway())

    assert (error.status, error.reason, error.unknown_outcome) == (0, "Unreachable", True)


@pytest.mark.parametrize("script", [Line.hold, drip], ids=["nothing comes", "it comes byte after byte"])
def test_no_answer_is_waited_for_longer_than_told(start: Start, script: Script) -> None:
    """A server that is silent, or that only just is not, does not hold a call."""
    gateway, began = start(script).gateway(), time.monotonic()

    error = failure(gateway, seconds=0.3)

    assert (error.status, error.reason) == (0, "Silence")
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("status", "reason", "passing"),
    [(401, "Unauthorized", False), (403, "Forbidden", False), (404, "NotFound", False), (409, "Conflict", False),
     (410, "Expired", False), (422, "Invalid", False), (429, "TooManyRequests", True), (500, "InternalError", True),
     (503, "ServiceUnavailable", True), (302, "Found", False)],
)  # fmt: skip
def test_a_refusal_is_told_as_the_server_tells_it(
    start: Start,
    status: int,
    reason: str,
    passing: bool,  # noqa: FBT001
) -> None:
    """Status, reason, message and Retry-After of the answer are the failure's; a redirect is not followed."""
    api = start(lambda line: line.refuse(status, reason, Retry_After="7", Location="/b"))

    error = failure(api.gateway())

    assert (error.status, error.reason, error.passing, error.retry_after) == (status, reason, passing, 7.0)
    assert str(error) == f"GET /api/v1/pods: {status} it is {reason}"


@pytest.mark.parametrize(
    ("body", "headers", "told"),
    [
        (b"upstream is away", {}, ("503 upstream is away", "ServiceUnavailable", None)),
        (b"", {}, ("503 no reason given", "ServiceUnavailable", None)),
        (b"\xff", {"Retry_After": "soon"}, ("503 \N{REPLACEMENT CHARACTER}", "ServiceUnavailable", None)),
        (b'{"kind": "Status", "details": {"retryAfterSeconds": 3}}', {}, ("503", "ServiceUnavailable", 3.0)),
    ],
    ids=["a proxy's text", "nothing", "no text", "a Status that says when to come again"],
)
def test_a_refusal_by_somebody_else_is_told_too(
    start: Start, body: bytes, headers: dict[str, str], told: tuple[str, str, float | None]
) -> None:
    """A proxy's answer is shown as it is, with a reason that the status implies."""
    error = failure(start(lambda line: line.answer(body, 503, **headers)).gateway())

    assert (error.said.startswith(told[0]), error.reason, error.retry_after) == (True, *told[1:])


def test_nobody_there_is_a_failure(start: Start) -> None:
    """A port at which nobody listens is told like any other missing answer."""
    api = start(Line.cut)
    api.configuration.host = "https://127.0.0.1:1"

    assert failure(api.gateway()).reason == "Unreachable"


def test_credentials_that_cannot_be_read_are_a_failure(start: Start) -> None:
    """A token file that is gone for a moment does not end the thread that calls."""
    api = start(Line.cut)

    def gone(_: object) -> None:
        raise ConfigException("Token file exists but empty.")

    api.configuration.refresh_api_key_hook = gone

    assert failure(api.gateway()).said == "the credentials cannot be read: ConfigException"


def test_credentials_that_are_not_accepted_are_read_anew(start: Start) -> None:
    """A token that was rotated early is used from the next call on, line end or not."""

    def script(line: Line) -> None:
        if line.asked.headers["Authorization"] == "Bearer new":
            line.answer({})
        else:
            line.refuse(401, "Unauthorized")

    api = start(script)
    gateway = api.gateway(renew=lambda: api.configuration.api_key.update(BearerToken="Bearer new\n"))

    assert failure(gateway).status == 401
    assert gateway.call(GET) == {}


def test_a_pod_uses_its_mounted_token_also_after_an_early_rotation(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client reads the file anew after a minute of the wall clock; a refusal makes it read at once."""

    def script(line: Line) -> None:
        if line.asked.headers["Authorization"] == "bearer second":
            line.answer({})
        else:
            line.refuse(401, "Unauthorized")

    host = urlsplit(start(script).configuration.host)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", str(host.hostname))
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(host.port))
    token = tmp_path / "token"
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    token.write_text("first\n")
    gateway = Gateway.in_cluster()
    token.write_text("second\n")

    assert failure(gateway).status == 401
    assert gateway.call(GET) == {}


def test_the_observer_hears_of_every_call(start: Start) -> None:
    """Answered, refused and not answered: one line each."""
    scripts = iter([lambda line: line.answer({}), lambda line: line.refuse(404, "NotFound"), Line.cut])
    heard: list[tuple[str, int]] = []
    gateway = start(lambda line: next(scripts)(line)).gateway(  # noqa: PLW0108 - one for each request
        observer=lambda call, status, seconds: heard.append((str(call), status * (seconds >= 0)))
    )

    gateway.call(GET)
    failure(gateway)
    failure(gateway)

    assert heard == [("GET /api/v1/pods", 200), ("GET /api/v1/pods", 404), ("GET /api/v1/pods", 0)]


def test_connections_that_died_in_silence_are_given_up_together(start: Start) -> None:
    """After one call timed out, the idle connections beside it are not tried one by one."""
    together, silent, ports = threading.Barrier(3), threading.Event(), list[int]()

    def script(line: Line) -> None:
        port = line._handler.client_address[1]  # noqa: SLF001
        ports.append(port)
        if silent.is_set() and ports.count(port) > 1:
            line.hold()
        elif line.asked.path == "/together":
            together.wait(5)
        line.answer({})

    gateway = start(script).gateway()
    calls = [Call("GET", "/together")] * 3
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(gateway.call, calls))
        silent.set()
        assert failure(gateway, seconds=0.3).reason == "Silence"

        assert list(pool.map(partial(gateway.call, seconds=5), calls)) == [{}] * 3
