"""The ConfigMaps with the resolver: there before a workload names one, gone when nothing does."""

import pytest

from enc_operator.core.injection.parts import config_map
from injected_world import INSTALL, NAME, NODE, OLD, RESOLVER, World, injected, refusal
from living import agent, manifest, target


@pytest.mark.parametrize(
    ("data", "immutable", "patches"),
    [(dict(RESOLVER.files), True, 1), ({"resolver": "other"}, True, 0), (dict(RESOLVER.files), False, 0)],
    ids=["the resolver", "another content", "one that can change"],
)
def test_a_config_map_that_is_there(data: dict[str, str], immutable: bool, patches: int) -> None:  # noqa: FBT001
    """Its content is looked at before any workload names it."""
    world = World()
    world.writer.failing["create", "ConfigMap"] = refusal(409)
    world.writer.stored["ConfigMap"] = {"data": data, "immutable": immutable}
    world.follow(agent(), target("Full"))

    world.injector.step()

    assert world.patches() == patches
    assert ("delete it" in world.injector.problem(NODE)) == (not patches)


def test_a_config_map_that_may_not_be_written() -> None:
    """The workload waits for it, and the condition says why."""
    world = World()
    world.writer.failing["create", "ConfigMap"] = refusal(403, "no right")
    world.follow(agent(), target("Full"))

    world.injector.step()

    assert not world.patches()
    assert "no right" in world.injector.problem(NODE)


def test_a_config_map_that_is_first_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written at once, however lately there was none to write; one that is refused is tried again after a while."""
    world = World()
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    world.injector.step()
    world.follow(target("Full"))
    world.writer.failing["create", "ConfigMap"] = refusal(403, "no right")

    world.injector.step()
    first = world.writer.calls.count(("create", "ConfigMap"))
    world.injector.step()
    again = world.writer.calls.count(("create", "ConfigMap"))
    now[0] += 6
    world.injector.step()

    assert (first, again, world.writer.calls.count(("create", "ConfigMap"))) == (1, 1, 2)


def test_a_config_map_that_was_deleted_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the watch should have told of it."""
    world = World()
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    once = injected(world.follow(agent(), target("Full")))
    world.follow(once, manifest("ConfigMap", "dd", NAME, data={}), target("Full"))
    world.injector.step()
    world.follow(once, target("Full"))
    for _ in range(8):
        now[0] += 10
        world.injector.step()

    assert 2 <= world.writer.calls.count(("create", "ConfigMap")) <= 3


@pytest.mark.parametrize(
    ("pods", "install", "deleted"),
    [((), INSTALL, True), ((NAME,), INSTALL, True), ((NAME, OLD), INSTALL, False), ((), "another", False)],
    ids=["nothing names it", "pods name another", "a pod still names it", "it is somebody else's"],
)
def test_a_config_map_of_an_earlier_release(pods: tuple[str, ...], install: str, deleted: bool) -> None:  # noqa: FBT001
    """It goes when no workload and no pod names it; ConfigMaps of other names are nobody's business."""
    world = World(*pods)
    found = dict(config_map("dd", RESOLVER, install))
    found["metadata"] = {**found["metadata"], "uid": "u", "resourceVersion": "1"}
    world.writer.stored["ConfigMap"] = found
    others = [manifest("ConfigMap", "dd", name, data={}) for name in (OLD, NAME, "enc-resolver-mine")]
    world.follow(injected(world.follow(agent(), target("Full"))), target("Full"), *others)

    world.injector.step()

    assert [what for method, what in world.writer.calls if method == "delete"] == [OLD] * deleted
