"""How often a workload may be written, and who is in the way."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from enc_operator.controller.contest import History, Undone, read_undone
from enc_operator.controller.managers import UNKNOWN
from enc_operator.core.injection.writing import Decision, State

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
WANTED = Decision(State.ABSENT, {"a": 1}, marked=True)
OTHER = Decision(State.ABSENT, {"a": 2}, marked=True)
BACK = Decision(State.ABSENT, {}, marked=False)
REFUSED = Decision(State.REFUSED, {}, marked=False)


class Time:
    """A clock that stands still."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def wall(self) -> datetime:
        """Return the same as a date."""
        return EPOCH + timedelta(seconds=self.now)


@pytest.fixture
def clock() -> Time:
    """Return a clock."""
    return Time()


def fought(history: History, clock: Time, seconds: float, reset: float, decision: Decision = WANTED) -> int:
    """Have somebody undo each write after `reset` seconds for a time; return how many writes there were."""
    writes, end = 0, clock.now + seconds
    while clock.now < end:
        history.turn(decision)
        if clock.now >= history.not_before and not history.noticed(decision, bare=True):
            writes += 1
            history.written(decision)
            clock.now += reset
        else:
            clock.now += 0.5
    return writes


@pytest.mark.parametrize(
    ("reset", "most"),
    [(0.05, 20), (1.0, 20), (30.0, 20), (180.0, 20)],
    ids=["at once", "1 s", "30 s", "3 min"],
)
def test_a_fight_costs_few_writes(clock: Time, reset: float, most: int) -> None:
    """Within an hour: the waits double up to ten minutes."""
    assert 5 <= fought(History(clock, clock.wall), clock, 3600, reset) <= most


def test_a_fight_is_told_of_and_forgotten(clock: Time) -> None:
    """It is one from the second time on, and none any more when it was not undone for a while."""
    history = History(clock, clock.wall)
    fought(history, clock, 1, 0.5)
    assert not history.contested

    fought(history, clock, 30, 0.5)
    assert history.contested

    clock.now += 3600
    assert not history.contested


def test_another_wish_is_no_fight(clock: Time) -> None:
    """Whoever changes the AgentTarget or the image waits for seconds at most."""
    history = History(clock, clock.wall)
    history.turn(WANTED)
    history.written(WANTED)

    history.turn(OTHER)

    assert not history.noticed(OTHER, bare=False)
    assert history.not_before - clock.now <= 1


def test_the_same_again_is_a_fight(clock: Time) -> None:
    """Also where somebody undoes only a part of it."""
    history = History(clock, clock.wall)
    history.turn(WANTED)
    history.written(WANTED)

    assert history.noticed(WANTED, bare=False)
    assert not history.noticed(WANTED, bare=False)


def test_taking_out_waits_for_nothing(clock: Time) -> None:
    """However long the fight was."""
    history = History(clock, clock.wall)
    fought(history, clock, 300, 0.1)
    assert history.not_before > clock.now

    history.turn(BACK)

    assert history.not_before == 0


def test_refusals_wait(clock: Time) -> None:
    """As long as the API server asks for, too."""
    history = History(clock, clock.wall)

    history.failed("no", 20)

    assert history.not_before - clock.now == pytest.approx(20)
    assert history.problem == "no"


def status(**undone: Any) -> dict[str, Any]:
    """Return an AgentTarget with a status."""
    return {"status": {"components": [{"kind": "DaemonSet", "name": "agent", "undone": undone}]}}


def test_a_restart_is_no_reason_to_write(clock: Time) -> None:
    """The next process goes on where the last one was: it waits as long, says who it is, and then ever longer."""
    first = History(clock, clock.wall)
    fought(first, clock, 30, 0.5)
    assert first.fight
    found = read_undone(status(**first.fight.written()), "DaemonSet", "agent")
    assert found

    second = History(clock, clock.wall)
    second.turn(WANTED)
    second.resume(found)

    assert second.contested
    left = (first.fight.not_before - clock.wall()).total_seconds()
    assert second.not_before - clock.now == pytest.approx(left, abs=1.0)
    assert (second.undone, found.by) == (first.undone, UNKNOWN)
    assert fought(second, clock, 600, 0.5) <= 6


@pytest.mark.parametrize("lives", [5.0, 20.0, 300.0], ids=["5 s", "20 s", "5 min"])
def test_a_crash_loop_in_a_fight_costs_few_writes(clock: Time, lives: float) -> None:
    """Within an hour no more than two for each step of the waits: one may end before it is seen that it was undone."""
    fight, writes, end = Undone("argocd", 1, clock.wall()), 0, clock.now + 3600
    while clock.now < end:
        history = History(clock, clock.wall)
        history.turn(WANTED)
        history.resume(fight)
        writes += fought(history, clock, lives, 0.5)
        fight = history.fight or fight

    assert writes <= 28


def test_an_old_fight_is_forgotten(clock: Time) -> None:
    """Whoever did it half an hour ago may be gone."""
    history = History(clock, clock.wall)

    history.resume(Undone("argocd", 5, clock.wall() - timedelta(minutes=31)))

    assert (history.fight, history.not_before, history.contested) == (None, 0, False)


@pytest.mark.parametrize(
    "target",
    [
        {},
        status(),
        status(times="1", notBefore="2026-01-01T00:00:00Z"),
        status(times=1, notBefore="soon"),
        status(times=1, notBefore="2026-13-31T29:00:00Z"),
        {"status": {"components": [{"kind": "Deployment", "name": "agent"}]}},
    ],
    ids=["no status", "nothing", "no number", "no time", "a time that there is not", "another workload"],
)
def test_what_a_status_does_not_say(target: dict[str, Any]) -> None:
    """It is as if there had been nothing."""
    assert read_undone(target, "DaemonSet", "agent") is None


def test_a_users_backend_now_and_then_is_no_way_round_the_waits(clock: Time) -> None:
    """Who sets one and takes it away in turn has the injection taken out and put in ever more rarely."""
    history, writes, end = History(clock, clock.wall), 0, clock.now + 600
    while clock.now < end:
        decision = (WANTED, REFUSED)[writes % 2]
        history.turn(decision)
        if clock.now >= history.not_before and not history.noticed(decision, bare=True):
            writes += 1
            history.written(decision)
        clock.now += 0.5

    assert writes <= 30
