"""The reflector on a real API server, behind a proxy that cuts, freezes, replays and refuses."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.faulty_proxy import FaultyProxy, Request, faulty_proxy
from e2e.scenarios.operator_access import administrator_token, direct, through
from enc_operator.cluster.calls import Call
from enc_operator.cluster.collections import Collection
from enc_operator.cluster.gateway import Gateway
from enc_operator.cluster.reflector import Reflector
from recorded_sink import RecordedSink


class World:
    """ConfigMaps of a namespace: written directly, reflected through the proxy."""

    def __init__(self, gateway: Gateway, reflected: Gateway, proxy: FaultyProxy, namespace: str) -> None:
        self.proxy = proxy
        self.collection = Collection("/api/v1/configmaps", {"labelSelector": "reflected"}).namespaced(
            namespace
        )
        self.sink = RecordedSink()
        self.reflected = reflected
        self._gateway = gateway

    def create(self, name: str, value: str) -> str:
        """Create a ConfigMap and return its uid."""
        manifest = {"metadata": {"name": name, "labels": {"reflected": ""}}, "data": {"value": value}}
        return str(self._gateway.call(Call("POST", self.collection.path, body=manifest))["metadata"]["uid"])

    def create_beside(self, name: str) -> None:
        """Create a ConfigMap that is not reflected."""
        self._gateway.call(Call("POST", self.collection.path, body={"metadata": {"name": name}}))

    def delete(self, name: str) -> None:
        """Delete a ConfigMap."""
        self._gateway.call(Call("DELETE", f"{self.collection.path}/{name}"))

    @contextmanager
    def reflector(self, **options: Any) -> Iterator[Reflector[str]]:
        """Reflect the values."""
        reflector = Reflector(self.reflected, self.collection, _value, self.sink, **options)
        reflector.start()
        try:
            yield reflector
        finally:
            reflector.stop()

    def until_known(self, **values: str) -> None:
        """Wait until the sink knows these and no others."""
        wait_until(
            lambda: {key.name: value for key, value in self.sink.known.copy().items()} == values,
            f"{values} is known",
            seconds=10,
            every=0.01,
        )

    def watches(self) -> int:
        """Return how many watches were opened."""
        return sum(each.is_watch for each in self.proxy.requests)


def _value(manifest: Any) -> str | None:
    return (manifest.get("data") or {}).get("value")


def is_watch(request: Request) -> bool:
    """Match watches."""
    return request.is_watch


def is_list(request: Request) -> bool:
    """Match pages of lists."""
    return request.method == "GET" and not request.is_watch


@pytest.fixture
def world(api_server: Cluster, namespace: str, tmp_path: Path) -> Iterator[World]:
    """Put a proxy before the API server."""
    token = administrator_token(api_server, namespace)
    with (
        direct(api_server) as gateway,
        faulty_proxy(api_server, tmp_path) as proxy,
        through(proxy, token) as reflected,
    ):
        yield World(gateway, reflected, proxy, namespace)


def test_a_list_in_pages_and_what_follows_it(world: World) -> None:
    """Everything that was there comes at once, everything later as it happens."""
    for number in range(7):
        world.create(f"m{number}", str(number))

    with world.reflector(page=3) as reflector:
        world.until_known(**{f"m{number}": str(number) for number in range(7)})
        world.create("later", "x")
        world.delete("m0")
        world.until_known(**{f"m{number}": str(number) for number in range(1, 7)}, later="x")

    assert reflector.state.lists == 1
    assert [is_list(each) for each in world.proxy.requests] == [True] * 3 + [False]


def test_no_ghost_after_a_list_anew(world: World) -> None:
    """A deletion while no watch can be had is seen all the same, when the old resourceVersion is refused as expired."""
    world.create("grant", "1")
    world.create("kept", "2")
    with world.reflector(), world.proxy.fault(is_watch, status=503) as down:
        world.until_known(grant="1", kept="2")
        wait_until(lambda: down.met, "a watch was refused", seconds=10)
        world.delete("grant")
        with world.proxy.fault(is_watch, status=410, times=1):
            down.times = 0
            world.until_known(kept="2")


def test_one_deleted_and_created_again_while_nobody_looked_is_another(world: World) -> None:
    """The uid tells it from its predecessor, although name and content are the same."""
    old = world.create("twin", "1")
    with world.reflector(), world.proxy.fault(is_watch, status=503) as down:
        world.until_known(twin="1")
        wait_until(lambda: down.met, "a watch was refused", seconds=10)
        world.delete("twin")
        new = world.create("twin", "1")
        down.times = 0
        wait_until(lambda: {key.uid for key in world.sink.known} == {new}, "the new one is known", seconds=10)

    assert old != new


def test_a_replay_from_an_old_resource_version_brings_nothing_back(world: World) -> None:
    """A server that tells all its history again, as it does from an old resourceVersion, makes no deleted grant come back."""
    world.create("grant", "1")
    told: list[bytes] = []

    def replay(line: bytes) -> bytes:
        """Repeat everything told before, after each new line."""
        told.append(line)
        return b"".join(told[-1:] + told)

    with world.proxy.fault(is_watch, edit=replay), world.reflector() as reflector:
        wait_until(lambda: reflector.state.synced, "it is synced", seconds=10)
        world.create("short", "2")
        world.delete("short")
        world.delete("grant")
        world.create("end", "3")
        world.until_known(end="3")

    changes = [(name, item) for name, _, item in world.sink.told[1:]]
    assert changes == [("short", "2"), ("short", None), ("grant", None), ("end", "3")]


@pytest.mark.parametrize(
    "trouble", [{"cut": True}, {"status": 500}, {"status": 403}, {"truncate": 30}], ids=str
)
def test_a_list_that_fails_deletes_nothing(world: World, trouble: dict[str, Any]) -> None:
    """While lists fail, what was known stays; when one is complete, it counts."""
    world.create("a", "1")
    with world.reflector() as reflector:
        world.until_known(a="1")
        # A watch that is under way when the connections break would use up the 410 and not hear of it.
        wait_until(lambda: world.watches() == 1, "it watches", seconds=10)
        with world.proxy.fault(is_list, times=2, **trouble) as broken:
            with world.proxy.fault(is_watch, times=1, status=410):
                world.proxy.cut()
                wait_until(lambda: broken.met == 2, "two lists failed", seconds=20)
                assert world.sink.names() == {"a"}
                world.delete("a")
            world.until_known()
        wait_until(lambda: reflector.state.failures == 0, "it is well", seconds=10)

    assert {"a"} in world.sink.told


def test_a_page_that_expires_on_the_way_starts_the_list_anew(world: World) -> None:
    """410 in the middle of the pages costs nothing but a new beginning."""
    for number in range(5):
        world.create(f"m{number}", str(number))
    with (
        world.proxy.fault(lambda request: "continue" in request.query, status=410, times=1) as expired,
        world.reflector(page=2),
    ):
        world.until_known(**{f"m{number}": str(number) for number in range(5)})

    assert expired.met == 1


def test_a_connection_cut_in_the_middle_of_an_event_loses_nothing(world: World) -> None:
    """A torn event comes again with the next watch, which begins where the last whole one ended."""
    with world.reflector() as reflector:
        wait_until(lambda: world.watches() == 1, "it watches", seconds=10)
        world.proxy.cut()
        with world.proxy.fault(is_watch, truncate=40, times=1) as torn:
            world.create("a", "1")
            world.until_known(a="1")

    assert torn.met == 1
    assert reflector.state.lists == 1


def test_a_black_hole_is_left_after_the_silence(world: World) -> None:
    """A connection through which nothing comes is given up, and what happened meanwhile is told by the next one."""
    world.create("grant", "1")
    with world.reflector(silence=1.0) as reflector:
        world.until_known(grant="1")
        with world.proxy.frozen():
            world.delete("grant")
            wait_until(lambda: reflector.state.failures, "it has noticed", seconds=20)
        world.until_known()

    assert reflector.state.lists == 1


def test_events_that_are_lost_are_found_by_the_next_list(world: World) -> None:
    """Where something on the way swallows a deletion, the first new list takes it away."""
    world.create("grant", "1")

    def swallow(line: bytes) -> bytes | None:
        return None if json.loads(line)["type"] == "DELETED" else line

    with world.reflector():
        with world.proxy.fault(is_watch, edit=swallow):
            world.proxy.cut()
            world.until_known(grant="1")
            wait_until(lambda: world.watches() >= 1, "it watches", seconds=10)
            world.delete("grant")
            world.create("after", "2")
            world.until_known(grant="1", after="2")
        with world.proxy.fault(is_watch, status=410, times=1):
            world.proxy.cut()
            world.until_known(after="2")


def test_metadata_alone_is_listed_and_watched_on_request(world: World) -> None:
    """With metadata_only the API server leaves data out of lists and events."""
    seen: list[Any] = []

    def note(manifest: Any) -> str:
        seen.append(dict(manifest))
        return "x"

    world.create("a", "1")
    collection = Collection(world.collection.path, world.collection.query, metadata_only=True)
    reflector = Reflector(world.reflected, collection, note, world.sink)
    reflector.start()
    try:
        wait_until(lambda: world.watches() == 1, "it watches", seconds=10)
        world.create("b", "2")
        wait_until(lambda: world.sink.names() == {"a", "b"}, "both are known", seconds=10)
    finally:
        reflector.stop()

    assert [(each["kind"], "data" in each) for each in seen] == [("PartialObjectMetadata", False)] * 2


def test_a_bookmark_is_where_the_next_watch_begins(world: World) -> None:
    """The API server sends a bookmark when a watch is about to end; the next one begins there, not at what was last of interest."""
    told: list[str] = []

    def note(line: bytes) -> bytes:
        if json.loads(line)["type"] == "BOOKMARK":
            told.append(json.loads(line)["object"]["metadata"]["resourceVersion"])
        return line

    collection = world.collection
    with (
        world.proxy.fault(is_watch, edit=note, query={"timeoutSeconds": "4"}),
        world.reflector() as reflector,
    ):
        wait_until(lambda: world.watches() == 1, "it watches", seconds=10)
        began = int(reflector.state.resource_version)
        world.create_beside("x")
        wait_until(lambda: world.watches() == 2, "it watches again", seconds=20)

    next_one = [each for each in world.proxy.requests if each.is_watch][1]
    assert collection.query == {"labelSelector": "reflected"}
    assert told
    assert next_one.query["resourceVersion"] == told[-1]
    assert int(told[-1]) > began


def test_stop_ends_a_blocked_watch_within_a_second(world: World) -> None:
    """A thread that waits for the API server's next word ends when it is told to."""
    with world.reflector():
        wait_until(lambda: world.watches() == 1, "it watches", seconds=10)

    wait_until(
        lambda: not any(each.name.startswith("reflector") for each in threading.enumerate()),
        "no reflector is left",
        seconds=1,
    )
