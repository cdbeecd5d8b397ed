"""How long each name waits after it was refused."""

from dataclasses import replace

import pytest

from enc_operator.controller.applier import Refused
from enc_operator.controller.waiting import Waiting
from enc_operator.core.rbac.convergence import Action, Write

NOW = 100.0


def write(name: str) -> Write:
    """Return a creation."""
    return Write(Action.CREATE, "Role", "shop", name, {})


def refused(name: str, status: int = 500, retry_after: float = 0.0) -> Refused:
    """Return a refusal."""
    return Refused(write(name), f"{status}", status, retry_after)


@pytest.mark.parametrize(
    ("status", "times", "seconds"),
    [(500, 1, 0.4), (500, 3, 1.6), (500, 99, 60.0), (409, 1, 0.4), (409, 99, 5.0)],
    ids=["once", "three times", "for long", "a conflict", "a conflict that does not end"],
)
def test_patience_grows_up_to_a_limit(status: int, times: int, seconds: float) -> None:
    """Until then, or half of it, the name is not tried."""
    waiting = Waiting(NOW)
    for _ in range(times):
        waiting.set_back([refused("a", status)], NOW)

    assert waiting.due([(write("a"),)], NOW + seconds / 2 - 0.01) == []
    assert NOW + seconds / 2 <= waiting.not_before <= NOW + seconds
    assert waiting.due([(write("a"),)], NOW + seconds) == [(write("a"),)]


@pytest.mark.parametrize(("asked", "seconds"), [(7.0, 7.0), (9000.0, 120.0)])
def test_a_server_that_asks_to_be_left_alone_is(asked: float, seconds: float) -> None:
    """Within reason."""
    waiting = Waiting(NOW)
    waiting.set_back([refused("a", 429, asked)], NOW)

    waiting.due([(write("a"),)], NOW)

    assert waiting.not_before == pytest.approx(NOW + seconds)


def test_names_wait_for_themselves_only() -> None:
    """One that was never refused is due, and the namespace is looked at again at once."""
    waiting = Waiting(NOW)
    waiting.set_back([refused("a")], NOW)

    assert waiting.due([(write("a"),), (write("b"),)], NOW) == [(write("b"),)]
    assert waiting.not_before == 0.0


def test_a_name_that_needs_nothing_has_no_past() -> None:
    """Neither patience nor problem is left."""
    waiting = Waiting(NOW)
    waiting.set_back([refused("a")], NOW)

    assert waiting.due([], NOW) == []

    assert (waiting.setbacks, waiting.problems(), waiting.not_before) == ({}, (), 0.0)


def test_what_changed_is_looked_at() -> None:
    """Although the names that were refused still wait."""
    waiting = Waiting(NOW)
    waiting.set_back([refused("a")], NOW)
    waiting.due([(write("a"),)], NOW)

    waiting.look()

    assert waiting.not_before == 0.0
    assert waiting.due([(write("a"),)], NOW) == []


def test_conflicts_are_said_only_when_they_do_not_end() -> None:
    """What is known by the next time settles most of them."""
    waiting = Waiting(NOW)
    conflict = refused("a", 409)
    for _ in range(5):
        waiting.set_back([conflict], NOW)
    assert waiting.problems() == ()

    waiting.set_back([conflict, replace(refused("b"), message="no")], NOW)

    assert [each.message for each in waiting.problems()] == ["409", "no"]
