"""Two candidates for one Lease on a real API server: at most one leads, every leadership has a higher epoch, hands in between are survived."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.faulty_proxy import FaultyProxy, faulty_proxy
from e2e.scenarios.operator_access import administrator_token, direct, through
from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.gateway import Gateway
from enc_operator.cluster.lease import LeaseElection, awake

QUICK = {"lease": 3.0, "renew": 1.6, "retry": 0.2}


class Candidate:
    """An election in its thread; `epochs` are those it led in, `lost` how often it lost."""

    def __init__(self, gateway: Gateway, namespace: str, name: str, **options: Any) -> None:
        self.offset = 0.0
        """Seconds that its clock is ahead: as if the process had been stopped for so long."""
        settings = {**QUICK, "clock": lambda: awake() + self.offset, **options}
        self.election = LeaseElection(gateway, namespace, "writer", name, **settings)
        self.epochs: list[int] = []
        self.lost = 0
        self.when_leading: Callable[[], object] = list
        self._thread = threading.Thread(target=self.election.run, args=(self._on_lead, self._on_lost))

    def _on_lead(self, epoch: int) -> None:
        self.when_leading()
        self.epochs.append(epoch)

    def _on_lost(self) -> None:
        self.lost += 1

    def start(self) -> "Candidate":
        """Take part."""
        self._thread.start()
        return self

    def started(self) -> "Candidate":
        """Take part, and wait until it leads."""
        return self.start().until(lambda: bool(self.election.leads() and self.epochs), "it leads")

    def until(self, condition: Callable[[], bool], what: str) -> "Candidate":
        """Wait for something."""
        wait_until(condition, what, seconds=20, every=0.01)
        return self

    def stop(self) -> None:
        """Leave."""
        self.election.stop()
        if self._thread.ident:
            self._thread.join()


class World:
    """The Lease, written and read directly, and candidates with or without the proxy."""

    def __init__(self, gateway: Gateway, proxied: Gateway, proxy: FaultyProxy, namespace: str) -> None:
        self.gateway = gateway
        self.proxied = proxied
        self.proxy = proxy
        self.namespace = namespace
        self.path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self.stack = ExitStack()

    def candidate(self, name: str, *, proxied: bool = False, **options: Any) -> Candidate:
        """Make a candidate that is stopped in the end."""
        made = Candidate(self.proxied if proxied else self.gateway, self.namespace, name, **options)
        self.stack.callback(made.stop)
        return made

    def spec(self) -> dict[str, Any]:
        """Read the Lease's spec."""
        found: dict[str, Any] = self.gateway.call(Call("GET", f"{self.path}/writer"))["spec"]
        return found

    def edit(self, change: Any) -> None:
        """Edit the Lease as a person would, until the API server takes it."""
        patch = Call("PATCH", f"{self.path}/writer", body=change, content_type="application/merge-patch+json")
        self.gateway.call(patch)

    def delete(self) -> None:
        """Delete the Lease."""
        self.gateway.call(Call("DELETE", f"{self.path}/writer"))


@pytest.fixture
def world(api_server: Cluster, namespace: str, tmp_path: Path) -> Iterator[World]:
    """Put a proxy before the API server, for those whose renewals are to fail."""
    token = administrator_token(api_server, namespace)
    with (
        direct(api_server) as gateway,
        faulty_proxy(api_server, tmp_path) as proxy,
        through(proxy, token) as proxied,
    ):
        made = World(gateway, proxied, proxy, namespace)
        with made.stack:
            yield made


def test_the_first_leads_and_the_next_takes_over_at_once_when_it_stops(world: World) -> None:
    """The Lease names who leads and his epoch; released, it is taken without the wait for its end, with a higher epoch."""
    first = world.candidate("first").started()
    spec = world.spec()
    second = world.candidate("second", lease=600.0).start()
    second.until(lambda: bool(second.election._observed), "it has seen the holder")  # noqa: SLF001
    assert not second.election.leads()

    first.stop()
    second.until(lambda: bool(second.epochs), "the second leads")

    assert (spec["holderIdentity"], spec["leaseTransitions"]) == ("first", first.epochs[0])
    assert (first.lost, first.election.leads(), first.election.epoch) == (1, False, None)
    assert second.epochs == [first.epochs[0] + 1]
    assert world.spec()["leaseTransitions"] == second.election.epoch


def test_one_whose_renewals_freeze_stops_leading_before_the_next_leads(world: World) -> None:
    """By the time another one leads, the first does not believe in itself any more, and its epoch is the lower one."""
    first = world.candidate("first", proxied=True).started()
    second = world.candidate("second")
    believed: list[bool] = []
    second.when_leading = lambda: believed.append(first.election.leads())
    second.start()

    with world.proxy.frozen():
        second.until(lambda: bool(second.epochs), "the second leads")
        assert first.election.epoch is None
        first.until(lambda: first.lost == 1, "the first has been told")

    assert believed == [False]
    assert second.epochs[0] > first.epochs[0]
    assert second.election.leads()


def test_one_that_slept_does_not_believe_itself_leader(world: World) -> None:
    """A process that was stopped past its deadline, as by SIGSTOP or a suspended machine, knows it before it does anything."""
    with world.proxy.fault(lambda request: request.method == "PUT", hold=threading.Event()):
        sleeper = world.candidate("sleeper", proxied=True).started()

        sleeper.offset = 5.0

        assert not sleeper.election.leads()
        assert sleeper.election.epoch is None


