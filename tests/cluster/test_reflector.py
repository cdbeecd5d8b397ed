"""The reflector: what it asks for, whom it tells what, how it waits, and how it ends."""

import threading
from typing import Any

import pytest

from enc_operator.cluster.backoff import Backoff
from reflected_things import Playing, Step, bookmark, event, listed, refused, thing, watched
from scripted_api import Line


def test_a_list_comes_in_pages_and_is_told_when_it_is_complete(play: Playing) -> None:
    """The sink hears of the whole list at once, of items that are of interest, and the watch goes on from its resourceVersion."""
    played = play(
        listed(7, thing("a", 1, value=1), thing("b", 2), proceed="p2"),
        listed(7, thing("c", 3, value=3)),
        watched(event("ADDED", "d", 8, value=4)),
    )

    played.until_known(a=1, c=3, d=4)

    assert played.sink.told == [{"a", "c"}, ("d", "d", 4)]
    assert played.asked(3) == ["list", "list:p2", "watch:7"]


def test_the_calls_ask_for_pages_bookmarks_and_an_end(play: Playing) -> None:
    """A page has a limit; a watch allows bookmarks and ends after 240 to 300 seconds."""
    played = play(listed(1), watched())

    page, watch = played.api.next_asked().query, played.api.next_asked().query

    assert page == {"limit": "2"}
    assert watch["allowWatchBookmarks"] == "true"
    assert 240 <= int(watch["timeoutSeconds"]) <= 300


def test_items_of_a_list_carry_their_kind(play: Playing) -> None:
    """A list's items leave out apiVersion and kind; who reduces them gets both."""
    kinds = "{0[apiVersion]} {0[kind]}".format
    played = play(listed(1, thing("a", 1), thing("b", 1, kind="Own")), watched(), reduce=kinds)

    played.until_known(a="v1 Thing", b="v1 Own")


def test_bookmarks_advance_the_resource_version(play: Playing) -> None:
    """After a bookmark the next watch goes on from there; a bookmark that names no version changes nothing."""
    nothing = {"type": "BOOKMARK"}
    empty = {"type": "BOOKMARK", "object": {"metadata": {}}}
    played = play(listed(5), watched(bookmark(30), nothing, empty, then=Line.finish), watched())

    assert played.asked(3) == ["list", "watch:5", "watch:30"]
    assert played.reflector.state.resource_version == "30"


def test_only_differences_are_told(play: Playing) -> None:
    """An event that changes nothing of interest is not told, nor is the end of what never was of interest."""
    played = play(
        listed(5, thing("a", 1, value=1)),
        watched(
            event("MODIFIED", "a", 6, value=1, status="other"),
            event("ADDED", "b", 7),
            event("DELETED", "b", 8),
            event("MODIFIED", "a", 9),
            event("MODIFIED", "a", 10, value=1),
        ),
    )

    played.until(lambda: len(played.sink.told) == 3, "it is told that `a` went and came")

    assert played.sink.told == [{"a"}, ("a", "a", None), ("a", "a", 1)]


def test_an_object_that_cannot_be_reduced_is_left_out_alone(play: Playing) -> None:
    """One object that `reduce` fails on is as if it were not there, also if it was before; the others are known."""
    played = play(
        listed(5, thing("a", 1, value=1), thing("b", 2, value=0), thing("c", 3, value=3)),
        watched(event("MODIFIED", "a", 6, value=0), event("ADDED", "end", 7, value=1)),
        reduce=lambda manifest: 1 // manifest["value"] + manifest["value"],
    )

    played.until_known(c=3, end=2)

    assert played.sink.told[0] == {"a", "c"}
    assert played.reflector.state.unreadable == 2


def test_a_sink_that_fails_is_told_everything_anew(play: Playing) -> None:
    """The fault of a sink costs a new list, not the thread."""
    played = play(
        listed(5), watched(event("ADDED", "a", 6, value=1)), listed(7, thing("a", 6, value=1)), watched()
    )
    changed = played.sink.changed

    def fail(*_: Any) -> None:
        played.sink.changed = changed  # type: ignore[method-assign]
        raise KeyError

    played.sink.changed = fail  # type: ignore[assignment,method-assign]

    played.until_known(a=1)

    assert played.asked(3) == ["list", "watch:5", "list"]


