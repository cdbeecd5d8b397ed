"""Watches on a wire that goes wrong: whole events are yielded, torn ones never, and another thread can end the wait for more."""

import threading

import pytest

from e2e.cluster.folder import wait_until
from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.gateway import Stream
from scripted_api import Line, Script, Start

GET = Call("GET", "/api/v1/pods")
EVENT = {"type": "ADDED", "object": {"metadata": {"name": "a"}}}


def read(stream: Stream, into: list[object]) -> None:
    """Read a stream to its end, and note what ends it."""
    try:
        into.extend(stream)
        into.append("end")
    except ApiError as error:
        into.append(error.reason)


STREAMS: dict[str, tuple[Script, list[object]]] = {
    "a good end": (lambda line: line.watch(EVENT, EVENT).finish(), [EVENT, EVENT, "end"]),
    "events in pieces, two in one, and a blank line": (
        lambda line: line.watch(b'{"a"', b': 1}\n{"a": 2}\n\n', b'{"a": 3}').finish(),
        [{"a": 1}, {"a": 2}, {"a": 3}, "end"],
    ),
    "a connection that ends in the middle of a line": (
        lambda line: line.watch(EVENT, b'{"type": "ADD').cut(), [EVENT, "Unreachable"],
    ),
    "a good end in the middle of a line": (
        lambda line: line.watch(EVENT, b'{"type": "ADD').finish(), [EVENT, "Unreachable"],
    ),
    "torn JSON": (lambda line: line.watch(EVENT, b'{"type": \n', EVENT), [EVENT, "Unreachable"]),
    "silence": (lambda line: line.watch(EVENT).hold(), [EVENT, "Silence"]),
    "an endless line": (
        lambda line: line.watch(EVENT, *[b"x" * (1 << 22)] * 9), [EVENT, "Unreachable"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("script", "events"), STREAMS.values(), ids=list(STREAMS))
def test_a_watch_yields_what_came_whole(start: Start, script: Script, events: list[object]) -> None:
    """Whole events are yielded whatever comes after them; a torn one never is."""
    found: list[object] = []

    with start(script).gateway().stream(GET, silence=0.5) as stream:
        read(stream, found)

    assert found == events


def test_a_watch_that_is_reset_in_the_middle_of_a_line_yields_no_torn_event(start: Start) -> None:
    """A reset may take even whole events with it, but what it tore is never yielded."""
    read_one, found = threading.Event(), list[object]()

    def script(line: Line) -> None:
        line.watch(EVENT, b'{"type": "ADD')
        read_one.wait(10)
        line.reset()

    with start(script).gateway().stream(GET, silence=10) as stream:
        events = iter(stream)
        found.append(next(events))
        read_one.set()
        with pytest.raises(ApiError, match="no answer"):
            found.extend(events)

    assert found == [EVENT]


def test_a_refused_watch_is_a_failure(start: Start) -> None:
    """A watch that is refused is told like a call that is."""
    gateway = start(lambda line: line.refuse(410, "Expired")).gateway()

    with pytest.raises(ApiError, match="410 it is Expired"), gateway.stream(GET, silence=5):
        pass


def test_a_cut_ends_a_blocked_watch_at_once(start: Start) -> None:
    """From another thread a silent watch is ended without an error, long before its silence would."""
    found: list[object] = []
    with start(lambda line: line.watch(EVENT).hold()).gateway().stream(GET, silence=60) as stream:
        reader = threading.Thread(target=read, args=(stream, found))
        reader.start()
        wait_until(lambda: found == [EVENT] or not reader.is_alive(), "the first event came", seconds=10)

        stream.cut()
        reader.join(1)

        assert not reader.is_alive()
    assert found == [EVENT, "end"]


def test_a_cut_before_reading_yields_nothing(start: Start) -> None:
    """Cut before anybody reads, and cut twice: nothing comes, encrypted or not."""
    found: list[object] = []
    with start(lambda line: line.watch(*[EVENT] * 100)).gateway().stream(GET, silence=5) as stream:
        stream.cut()
        stream.cut()
        read(stream, found)
    stream.cut()

    assert found == ["end"]


def test_a_watch_that_is_left_is_no_connection_for_others(start: Start) -> None:
    """Leaving a watch before its end closes its connection; the next call gets its own answer."""
    gateway = start(
        lambda line: line.answer({"is": "answer"}) if line.asked.path == "/b" else line.watch(EVENT).hold()
    ).gateway(pool=1)  # fmt: skip

    with gateway.stream(GET, silence=5) as stream:
        assert next(iter(stream)) == EVENT

    assert gateway.call(Call("GET", "/b")) == {"is": "answer"}
