"""Events: what is sent, what becomes a series, and what is dropped so that nobody is flooded or kept waiting."""

import queue
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.cluster.folder import wait_until
from enc_operator.cluster.events import Bucket, EventRecorder, Regarding
from scripted_api import Asked, Line, ScriptedApi, Start

POD = Regarding("v1", "Pod", "shop", "cart", "uid-1")


class Recording:
    """A recorder on a scripted server; the clock is set by hand."""

    def __init__(self, api: ScriptedApi, **options: Any) -> None:
        self.api = api
        self.now = 0.0
        self.recorder = EventRecorder(
            api.gateway(), "enc-operator.io/operator", "op-1", clock=lambda: self.now, **options
        )

    def record(self, note: str = "n", about: Regarding = POD, **options: Any) -> None:
        """Record a refusal."""
        self.recorder.record(about, "Denied", note, "Judge", **options)

    def finish(self) -> list[Asked]:
        """Send what there is, and return what was sent."""
        self.recorder.start()
        self.recorder.stop(10)
        found = []
        while True:
            try:
                found.append(self.api.asked.get_nowait())
            except queue.Empty:
                return found


@pytest.fixture
def recording(start: Start) -> Iterator[Recording]:
    """Record on a server that takes everything."""
    made = Recording(start(lambda line: line.answer({})))
    yield made
    made.recorder.stop()


def test_an_event_says_what_happened_to_whom(recording: Recording) -> None:
    """It is an Event of events.k8s.io/v1 in the object's namespace, with a name of its own."""
    recording.record("refused: no grant", warning=True)

    [asked] = recording.finish()

    metadata = asked.body.pop("metadata")
    assert (asked.method, asked.path) == ("POST", "/apis/events.k8s.io/v1/namespaces/shop/events")
    assert (metadata["namespace"], metadata["name"][:5]) == ("shop", "cart.")
    assert asked.body.pop("eventTime").endswith("Z")
    assert asked.body == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "reportingController": "enc-operator.io/operator",
        "reportingInstance": "op-1",
        "type": "Warning",
        "reason": "Denied",
        "action": "Judge",
        "note": "refused: no grant",
        "regarding": {"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "cart", "uid": "uid-1"},
    }
    assert recording.recorder.sent == 1


@pytest.mark.parametrize(
    ("note", "shown"),
    [
        ("x" * 1024, "x" * 1024),
        ("x" * 1025, "x" * 1021 + "…"),
        ("é" * 600, "é" * 510 + "…"),
        ("half a pair: \ud800", "half a pair: ?"),
    ],
    ids=["at the limit", "over it", "over it in letters of two bytes", "no text that can be sent"],
)
def test_a_note_is_cut_at_the_limit(recording: Recording, note: str, shown: str) -> None:
    """The API takes 1,024 bytes; no letter is torn."""
    recording.record(note)

    assert [asked.body["note"] for asked in recording.finish()] == [shown]


def test_an_object_without_a_namespace_has_its_events_in_default(recording: Recording) -> None:
    """And a name that RBAC allows but Events do not is written otherwise."""
    recording.record(about=Regarding("rbac.authorization.k8s.io/v1", "ClusterRole", "", "System:x", "u"))

    [asked] = recording.finish()
    assert asked.path == "/apis/events.k8s.io/v1/namespaces/default/events"
    assert asked.body["metadata"]["name"].startswith("system-x.")


def test_the_same_again_is_one_event(recording: Recording) -> None:
    """A storm of one thing is one Event; another note is another one."""
    for _ in range(500):
        recording.record("same")
    recording.record("other")

    assert [asked.body["note"] for asked in recording.finish()] == ["same", "other"]
    assert recording.recorder.dropped == 0


def test_a_storm_about_one_object_is_dropped_and_leaves_room_for_others(recording: Recording) -> None:
    """Ten of different content are sent, the rest is counted; another object has its own ten."""
    other = Regarding("v1", "Pod", "shop", "web", "uid-2")
    for number in range(50):
        recording.record(str(number))
    recording.record("other", other)

    sent = recording.finish()

    assert [asked.body["regarding"]["name"] for asked in sent] == ["cart"] * 10 + ["web"]
    assert recording.recorder.dropped == 40


def test_a_storm_about_many_objects_is_dropped(recording: Recording) -> None:
    """Over all objects a hundred are sent at once."""
    for number in range(300):
        recording.record(about=Regarding("v1", "Pod", "shop", f"p{number}", f"uid-{number}"))

    assert len(recording.finish()) == 100
    assert recording.recorder.dropped == 200


def test_recording_never_waits(start: Start) -> None:
    """While the API server is silent the queue fills; what does not fit is dropped."""
    recording = Recording(start(Line.hold))
    recording.recorder.start()
    recording.record("first")
    recording.api.next_asked()
    for number in range(1500):
        recording.record(str(number))

    assert recording.recorder.dropped == 500
    recording.recorder.stop(0)


def test_a_series_is_told_from_time_to_time(start: Start) -> None:
    """A repeated happening is patched with its count once the time has come, and an Event that is gone begins anew."""
    gone = threading.Event()

    def script(line: Line) -> None:
        if line.asked.method == "PATCH" and gone.is_set():
            line.refuse(404, "NotFound")
        else:
            line.answer({})

    recording = Recording(start(script), refresh=0.5)
    recording.recorder.start()
    recording.record()
    first = recording.api.next_asked()
    for _ in range(4):
        recording.record()
    wait_until(lambda: _count(recording) == 5, "all were counted", seconds=10)
    recording.now = 100.0
    patched = recording.api.next_asked()
    gone.set()
    recording.record()
    wait_until(lambda: _count(recording) == 6, "one more was counted", seconds=10)
    recording.now = 200.0
    recording.api.next_asked()
    wait_until(lambda: not recording.recorder._series, "the Event is known to be gone", seconds=10)  # noqa: SLF001
    recording.record()
    anew = recording.api.next_asked()
    recording.recorder.stop()

    assert (patched.method, patched.path) == ("PATCH", f"{first.path}/{first.body['metadata']['name']}")
    assert patched.body["series"]["count"] == 5
    assert (anew.method, recording.recorder.failed) == ("POST", 1)


def _count(recording: Recording) -> int:
    return sum(each.count for each in list(recording.recorder._series.values()))  # noqa: SLF001


def test_after_the_window_the_same_is_a_new_event(start: Start) -> None:
    """What happens again after a long while is told again."""
    recording = Recording(start(lambda line: line.answer({})), window=50.0)
    recording.recorder.start()
    recording.record()
    first = recording.api.next_asked()
    wait_until(lambda: _count(recording) == 1, "it was sent", seconds=10)
    recording.now = 60.0
    recording.record()
    second = recording.api.next_asked()
    recording.recorder.stop()

    assert (first.method, second.method) == ("POST", "POST")
    assert first.body["metadata"]["name"] != second.body["metadata"]["name"]


def test_a_refused_event_is_counted_and_forgotten(start: Start) -> None:
    """Events are no reason to try again; the next occurrence is."""
    recording = Recording(start(lambda line: line.refuse(403, "Forbidden")))
    recording.record()
    recording.record()

    assert len(recording.finish()) == 2
    assert (recording.recorder.failed, recording.recorder.sent) == (2, 0)


def test_tokens_come_back_with_time() -> None:
    """A burst at once, then one for each span, never more than the burst."""
    bucket = Bucket(2, 10.0)

    taken = [bucket.take(now) for now in (0, 0, 0, 9, 10, 11, 1000, 1000, 1000)]

    assert taken == [True, True, False, False, True, False, True, True, False]