def test_refused_renewals_are_tried_again_until_the_deadline(world: World) -> None:
    """Some failures cost nothing; the leader goes on in the same epoch."""
    leader = world.candidate("leader", proxied=True).started()

    with world.proxy.fault(lambda request: request.method == "PUT", status=503, times=3) as failing:
        leader.until(lambda: failing.met == 3, "three renewals failed")
    renewed = world.spec()["renewTime"]
    leader.until(lambda: world.spec()["renewTime"] != renewed, "it renews again")

    assert (len(leader.epochs), leader.lost) == (1, 0)


def test_a_renewal_that_was_done_but_not_answered_is_no_loss(world: World) -> None:
    """The leader recognises its own unanswered write, and goes on in the same epoch."""
    leader = world.candidate("leader", proxied=True).started()

    with world.proxy.fault(
        lambda request: request.method == "PUT", cut=True, after=True, times=2
    ) as unanswered:
        leader.until(lambda: unanswered.met == 2, "two renewals were not answered")
    renewed = world.spec()["renewTime"]
    leader.until(lambda: world.spec()["renewTime"] != renewed, "it renews again")

    assert (len(leader.epochs), leader.lost) == (1, 0)


def test_an_acquisition_that_was_not_answered_is_taken_up(world: World) -> None:
    """One that became holder without hearing of it leads soon, in an epoch of its own."""
    with world.proxy.fault(lambda request: request.method == "POST", cut=True, after=True, times=1):
        candidate = world.candidate("unheard", proxied=True, lease=600.0).started()

    assert world.spec()["leaseTransitions"] == candidate.epochs[0]


def test_a_deleted_lease_is_lost_and_its_epochs_never_come_again(world: World) -> None:
    """Whoever leads next, also another process that saw nothing, has a higher epoch than all before the deletion."""
    first = world.candidate("first").started()
    world.delete()
    first.until(lambda: len(first.epochs) == 2, "it led again")
    first.stop()
    world.delete()

    other = world.candidate("other").started()

    assert first.lost == 2
    assert first.epochs[0] < first.epochs[1] < other.epochs[0]
    assert other.epochs[0] < 1 << 31


@pytest.mark.parametrize(
    "change",
    [
        {"spec": {"holderIdentity": "somebody"}},
        {"spec": {"leaseTransitions": 3}},
        {"spec": {"holderIdentity": ""}},
        {"spec": None},
    ],
    ids=["another holder", "a lower epoch", "nobody", "nothing at all"],
)
def test_a_lease_that_was_edited_by_hand_is_lost(world: World, change: Any) -> None:
    """The leader stops leading, and takes part again, in a higher epoch."""
    leader = world.candidate("leader").started()

    world.edit(change)
    leader.until(lambda: leader.lost == 1, "it has lost the Lease")
    leader.until(lambda: bool(leader.election.leads() and len(leader.epochs) == 2), "it leads again")

    assert leader.epochs[1] > leader.epochs[0]
    assert world.spec()["leaseTransitions"] == leader.epochs[1]


def test_a_label_put_on_the_lease_by_hand_is_kept(world: World) -> None:
    """What does not concern the leadership does not end it, and stays."""
    leader = world.candidate("leader").started()

    world.edit({"metadata": {"labels": {"kept": "yes"}}})
    renewed = world.spec()["renewTime"]
    leader.until(lambda: world.spec()["renewTime"] != renewed, "it renews")

    lease = world.gateway.call(Call("GET", f"{world.path}/writer"))
    assert (lease["metadata"]["labels"], leader.lost, len(leader.epochs)) == ({"kept": "yes"}, 0, 1)


def test_the_floor_is_below_every_epoch(world: World) -> None:
    """What was written in a higher epoch, as the caller knows, is outdone at once."""
    floor = 1 << 30

    assert world.candidate("first", floor=lambda: floor).started().epochs == [floor + 1]


def test_a_missing_right_is_told(world: World) -> None:
    """A candidate that is refused does not lead, and says why."""
    with world.proxy.fault(lambda request: request.method == "POST", status=403):
        candidate = world.candidate("weak", proxied=True).start()
        candidate.until(lambda: "403" in candidate.election.error, "the refusal is told")

    assert candidate.epochs == [] or candidate.election.leads()


def test_many_candidates_never_lead_together(world: World) -> None:
    """Five candidates of which the leader always leaves: each leads once, in ascending epochs, and never two at a time."""
    candidates = [world.candidate(f"c{number}") for number in range(5)]
    together: list[int] = []
    for each in candidates:
        each.when_leading = lambda: together.append(sum(one.election.leads() for one in candidates))
        each.start()

    for _ in candidates:
        wait_until(lambda: any(each.epochs and not each.lost for each in candidates), "one leads", seconds=20)
        next(each for each in candidates if each.epochs and not each.lost).stop()

    epochs = sorted(epoch for each in candidates for epoch in each.epochs)
    assert together == [1] * 5
    assert epochs == list(range(epochs[0], epochs[0] + 5))
    with pytest.raises(ApiError, match="404"):
        world.gateway.call(Call("GET", f"{world.path}/other"))
