"""What got in while nobody refused it, on a real API server: the operator tells of each thing, and of nothing once it is put right.

The webhook audited, or no replica answered and the API server let everything in, or there was no operator yet.
"""

import json
from collections.abc import Iterator
from functools import partial

import pytest

from e2e.cluster.folder import wait_until
from e2e.scenarios import admission_ways as ways
from e2e.scenarios.admission_acts import foreign
from e2e.scenarios.admission_ways import MERGE, checks, pod
from e2e.scenarios.admission_wrongs import BAD, Bad
from e2e.scenarios.instrumentations import instrumentations
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.running_operator import OperatorProcess, within
from e2e.scenarios.webhooked_world import Said, Webhooked, webhooked

_OBJECTS = "enc_objects_unauthorized"


def _stored(world: Webhooked, bad: Bad) -> tuple[str, str]:
    """Have the administrator store it; return its name and where it stands."""
    said = world.send("admin", "POST", bad.path(world), bad.make(world))
    assert said.accepted, said.message
    name = said.stored["metadata"]["name"]
    return name, f"{bad.path(world)}/{name}"


def _bound(world: Webhooked) -> str:
    """Bind a pod with a template, which the API server puts onto it; return its name."""
    path = ways.stored(world, pod(world, None))
    assert world.send("admin", "POST", f"{path}/binding", ways.binding_of(path, foreign(world))).accepted
    return path.rpartition("/")[2]


Stored = dict[str, tuple[str, str]]


@pytest.fixture(scope="module")
def caught_up(
    tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Webhooked, OperatorProcess, Stored]]:
    """Have each bad thing come in: while a replica audits, while none answers, and while an operator is there besides."""
    with instrumentations(tenants.cluster), webhooked(tenants, tmp_path_factory.mktemp("webhook")) as world:
        tenants.apply(tenants.target())
        wait_until(
            lambda: world.try_foreign().accepted and world.calls().get("pods"), "it is asked", seconds=20
        )
        bad = list(BAD.items())
        stored = {name: _stored(world, each) for name, each in bad[::3]}
        world.process.kill()
        stored |= {name: _stored(world, each) for name, each in bad[1::3]}
        with world.install.operator() as operator:
            operator.ready().leading()
            stored |= {name: _stored(world, each) for name, each in bad[2::3]}
            yield world, operator, stored
            tenants.clear()


def _events(world: Webhooked, bad: Bad, name: str) -> list[tuple[str, str, str]]:
    """Return type, reason and words of the Events on an object."""
    found = json.loads(world.tenants.events(bad.namespace))["items"]
    return [
        (each["type"], each["reason"], each["message"])
        for each in found
        if (each["involvedObject"]["kind"], each["involvedObject"]["name"]) == (bad.kind, name)
    ]


@pytest.mark.parametrize("what", BAD)
def test_each_is_told_of_on_the_object(
    what: str, caught_up: tuple[Webhooked, OperatorProcess, Stored]
) -> None:
    """One Event, with the code, the words and the fix of admission."""
    world, _, stored = caught_up
    bad, (name, _) = BAD[what], stored[what]

    within(30, "it is told", lambda: _events(world, bad, name))
    events = _events(world, bad, name)
    assert len(events) == 1, events
    kind, reason, message = events[0]
    assert (kind, reason) == ("Warning", bad.reason)
    assert message.startswith(bad.code)
    assert "; fix: " in message
    assert "s3cr3t" not in message


def test_what_came_with_a_binding_is_told_of_on_the_pod(
    caught_up: tuple[Webhooked, OperatorProcess, Stored],
) -> None:
    """The annotations are the pod's by then; when the pod goes, so do they."""
    world, operator, _ = caught_up
    name = _bound(world)

    within(30, "it is told", lambda: _events(world, BAD["a pod"], name))
    world.send("admin", "DELETE", f"{world.path('pods')}/{name}?gracePeriodSeconds=0")
    within(20, "it is not counted any more", partial(_is_counted, operator, BAD["a pod"]))


def test_a_grant_puts_right_too(caught_up: tuple[Webhooked, OperatorProcess, Stored]) -> None:
    """Where the Secret's owner consents afterwards, the reference stands as any other."""
    world, operator, _ = caught_up
    text = checks(f"ENC[{world.tenants.handle('bank', 'granted')}]")
    path = ways.stored(world, pod(world, text))
    within(20, "it is counted", lambda: _count(operator, BAD["a pod"]) == 1)

    world.tenants.apply(world.tenants.grant("late", "bank", "granted"))

    within(20, "it is not any more", partial(_is_counted, operator, BAD["a pod"]))
    world.send("admin", "DELETE", f"{path}?gracePeriodSeconds=0")


def _count(operator: OperatorProcess, bad: Bad) -> float:
    """Return how many of a kind are counted that are not in the table."""
    return operator.metric(bad.metric) - sum(other.metric == bad.metric for other in BAD.values())


def test_the_metric_counts_them_and_goes_back_to_nothing(
    caught_up: tuple[Webhooked, OperatorProcess, Stored],
) -> None:
    """By kind and code; whatever is changed or deleted is not counted any more."""
    world, operator, stored = caught_up
    for each in BAD.values():
        within(20, each.metric, partial(_is_counted, operator, each))
    assert operator.metric(_OBJECTS) == len(BAD)

    for name, bad in BAD.items():
        _, path = stored[name]
        said = _put_right(world, bad, path)
        assert said.accepted, said.message

    within(20, "nothing is left", lambda: operator.metric(_OBJECTS) == 0)
    assert "enc_references_unauthorized{" not in operator.get("/metrics")[1]
    assert operator.process.poll() is None


def _is_counted(operator: OperatorProcess, bad: Bad) -> bool:
    return _count(operator, bad) == 0


def _put_right(world: Webhooked, bad: Bad, path: str) -> Said:
    if bad.fixed:
        return world.send("admin", "PATCH", path, bad.fixed(world), MERGE)
    return world.send("admin", "DELETE", f"{path}?gracePeriodSeconds=0")
