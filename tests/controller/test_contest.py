"""How often a workload may be written, and who is in the way."""

from typing import Any

import pytest

from enc_operator.controller.contest import History, other_manager
from enc_operator.core.injection.writing import Decision, State

WANTED = Decision(State.ABSENT, {"a": 1}, marked=True)
OTHER = Decision(State.ABSENT, {"a": 2}, marked=True)
BACK = Decision(State.ABSENT, {}, marked=False)


class Time:
    """A clock that stands still."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


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
    assert 5 <= fought(History(clock), clock, 3600, reset) <= most


def test_a_fight_is_told_of_and_forgotten(clock: Time) -> None:
    """It is one from the second time on, and none any more when it was not undone for a while."""
    history = History(clock)
    fought(history, clock, 1, 0.5)
    assert not history.contested

    fought(history, clock, 30, 0.5)
    assert history.contested

    clock.now += 3600
    assert not history.contested


def test_another_wish_is_no_fight(clock: Time) -> None:
    """Whoever changes the AgentTarget or the image waits for seconds at most."""
    history = History(clock)
    history.turn(WANTED)
    history.written(WANTED)

    history.turn(OTHER)

    assert not history.noticed(OTHER, bare=False)
    assert history.not_before - clock.now <= 1


def test_the_same_again_is_a_fight(clock: Time) -> None:
    """Also where somebody undoes only a part of it."""
    history = History(clock)
    history.turn(WANTED)
    history.written(WANTED)

    assert history.noticed(WANTED, bare=False)
    assert not history.noticed(WANTED, bare=False)


def test_taking_out_waits_for_nothing(clock: Time) -> None:
    """However long the fight was."""
    history = History(clock)
    fought(history, clock, 300, 0.1)
    assert history.not_before > clock.now

    history.turn(BACK)

    assert history.not_before == 0


def test_refusals_wait(clock: Time) -> None:
    """As long as the API server asks for, too."""
    history = History(clock)

    history.failed("no", 20)

    assert history.not_before - clock.now == pytest.approx(20)
    assert history.problem == "no"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], "an unknown writer"),
        ([{"manager": "helm", "time": "1"}, {"manager": "argocd", "time": "2"}], "argocd"),
        ([{"manager": "helm", "time": "1"}, {"manager": "enc-operator", "time": "2"}], "helm"),
        (
            [{"manager": "helm", "time": "1"}, {"manager": "kcm", "time": "2", "subresource": "status"}],
            "helm",
        ),
    ],
    ids=["nobody is named", "the last one", "not ourselves", "not who writes the status"],
)
def test_who_wrote_last(fields: list[dict[str, Any]], expected: str) -> None:
    """As the object's managedFields say."""
    assert other_manager({"metadata": {"managedFields": fields}}) == expected
