"""The reflector against a server that says what no API server should, or says it at the worst moment; the real one is in e2e.

The traps are those of list+watch clients before: ghosts after a new list, replays that bring back what was deleted, no back-off, no time-out.
"""

import threading

import pytest

from enc_operator.cluster.backoff import Backoff
from enc_operator.cluster.store import Key
from reflected_things import Playing, Step, error, event, listed, refused, thing, watched
from scripted_api import Line

GHOSTS: dict[str, tuple[Step, ...]] = {
    "an expired watch": (watched(error(410, "Expired")),),
    "a watch refused as expired": (refused(410, "Expired"),),
    "a watch refused as too new for the server": (refused(504, "Timeout"),),
    "an error event": (watched(error(500, "InternalError")),),
    "an event of an unknown type": (watched({"type": "RENAMED", "object": thing("a", 9)}),),
    "an event without an object": (watched({"type": "DELETED"}),),
    "an event whose object has no metadata": (watched({"type": "MODIFIED", "object": {"value": 5}}),),
    "an event whose object has no uid": (
        watched({"type": "DELETED", "object": {"metadata": {"name": "a"}}}),
    ),
}


@pytest.mark.parametrize("trouble", GHOSTS.values(), ids=list(GHOSTS))
def test_no_ghost_after_a_new_list(play: Playing, trouble: tuple[Step, ...]) -> None:
    """Whatever makes the watch untrustworthy, the next list takes away what is not in it: no deleted grant goes on authorising."""
    played = play(
        listed(5, thing("a", 1, value=1), thing("b", 2, value=2)),
        *trouble,
        listed(9, thing("b", 2, value=2)),
        watched(),
    )

    played.until_known(b=2)

    assert played.asked(4) == ["list", "watch:5", "list", "watch:9"]


def test_an_expired_watch_is_listed_anew_at_once(play: Playing) -> None:
    """The first expiry after a good while waits for no back-off."""
    times = iter([0.0] * 4 + [100.0] * 1000)
    played = play(
        listed(5), watched(error(410, "Expired")), listed(9, thing("a", 8, value=1)), watched(),
        backoff=Backoff(first=60), clock=lambda: next(times, 100.0),
    )  # fmt: skip

    played.until_known(a=1)


def test_a_list_that_expires_on_its_way_starts_anew_and_forgets_its_pages(play: Playing) -> None:
    """Pages of an expired list are no part of the next one; nobody hears of them."""
    played = play(
        listed(5, thing("a", 1, value=1), proceed="p2"), refused(410, "Expired"),
        listed(9, thing("b", 2, value=2)), watched(),
    )  # fmt: skip

    played.until_known(b=2)

    assert played.sink.told == [{"b"}]
    assert played.asked(4) == ["list", "list:p2", "list", "watch:9"]


BROKEN_LISTS: dict[str, Step] = {
    "the server is overloaded": refused(429, "TooManyRequests"),
    "the server fails": refused(500, "InternalError"),
    "the right is withdrawn": refused(403, "Forbidden"),
    "the kind is not served": refused(404, "NotFound"),
    "the connection is reset": Line.reset,
    "the answer is torn": lambda line: line.head(Content_Length="90").raw(b'{"items": [').cut(),
    "the answer is no list": lambda line: line.answer({"kind": "Thing"}),
    "the list has no resourceVersion": lambda line: line.answer({"metadata": {}, "items": []}),
    "the items are no list": lambda line: line.answer({"metadata": {"resourceVersion": "9"}, "items": {}}),
    "an item has no metadata": listed(9, thing("b", 2, value=2), {"value": 1}),
    "an item is no object": listed(9, "b"),
    "a later page fails": lambda line: listed(9, proceed="p2")(line) if "continue" not in line.asked.query else line.reset(),
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN_LISTS.values(), ids=list(BROKEN_LISTS))
def test_a_failed_list_deletes_nothing(play: Playing, broken: Step) -> None:
    """What was known stays known until a list is complete, however often one fails."""
    played = play(
        listed(5, thing("a", 1, value=1)), watched(error(410, "Expired")), broken, broken, broken,
        listed(9, thing("b", 2, value=2)), watched(),
    )  # fmt: skip

    played.until_known(b=2)

    assert [told for told in played.sink.told if isinstance(told, set)] == [{"a"}, {"b"}]


