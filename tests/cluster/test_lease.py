"""The numbers and times of leader election that a real API server cannot be made to show; two candidates on a real one are in e2e."""

import threading
from typing import Any

import pytest

from enc_operator.cluster.lease import LeaseElection, awake
from scripted_api import Line, Start

_SECONDS_2026 = 365 * 86_400


class OneLease:
    """A server with one Lease and a Date that a test chooses."""

    def __init__(self, date: str, spec: dict[str, Any] | None = None) -> None:
        self.date = date
        self.spec = spec
        self.wrote = threading.Event()
        self.away = False

    def __call__(self, line: Line) -> None:
        """Answer as told; without a spec there is no Lease."""
        if self.away:
            line.refuse(503, "ServiceUnavailable", Date=self.date)
            return
        if line.asked.method == "GET" and self.spec is None:
            line.refuse(404, "NotFound", Date=self.date)
            return
        if line.asked.body:
            self.spec = line.asked.body["spec"]
            self.wrote.set()
        line.answer(
            {"metadata": {"uid": "u", "resourceVersion": "1", "name": "l"}, "spec": self.spec}, Date=self.date
        )


def epoch_of(start: Start, lease: OneLease, **options: Any) -> int:
    """Let one candidate lead, and return its epoch."""
    epochs: list[int] = []
    election = LeaseElection(start(lease).gateway(), "ns", "l", "me", retry=0.05, **options)
    led = threading.Event()

    def on_lead(epoch: int) -> None:
        epochs.append(epoch)
        led.set()

    thread = threading.Thread(target=election.run, args=(on_lead, lambda: None))
    thread.start()
    led.wait(10)
    election.stop()
    thread.join()
    return epochs[0]


@pytest.mark.parametrize(
    ("date", "epoch"),
    [
        ("Thu, 01 Jan 2026 00:00:00 GMT", 4 * _SECONDS_2026 + 1),
        ("Fri, 01 Jan 2100 00:00:00 GMT", (1 << 30) + 1),
        ("Wed, 01 Jan 2020 00:00:00 GMT", 1),
        ("no date", 1),
    ],
    ids=["four for each second since 2025", "a clock far ahead", "a clock behind 2025", "no time at all"],
)
def test_a_new_lease_begins_at_the_servers_time(start: Start, date: str, epoch: int) -> None:
    """The API server's time counts, not this machine's; the number always fits the field's 32 bits."""
    assert epoch_of(start, OneLease(date)) == epoch


def test_a_lease_that_is_there_goes_up_by_one(start: Start) -> None:
    """Whoever held it before, himself included."""
    spec = {"holderIdentity": "me", "leaseTransitions": 41}

    assert epoch_of(start, OneLease("Thu, 01 Jan 2026 00:00:00 GMT", spec)) == 42


def test_the_floor_goes_before_what_the_lease_says(start: Start) -> None:
    """A Lease that was set back by hand is outdone by what was written in a higher epoch."""
    spec = {"leaseTransitions": 3}

    assert epoch_of(start, OneLease("Thu, 01 Jan 2026 00:00:00 GMT", spec), floor=lambda: 70) == 71


def test_another_holder_is_waited_for_by_the_own_clock(start: Start) -> None:
    """What its renewTime says is nothing; that it did not change for as long as a Lease lasts is everything."""
    ahead = [0.0]
    spec = {"holderIdentity": "other", "leaseTransitions": 5, "renewTime": "1999-01-01T00:00:00.000000Z"}
    lease = OneLease("Thu, 01 Jan 2026 00:00:00 GMT", spec)
    api = start(lease)
    gateway = api.gateway()
    election = LeaseElection(gateway, "ns", "l", "me", retry=0.05, clock=lambda: awake() + ahead[0])
    thread = threading.Thread(target=election.run, args=(lambda _: None, lambda: None))
    thread.start()
    for _ in range(3):
        api.next_asked()
    waited = lease.wrote.is_set()
    ahead[0] = 15.0
    taken = lease.wrote.wait(10)
    election.stop()
    thread.join()

    assert (waited, taken) == (False, True)


def test_who_stops_when_the_lease_is_lost_gives_nothing_back(start: Start) -> None:
    """What was sent in its epoch may still be under way, so the next one waits; and it does not lead a second time."""
    lease, ahead = OneLease("Thu, 01 Jan 2026 00:00:00 GMT", {"leaseTransitions": 3}), [0.0]
    gateway = start(lease).gateway()
    election = LeaseElection(gateway, "ns", "l", "me", retry=0.05, clock=lambda: awake() + ahead[0])
    epochs: list[int] = []

    def on_lead(epoch: int) -> None:
        epochs.append(epoch)
        lease.away, ahead[0] = True, 10.0

    def on_lost() -> None:
        lease.away = False
        election.stop()

    election.run(on_lead, on_lost)

    assert epochs == [4]
    assert lease.spec
    assert lease.spec["holderIdentity"] == "me"


@pytest.mark.parametrize(("jump", "told"), [(14.0, 0), (16.0, 1)], ids=["a while", "longer than the lease"])
def test_who_slept_while_another_led_is_told(start: Start, jump: float, told: int) -> None:
    """He stood still while somebody else led, so he may not know what happened since."""
    spec = {"holderIdentity": "other", "leaseTransitions": 5}
    lease, ahead, slept = OneLease("Thu, 01 Jan 2026 00:00:00 GMT", spec), [0.0], list[bool]()
    api = start(lease)
    election = LeaseElection(
        api.gateway(), "ns", "l", "me",
        retry=0.2, slept=lambda: slept.append(True), clock=lambda: awake() + ahead[0],
    )  # fmt: skip
    thread = threading.Thread(target=election.run, args=(lambda _: None, lambda: None))
    thread.start()
    for _ in range(2):
        api.next_asked()
    ahead[0] = jump
    for _ in range(2):
        api.next_asked()
    election.stop()
    thread.join()

    assert len(slept) == told


def test_a_leader_that_slept_alone_is_told_before_it_leads_on(start: Start) -> None:
    """Nobody took the lease meanwhile, so it leads on; but not by what it knew."""
    lease, ahead = OneLease("Thu, 01 Jan 2026 00:00:00 GMT", {"leaseTransitions": 3}), [0.0]
    led, told, slept = threading.Event(), threading.Event(), list[bool]()
    gateway = start(lease).gateway()

    def on_slept() -> None:
        slept.append(election.leads())
        told.set()

    election = LeaseElection(
        gateway, "ns", "l", "me", retry=0.3, slept=on_slept, clock=lambda: awake() + ahead[0]
    )
    thread = threading.Thread(target=election.run, args=(lambda _: led.set(), lambda: None))
    thread.start()
    assert led.wait(10)
    ahead[0] = 16.0
    assert told.wait(10)
    election.stop()
    thread.join()

    assert slept == [False]