def test_no_back_off_is_missing_when_watches_end_at_once(play: Playing) -> None:
    """A server that ends every watch at once is not asked in a tight loop."""
    waits: list[float] = []

    class Counting(Backoff):
        def after_failure(self, retry_after: float | None = None) -> float:
            waits.append(super().after_failure(retry_after))
            return 0.01

    ends = watched(then=Line.finish)
    play(listed(5), ends, ends, ends, ends, watched(), backoff=Counting()).asked(6)

    assert len(waits) == 4
    assert waits[3] > waits[0]


def test_retry_after_is_honoured(play: Playing) -> None:
    """What a server asks for goes before the reflector's own step."""
    asked: list[float | None] = []

    class Noting(Backoff):
        def after_failure(self, retry_after: float | None = None) -> float:
            asked.append(retry_after)
            return 0.0

    play(refused(429, "TooManyRequests", Retry_After="9"), listed(1), watched(), backoff=Noting()).asked(3)

    assert asked == [9.0]


def test_a_silent_watch_is_cut_and_opened_again(play: Playing) -> None:
    """A watch that says nothing for too long is asked for anew at once, without a list and without a failure."""
    played = play(
        listed(5), watched(), watched(event("ADDED", "a", 6, value=1)), silence=0.3, backoff=Backoff(60)
    )

    played.until(
        lambda: played.sink.names() == {"a"} or played.reflector.state.failures, "the next watch is there"
    )

    assert played.asked(3) == ["list", "watch:5", "watch:5"]


def endless(line: Line) -> None:
    """Send events as fast as they are taken."""
    line.watch()
    for number in range(6, 10**9):
        line.event(event("ADDED", "a", number, value=number))


BLOCKED: dict[str, tuple[tuple[Step, ...], int]] = {
    "in a silent watch": ((listed(5), watched()), 2),
    "in its back-off": ((refused(429, "TooManyRequests", Retry_After="100"),), 1),
    "in a stream of events": (
        (listed(5), endless), 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("steps", "asked"), BLOCKED.values(), ids=list(BLOCKED))
def test_stop_ends_the_thread_within_a_second(play: Playing, steps: tuple[Step, ...], asked: int) -> None:
    """Wherever the thread is, it ends; and nobody is told anything afterwards."""
    played = play(*steps, backoff=Backoff())
    played.asked(asked)

    played.reflector.stop()

    told = len(played.sink.told)
    assert not played.reflector._thread.is_alive()  # noqa: SLF001
    assert len(played.sink.told) == told
    assert len(played.sink.threads) <= 1


def test_a_huge_list_is_held_reduced(play: Playing) -> None:
    """Of 50 pages only what `reduce` keeps is there at the end, and every page was asked for with the token before it."""
    pages = [
        listed(5, *(thing(f"{page}-{n}", 1, value=n, ballast="x" * 1000) for n in range(200)), proceed=f"p{page + 1}" * (page < 49))
        for page in range(50)
    ]  # fmt: skip
    played = play(*pages, watched())

    played.until(lambda: played.reflector.state.synced, "it is synced")

    assert played.reflector.state.objects == 10_000
    assert played.asked(51) == ["list", *(f"list:p{page}" for page in range(1, 50)), "watch:5"]


def test_what_is_renewed_is_listed_before_it_counts(play: Playing) -> None:
    """Whatever the watch still tells: it may be of long ago."""
    go = threading.Event()

    def late(line: Line) -> None:
        go.wait(10)
        listed(9, thing("b", 9, value=2))(line)

    played = play(listed(7, thing("a", 1, value=1)), watched(), late, watched())
    played.until(lambda: played.reflector.state.synced, "it is synced")
    assert played.asked(2) == ["list", "watch:7"]

    played.reflector.renew()
    assert played.asked(1) == ["list"]
    assert not played.reflector.state.synced
    go.set()

    played.until_known(b=2)
    played.until(lambda: played.reflector.state.synced, "it is synced again")
    assert played.asked(1) == ["watch:9"]