def test_state_says_what_is_wrong_until_it_is_right(play: Playing) -> None:
    """A kind that is not served yet is told with status and text; afterwards nothing is left of it."""
    served = threading.Event()

    def late(line: Line) -> None:
        served.wait(10)
        listed(3, thing("a", 1, value=1))(line)

    missing = refused(404, "NotFound")
    played = play(missing, missing, late, watched())
    played.until(lambda: played.reflector.state.failures == 2, "it failed twice")
    before = played.reflector.state
    served.set()
    played.until(lambda: played.reflector.state.failures == 0, "it is well")
    after = played.reflector.state

    assert (before.synced, before.status, before.error) == (False, 404, "GET /things: 404 it is NotFound")
    assert before.age == float("inf")
    assert (after.synced, after.status, after.error, after.lists, after.objects) == (True, 0, "", 1, 1)
    assert (after.resource_version, after.age < 10) == ("3", True)


TORN: dict[str, Step] = {
    "a good end": Line.finish,
    "a connection that ends in the middle of an event": lambda line: (
        line.event(b'{"type": "DELE'),
        line.cut(),
    ),
    "torn JSON": lambda line: line.event(b'{"type": "DELE\n').cut(),
}


@pytest.mark.parametrize("end", TORN.values(), ids=list(TORN))
def test_a_watch_that_ends_goes_on_where_it_was(play: Playing, end: Step) -> None:
    """What was seen whole is not asked for again, and what was torn is."""
    played = play(
        listed(5, thing("a", 1, value=1)),
        watched(event("ADDED", "b", 6, value=2), then=end),
        watched(event("DELETED", "a", 7)),
    )

    played.until_known(b=2)

    assert played.asked(3) == ["list", "watch:5", "watch:6"]


def test_a_replay_of_old_events_brings_nothing_back(play: Playing) -> None:
    """Events that are no newer than what is known, however they come, are ignored: a deleted grant stays deleted."""
    played = play(
        listed(20, thing("kept", 3, value="new")),
        watched(
            event("ADDED", "gone", 4, value="ghost"),
            event("MODIFIED", "kept", 2, value="old"),
            event("DELETED", "kept", 3),
            event("ADDED", "granted", 21, value=1),
            event("DELETED", "granted", 22),
            event("ADDED", "granted", 21, value=1),
            event("ADDED", "end", 23, value=1),
        ),
    )

    played.until_known(kept="new", end=1)


def test_a_resource_version_that_is_no_number_is_taken_as_newer(play: Playing) -> None:
    """An API that counts otherwise is followed in the order in which it tells."""
    odd = thing("a", 0, value=1)
    odd["metadata"]["resourceVersion"] = "x-7"
    played = play(listed(20), watched({"type": "ADDED", "object": odd}, event("ADDED", "b", 2, value=2)))

    played.until_known(a=1, b=2)


def test_a_list_whose_pages_are_of_different_times_is_followed_from_the_first(play: Playing) -> None:
    """What happened between the pages is told once more by the watch, so that none of it is missed."""
    played = play(
        listed(5, thing("a", 1, value=1), proceed="p2"),
        listed(9, thing("b", 8, value=2)),
        watched(event("DELETED", "a", 7), event("ADDED", "b", 8, value=2)),
    )

    played.until_known(b=2)

    assert played.asked(3)[-1] == "watch:5"


def test_one_created_again_under_its_name_is_another(play: Playing) -> None:
    """The old one goes before the new one comes, and a late deletion of the old one leaves the new one alone."""
    played = play(
        listed(5, thing("a", 1, "old", value=1)),
        watched(
            event("ADDED", "a", 7, "new", value=1),
            event("DELETED", "a", 8, "old"),
            event("ADDED", "end", 9, value=1),
        ),
    )

    played.until_known(a=1, end=1)

    assert played.sink.told == [{"a"}, ("a", "old", None), ("a", "new", 1), ("end", "end", 1)]
    assert played.reflector.store.find("ns", "a") == (Key("ns", "a", "new"), 1)


def test_one_created_again_without_interest_takes_the_old_one_away(play: Playing) -> None:
    """A successor that `reduce` leaves out still ends its predecessor."""
    played = play(listed(5, thing("a", 1, "old", value=1)), watched(event("ADDED", "a", 7, "new")))

    played.until_known()


def test_stop_during_a_list_tells_nobody_of_it(play: Playing) -> None:
    """A list that is answered after the stop is not told."""
    answered = threading.Event()

    def late(line: Line) -> None:
        answered.wait(10)
        listed(5, thing("a", 1, value=1))(line)

    played = play(late)
    played.asked(1)
    played.reflector.stop()
    answered.set()
    played.until(lambda: not played.reflector._thread.is_alive(), "the thread has ended")  # noqa: SLF001

    assert played.sink.told == []
