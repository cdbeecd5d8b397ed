"""Writing injections: for the object that was decided about, after permissions, and never against what was changed meanwhile."""

import copy
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.gateway import Gateway
from enc_operator.cluster.writes import Writer
from enc_operator.controller.injections import injection_counts, standing_of
from enc_operator.controller.injector import Injector
from enc_operator.controller.payload import Payloads
from enc_operator.controller.report import Notice
from enc_operator.core.findings import ObjectRef
from enc_operator.core.injection.parts import config_map, config_map_name
from enc_operator.core.injection.writing import MARK, Held, State
from enc_operator.core.ledger.injections import Plans, plan_injections
from enc_operator.core.ledger.ledger import Ledger
from living import AGENTS, NOW, Manifest, agent, facts, frame, manifest, namespace, target

INSTALL = "here.enc-operator"
NODE = ObjectRef("DaemonSet", "dd", "agent")
TARGET = ObjectRef("AgentTarget", "dd", "target")
RESOLVER = frame().resolver
NAME = config_map_name(RESOLVER)
OLD = f"enc-resolver-{'a' * 64}"
UNSEEN = Call("PATCH", "/")


class Recorded(Writer):
    """A writer that notes what it is asked for, and fails where it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.failing: dict[tuple[str, str], ApiError] = {}
        self.stored: dict[str, Any] = {}

    def create(self, manifest: Mapping[str, Any], *, dry_run: bool = False) -> Mapping[str, Any]:
        """Note a creation."""
        del dry_run
        self._note("create", manifest["kind"])
        return manifest

    def get(self, kind: str, namespace: str, name: str) -> Mapping[str, Any]:
        """Return what there is."""
        del namespace, name
        found: Mapping[str, Any] = self.stored[kind]
        return found

    def patch(
        self, kind: str, namespace: str, name: str, operations: Sequence[Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """Note a patch."""
        del namespace, name, operations
        self._note("patch", kind)
        return {}

    def delete(
        self, kind: str, namespace: str, name: str, uid: str, resource_version: str, *, dry_run: bool = False
    ) -> bool:
        """Note a deletion."""
        del kind, namespace, uid, resource_version, dry_run
        self._note("delete", name)
        return True

    def _note(self, method: str, what: str) -> None:
        self.calls.append((method, what))
        if (method, what) in self.failing:
            raise self.failing[method, what]


class Pods(Gateway):
    """The pods of a namespace, in pages of one."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def call(self, call: Call, *, seconds: float = 0.0) -> Any:
        """Return a page."""
        del seconds
        page = int(call.query.get("continue", "0"))
        volumes = [{"configMap": {"name": self.names[page]}}] if self.names else []
        more = {"continue": str(page + 1)} if page + 1 < len(self.names) else {}
        return {"metadata": more, "items": [{"spec": {"volumes": volumes}}]}


class World:
    """An injector and what it works on."""

    def __init__(self, *pods: str) -> None:
        self.writer, self.told = Recorded(), list[Notice]()
        self.open = self.settled = True
        payloads = Payloads(Pods(*pods), self.writer, RESOLVER, INSTALL)
        self.injector = Injector(
            self.writer, payloads, lambda: self.open, lambda: self.settled, self.told.append, INSTALL
        )

    def follow(self, *manifests: Manifest) -> Plans:
        """Have a cluster with these objects followed."""
        ledger = Ledger(frame(), AGENTS)
        ledger.apply(facts(namespace("dd"), *manifests), NOW)
        plans = plan_injections(ledger, INSTALL)
        self.injector.follow(plans)
        for each in manifests:
            if each["kind"] == "DaemonSet":
                self.writer.stored["DaemonSet"] = live(each)
        return plans

    def patches(self) -> int:
        """Return how many patches were sent."""
        return self.writer.calls.count(("patch", "DaemonSet"))


def live(found: Manifest) -> Manifest:
    """Return a workload as it is read."""
    read = copy.deepcopy(found)
    fields = [{"manager": "argocd", "time": "1"}]
    read["metadata"] |= {"uid": "u", "resourceVersion": "7", "managedFields": fields}
    return read


def injected(plans: Plans) -> Manifest:
    """Return the node Agent as it is once the plan is written."""
    found: dict[str, Any] = copy.deepcopy(dict(plans.workloads[NODE].workload.manifest))
    found["spec"]["template"]["spec"] = plans.workloads[NODE].decision.spec
    found["metadata"]["annotations"] = {MARK: INSTALL}
    return found


def refusal(status: int, said: str = "no") -> ApiError:
    """Return the API server's refusal."""
    return ApiError(UNSEEN, status, "Forbidden", said)


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
