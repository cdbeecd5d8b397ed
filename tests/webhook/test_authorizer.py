"""Questions to the authorizer, asked in a loop, on a wire that goes wrong."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from enc_operator.cluster.calls import ApiError
from enc_operator.cluster.gateway import Gateway
from enc_operator.core.inventory import Question
from enc_operator.webhook.authorizer import Authorizer
from scripted_api import Line, Script, ScriptedApi, scripted

MAY = Question("shop", "web", "bank", "db")
YES = {"status": {"allowed": True}}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Script], ScriptedApi]]:
    """Start a server that follows a script."""
    opened = []

    def begin(script: Script) -> ScriptedApi:
        opened.append(scripted(tmp_path, script))
        return opened[-1].__enter__()

    yield begin
    for each in opened:
        each.__exit__(None, None, None)


Start = Callable[[Script], ScriptedApi]


def ask(
    api: ScriptedApi, *questions: Question, seconds: float = 5, gateway: Gateway | None = None
) -> list[Any]:
    """Ask one after the other, by one authorizer; return the answers, or how it failed."""

    async def asking() -> list[Any]:
        authorizer = Authorizer(gateway or api.gateway())
        own = sockets()
        found = [await outcome(authorizer, each) for each in questions]
        await authorizer.close()
        api.over.set()  # whoever holds a connection that was given up lets it go
        async with asyncio.timeout(10):
            while sockets() > own:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)
        return found

    async def outcome(authorizer: Authorizer, question: Question) -> Any:
        try:
            return await authorizer.ask(question, seconds)
        except ApiError as error:
            return error

    return asyncio.run(asking())


def sockets() -> int:
    """Count what the running loop looks at."""
    return len(asyncio.get_running_loop()._selector.get_map())  # type: ignore[attr-defined]  # noqa: SLF001


def test_the_authorizer_is_asked_with_the_gateways_credentials(start: Start) -> None:
    """The question arrives as a SubjectAccessReview, and its answer comes back; one connection is enough for all."""
    ports = set()

    def script(line: Line) -> None:
        ports.add(line._handler.client_address[1])  # noqa: SLF001
        line.answer({"status": {"allowed": line.asked.body["spec"]["resourceAttributes"]["name"] == "db"}})

    api = start(script)

    assert ask(api, MAY, Question("shop", "web", "bank", "other"), MAY) == [True, False, True]
    asked = api.next_asked()
    assert (asked.method, asked.path) == ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews")
    assert asked.headers["Authorization"] == "Bearer not-a-real-token"
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.body["spec"]["user"] == "system:serviceaccount:shop:web"
    assert len(ports) == 1


@pytest.mark.parametrize(
    "script",
    [
        Line.cut,
        Line.reset,
        lambda line: line.head(Content_Length="50").raw(b"{").cut(),
        lambda line: line.answer(b"<html>"),
        lambda line: line.answer([]),
        lambda line: line.answer({"status": {"allowed": "yes"}}),
        lambda line: line.raw(b"SSH-2.0-x\r\n\r\n").cut(),
    ],
    ids=["no answer", "a reset", "half an answer", "no JSON", "no object", "neither yes nor no", "no HTTP"],
)
def test_a_broken_answer_is_none(start: Start, script: Script) -> None:
    """Nobody takes it for a yes or a no."""
    (error,) = ask(start(script), MAY)

    assert (error.status, error.reason) == (0, "Unreachable")


def test_a_connection_that_ended_in_the_meantime_costs_nothing(start: Start) -> None:
    """The question is asked once more over another."""
    ports: list[int] = []

    def script(line: Line) -> None:
        ports.append(line._handler.client_address[1])  # noqa: SLF001
        if ports.count(ports[-1]) > 1:
            line.reset()
        else:
            line.answer(YES)

    assert ask(start(script), *[MAY] * 4) == [True] * 4
    assert len(set(ports)) == 4


@pytest.mark.parametrize(
    "script",
    [Line.hold, lambda line: line.head(Content_Length="9").hold()],
    ids=["nothing comes", "half comes"],
)
def test_no_answer_is_waited_for_longer_than_told(start: Start, script: Script) -> None:
    """Whether nothing comes or only half."""
    began = time.monotonic()
    (error,) = ask(start(script), MAY, seconds=0.3)

    assert (error.status, error.said) == (0, "no answer: TimeoutError")
    assert time.monotonic() - began < 5


def test_a_refusal_is_told_as_the_server_tells_it(start: Start) -> None:
    """It is no answer either, and is not followed elsewhere."""
    api = start(lambda line: line.refuse(302, "Found", Location="/b"))
    (error,) = ask(api, MAY)

    assert (error.status, error.said) == (302, "302 it is Found")
    api.next_asked()
    assert api.asked.empty()


def test_credentials_that_are_not_accepted_are_read_anew(start: Start) -> None:
    """A token that was rotated early is used from the next question on."""

    def script(line: Line) -> None:
        if line.asked.headers["Authorization"] == "Bearer new":
            line.answer(YES)
        else:
            line.refuse(401, "Unauthorized")

    api = start(script)
    gateway = api.gateway(renew=lambda: api.configuration.api_key.update(BearerToken="Bearer new"))
    refused, answered = ask(api, MAY, MAY, gateway=gateway)

    assert (refused.status, answered) == (401, True)


def test_the_observer_hears_of_every_question(start: Start) -> None:
    """Answered, refused and not answered: one line each."""
    scripts = iter([lambda line: line.answer(YES), lambda line: line.refuse(503, "Away"), Line.cut, Line.cut])
    heard: list[int] = []
    api = start(lambda line: next(scripts)(line))  # noqa: PLW0108 - one for each request
    gateway = api.gateway(observer=lambda _, status, seconds: heard.append(status * (seconds >= 0)))
    ask(api, MAY, MAY, MAY, gateway=gateway)

    assert heard == [200, 503, 0]


@pytest.mark.parametrize("trusted", [True, False], ids=["told not to look", "as it should be"])
def test_who_answers_is_looked_at(start: Start, tmp_path: Path, *, trusted: bool) -> None:
    """A server that the cluster's CA does not know is asked nothing, unless the kubeconfig says so."""
    api = start(lambda line: line.answer(YES))
    with scripted(tmp_path, Line.hold) as other:  # its CA takes the other's place in the file
        api.configuration.ssl_ca_cert = other.configuration.ssl_ca_cert
        api.configuration.verify_ssl = not trusted
        (said,) = ask(api, MAY)

    assert (said is True) is trusted
    assert api.asked.empty() is not trusted


def test_a_proxy_of_the_configuration_is_used(start: Start) -> None:
    """It is the way that all calls take; here nobody listens there."""
    api = start(lambda line: line.answer(YES))
    api.configuration.proxy = "http://127.0.0.1:1"
    (error,) = ask(api, MAY)

    assert error.said == "no answer: ClientProxyConnectionError"
    assert api.asked.empty()
