"""Writing injections: for the object that was decided about, after permissions, and never against what was changed meanwhile."""

import threading
from datetime import UTC, datetime

import pytest

from enc_operator.controller.injections import injection_counts, standing_of
from enc_operator.core.injection.writing import Held, State
from injected_world import NAME, NODE, RESOLVER, TARGET, World, injected, refusal
from living import agent, manifest, target


def test_the_config_map_comes_first() -> None:
    """Then the workload, once, and it is told."""
    world = World()
    world.follow(agent(), target("Full"))

    assert world.injector.step()
    world.injector.step()

    assert world.writer.calls == [("create", "ConfigMap"), ("patch", "DaemonSet")]
    assert (world.injector.writes, [each.reason for each in world.told]) == (1, ["Injected"])


@pytest.mark.parametrize("closed", ["open", "settled"], ids=["without leave", "before permissions"])
def test_nothing_is_written(closed: str) -> None:
    """An Agent that asks too early asks no more."""
    world = World()
    setattr(world, closed, False)
    world.follow(agent(), target("Full"))

    assert world.injector.step()

    assert not world.patches()


def test_what_changed_meanwhile_is_planned_anew() -> None:
    """An object that is not the one that was decided about is left."""
    world = World()
    world.follow(agent(), target("Full"))
    world.writer.stored["DaemonSet"]["spec"]["template"]["spec"]["hostNetwork"] = True

    world.injector.step()

    assert not world.patches()
    assert world.injector.problem(NODE) == ""


def test_a_refusal_is_told() -> None:
    """The condition says it until the write takes effect."""
    world = World()
    world.writer.failing["patch", "DaemonSet"] = refusal(403, "the fence says no")
    world.follow(agent(), target("Full"))

    world.injector.step()
    (standing,) = standing_of(world.injector, TARGET)

    assert "the fence says no" in standing.problem
    assert [each.reason for each in world.told] == ["InjectionFailed"]


@pytest.mark.parametrize(
    ("status", "said"), [(409, "it was changed"), (404, "gone"), (422, "testing value failed: test failed")]
)
def test_a_race_is_no_refusal(status: int, said: str) -> None:
    """Nobody needs to hear of it."""
    world = World()
    world.writer.failing["patch", "DaemonSet"] = refusal(status, said)
    world.follow(agent(), target("Full"))

    world.injector.step()

    assert (world.injector.problem(NODE), world.told) == ("", [])


def test_somebody_undoes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """He is named once it is no accident any more."""
    world = World()
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    world.follow(agent(), target("Full"))
    for _ in range(40):
        world.injector.step()
        now[0] += 0.5

    assert world.injector.contested(NODE) == "argocd"
    assert 2 <= world.patches() <= 6
    assert injection_counts(world.injector) == {"Contested": 1, "NotInjected": 1}
    assert "InjectionContested" in {each.reason for each in world.told}


def test_it_is_taken_out() -> None:
    """The AgentTarget goes when its workloads are as they were."""
    world = World()
    once = injected(world.follow(agent(), target("Full")))
    assert not world.injector.taken_out(TARGET)

    world.follow(once)
    assert not world.injector.taken_out(TARGET)
    world.injector.step()
    world.follow(agent())

    assert world.injector.taken_out(TARGET)
    assert world.writer.calls == [("patch", "DaemonSet")]
    assert [each.reason for each in world.told] == ["InjectionRemoved"]


def test_nothing_is_taken_out_before_anything_is_known() -> None:
    """An AgentTarget that is deleted while the operator begins waits for its workloads, too."""
    world = World()
    assert not world.injector.taken_out(TARGET)

    world.follow(agent())
    assert world.injector.taken_out(TARGET)


def test_what_stands_needs_no_call() -> None:
    """Nothing is written or read in the steady state but the ConfigMap, once."""
    world = World()
    once = injected(world.follow(agent(), target("Full")))
    world.follow(once, manifest("ConfigMap", "dd", NAME, data={}), target("Full"))

    assert not world.injector.step()
    assert not world.injector.step()

    assert world.writer.calls == [("create", "ConfigMap")]
    (standing,) = standing_of(world.injector, TARGET)
    assert (standing.state, standing.held) == (State.INJECTED, Held("bundled", RESOLVER.digest))
    assert (world.injector.problem(NODE), world.injector.contested(NODE)) == ("", "")


def test_it_ends() -> None:
    """Told to stop, it begins nothing more."""
    world = World()
    thread = threading.Thread(target=world.injector.run)
    thread.start()
    world.follow(agent(), target("Full"))

    world.injector.stop()
    thread.join(60)

    assert not thread.is_alive()


UNDONE = {
    "kind": "DaemonSet",
    "name": "agent",
    "undone": {"by": "argocd", "times": 6, "notBefore": "2026-01-01T00:01:00Z"},
}


def test_a_fight_goes_on_where_an_earlier_process_left_it() -> None:
    """A restart writes nothing before that process would have, and names the writer at once."""
    world = World()
    world.writer.stored["AgentTarget"] = {"status": {"components": [UNDONE]}}
    world.now = datetime(2026, 1, 1, tzinfo=UTC)
    world.follow(agent(), target("Full"))
    assert [each.met for each in standing_of(world.injector, TARGET)] == [False]

    assert world.injector.step()

    assert not world.patches()
    (standing,) = standing_of(world.injector, TARGET)
    assert (standing.others, standing.undone, standing.met) == ("argocd", UNDONE["undone"], True)


def test_nothing_is_written_before_that_is_known() -> None:
    """An AgentTarget that cannot be read is asked for again."""
    world = World()
    world.writer.failing["get", "AgentTarget"] = refusal(500)
    world.follow(agent(), target("Full"))

    assert world.injector.step()
    assert not world.patches()

    del world.writer.failing["get", "AgentTarget"]
    world.injector.step()
    assert world.patches() == 1


def test_what_is_refused_later_is_taken_out() -> None:
    """The Event says why."""
    world = World()
    mine = injected(world.follow(agent(), target("Full")))
    for each in mine["spec"]["template"]["spec"]["containers"][0]["env"]:
        each["value"] = "/mine" if each["name"] == "DD_SECRET_BACKEND_COMMAND" else each["value"]
    world.follow(mine, target("Full"))

    world.injector.step()

    assert [each.reason for each in world.told] == ["InjectionRemoved"]
    assert "a secret backend of its own (/mine)" in world.told[0].note
    (standing,) = standing_of(world.injector, TARGET)
    assert standing.state is State.REFUSED
