"""When a process is sick, and when it is not ready."""

import pytest

from enc_operator.cluster.reflector import ReflectorState
from enc_operator.controller.state import State


def watches(**ages: float) -> dict[str, ReflectorState]:
    """Return synced watches by name and age."""
    return {name: ReflectorState(synced=True, age=age) for name, age in ages.items()}


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State(), ""),
        (State(heartbeat=121), "the reconciler has not moved for 121 s"),
        (State(watches=watches(pods=301, services=10)), "nothing was heard for 300 s of pods"),
        (State(watches=watches(pods=301, services=302)), ""),
        (State(watches=watches(pods=299, services=10)), ""),
        (State(watches={"pods": ReflectorState(age=float("inf"))}), ""),
    ],
    ids=["fresh", "stuck", "one silent", "the API server is silent", "not silent for long", "never listed"],
)
def test_sick(state: State, said: str) -> None:
    """A new process helps where this one hangs, and not where the API server does."""
    assert state.sick() == said


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State(fence=""), ""),
        (State(fence="gone"), "gone"),
        (State(fence="", missing=["pods: 403"]), "not everything is known yet: pods: 403"),
        (State(fence="", watches=watches(pods=200)), ""),
        (
            State(
                fence="", watches={"pods": ReflectorState(synced=True, age=151, failures=3, error="403 no")}
            ),
            "nothing was heard for 150 s of pods: 403 no",
        ),
    ],
    ids=[
        "all is there",
        "no fence",
        "something is not listed",
        "nothing happened for long",
        "a watch is refused",
    ],
)
def test_unready(state: State, said: str) -> None:
    """It says what is missing."""
    assert state.unready() == said
