"""How the server of reviews begins and ends: nobody who asks in between is left without an answer."""

import select
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from e2e.cluster.folder import wait_until
from enc_operator.errors import EncError
from enc_operator.webhook.places import Judged
from enc_operator.webhook.server import AdmissionServer, listen
from serving_reviews import UID, Served, answer, review

Start = Callable[..., Served]


def test_an_address_that_is_taken_is_said(serving: Start) -> None:
    """With what to do about it."""
    taken = serving().server.port

    with pytest.raises(
        EncError, match=rf"cannot listen on port {taken} of 127.0.0.1: Address already in use"
    ):
        listen("127.0.0.1", taken)


@pytest.mark.parametrize(
    "families", [socket.has_dualstack_ipv6(), False], ids=["both families", "one family"]
)
def test_without_an_address_it_listens_on_every_one(families: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    """Of both families where the machine has them."""
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: families)

    with (
        listen("", 0) as listening,
        socket.create_connection(("127.0.0.1", listening.getsockname()[1])) as client,
    ):
        listening.accept()[0].close()
        assert client.recv(1) == b""


def test_who_comes_before_it_begins_waits_and_is_answered(serving: Start) -> None:
    """The API server tries nothing again that found nobody, or a server without a certificate."""
    served = serving()
    early = listen("127.0.0.1", 0)
    server = AdmissionServer(served.reviews, served.tls.context, early)
    with ThreadPoolExecutor(1) as clients, served.client(port=server.port) as client:
        asked = clients.submit(client.request, "POST", "/validate", body=review())
        wait_until(lambda: waiting(early), "somebody waits", seconds=10)
        assert not asked.done()
        served.run(server.start())
        assert asked.result(20).status == 200
    served.run(server.drain(0))


def test_one_that_ends_before_it_begins_listens_no_more(serving: Start) -> None:
    """Who waited hears that nobody comes."""
    served = serving()
    server = AdmissionServer(served.reviews, served.tls.context, listen("127.0.0.1", 0))

    served.run(server.drain(0))

    assert not listens(server.port)


def test_draining_ends_connections_with_their_next_answer(serving: Start) -> None:
    """So that whoever has a connection to this replica makes its next one to another."""
    served = serving()
    served.reviews.draining = True
    with served.client() as pool:
        found = pool.request("POST", "/validate", body=review())

    assert (found.status, found.headers["Connection"]) == (200, "close")


def test_who_is_under_way_when_it_ends_is_answered(serving: Start) -> None:
    """Nobody listens any more, and the last answer still comes."""
    began, over = threading.Event(), threading.Event()

    def wait(_: bytes) -> Judged:
        began.set()
        over.wait(20)
        return Judged("approved", answer(UID))

    served = serving(wait, seconds=20)
    port = served.server.port
    with ThreadPoolExecutor(2) as threads:
        under_way = threads.submit(served.post, review())
        assert began.wait(10)
        drained = threads.submit(served.run, served.server.drain(0))
        wait_until(lambda: not listens(port), "nobody listens", seconds=10)
        over.set()
        assert under_way.result(20)[0] == 200
        drained.result(20)


def waiting(listening: socket.socket) -> bool:
    """Tell whether a connection waits to be taken."""
    return bool(select.select([listening], [], [], 0)[0])


def listens(port: int) -> bool:
    """Tell whether somebody takes connections, without one: asyncio forgets one that comes as it closes."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
