"""The facts that reviews are decided by."""

from datetime import UTC, datetime

import pytest
from kubernetes.client import Configuration

from e2e.cluster.folder import wait_until
from enc_operator.cluster.gateway import Gateway
from enc_operator.core.admission.world import AdmissionSettings
from enc_operator.process.settings import AgentAccounts, LeaseName, Settings
from enc_operator.webhook.facts import LiveFacts
from living import AGENTS, NOW, facts, frame, grant, namespace
from reading_objects import crds

SETTINGS = Settings(LeaseName("enc", "enc"), agents=(AgentAccounts("dd", ("node", "cluster")),))
OF = {"namespace": "shop", "serviceAccounts": ["*"]}
EXPIRING = grant("g", "bank", "db", of=OF, expires="2026-02-01T00:00:00Z")


class Time:
    """The time that a test says it is."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now


@pytest.fixture
def time() -> Time:
    """Hold the time."""
    return Time()


@pytest.fixture
def live(time: Time) -> LiveFacts:
    """Make facts whose watches are not started."""
    return made(SETTINGS, time)


def made(settings: Settings, time: Time) -> LiveFacts:
    """Make facts."""
    gateway = Gateway(Configuration(host="https://127.0.0.1:1"))
    return LiveFacts(gateway, settings, frame(), AdmissionSettings(crds(), AGENTS), time)


def test_a_world_holds_until_something_changes(live: LiveFacts) -> None:
    """It is prepared once for as many reviews as it holds for."""
    first = live.world()
    assert live.world() is first

    live.put(facts(EXPIRING, namespace("bank")))
    assert live.world() is first

    second = live.prepare()
    assert live.world() is live.prepare() is second
    assert [each.name for each in second.inventory.grants] == ["g"]


def test_facts_are_known_when_everything_was_listed(live: LiveFacts) -> None:
    """Before that a grant that there is would be missed."""
    assert not live.known

    live.reflectors.clear()  # there is nothing to list

    assert live.known


def test_what_ends_by_time_alone_ends(live: LiveFacts, time: Time) -> None:
    """The world is another one when a grant has expired, though nobody told anything."""
    live.put(facts(EXPIRING, namespace("bank")))
    before = live.world()
    time.now = datetime(2026, 2, 1, tzinfo=UTC)

    after = live.world()

    assert after is not before
    assert after.inventory.now == time.now


def test_a_grant_of_a_namespace_that_ends_counts_no_more(live: LiveFacts) -> None:
    """It is as for the operator."""
    live.put(facts(EXPIRING, namespace("bank", terminating=True)))
    live.prepare()

    assert live.world().inventory.grants == []


def test_other_facts_are_prepared_beside_the_reviews(live: LiveFacts) -> None:
    """And not after a list that tells nothing new, or by time; who knows facts can tell that they are others now."""
    live.reflectors.clear()  # there is no API server
    world = live.world()
    live.start()
    try:
        live.wake()
        live.put({})
        assert live.prepare() is world
        assert live.is_current(world)

        live.put(facts(namespace("bank")))

        wait_until(lambda: not live.is_current(world), "they are prepared", seconds=10)
        assert "bank" in live.world().inventory.namespaces
    finally:
        live.stop()


def test_facts_that_cannot_be_prepared_are_told_and_tried_again(
    live: LiveFacts, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """What was prepared before holds on."""
    live.reflectors.clear()
    world = live.world()
    right, time.now = time.now, "no time"  # type: ignore[assignment]
    live.start()
    try:
        live.put(facts(EXPIRING, namespace("bank")))
        wait_until(lambda: "could not be prepared" in caplog.text, "it is told", seconds=10)
        time.now = right
        wait_until(lambda: not live.is_current(world), "they are prepared", seconds=10)
    finally:
        live.stop()


@pytest.mark.parametrize(
    ("namespaces", "grants"),
    [
        ((), ["/apis/enc-operator.io/v1alpha1/secretgrants"]),
        (("b", "a"), [f"/apis/enc-operator.io/v1alpha1/namespaces/{name}/secretgrants" for name in "ab"]),
    ],
    ids=["every namespace", "some namespaces"],
)
def test_what_is_watched(time: Time, namespaces: tuple[str, ...], grants: list[str]) -> None:
    """Consents in the operator's scope, workloads and configuration where the Agents are; no pod, no Service, no Secret."""
    settings = Settings(SETTINGS.lease, agents=SETTINGS.agents, namespaces=frozenset(namespaces))
    watched = list(made(settings, time).states())

    assert [path for path in watched if "secretgrants" in path and "cluster" not in path] == grants
    assert "/apis/apps/v1/namespaces/dd/daemonsets" in watched
    assert {path.rpartition("/")[2] for path in watched} == {
        "secretgrants", "agenttargets", "rolebindings", "namespaces", "clustersecretgrants",
        "configmaps", "daemonsets", "deployments", "statefulsets",
    }  # fmt: skip
