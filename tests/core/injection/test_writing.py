"""What is done to a workload in a cluster, as decisions and as the patch that carries them out."""

import copy
from dataclasses import replace
from typing import Any

import jsonpatch
import pytest

from assessing import NODE_AGENT, document, resolver
from enc_operator.core.agents.backends import Backend, BackendKind
from enc_operator.core.injection.declaring import Declared
from enc_operator.core.injection.parts import config_map_name
from enc_operator.core.injection.planning import Order, Use
from enc_operator.core.injection.writing import (
    MARK,
    Decision,
    Held,
    State,
    decide_injection,
    decide_removal,
    held_in,
    patch_of,
)
from enc_operator.core.inventory import Component, Resolver, SecretVolume, TargetFact
from injecting import TARGET, VOLUME, workload

INSTALL = "here.enc-operator"
FULL = replace(TARGET, manage="Full")
OLDER = Resolver("e" * 64, {}, ("/bin/sh", "-c", "older", "enc-install", "1", "2"))
NEWER = replace(resolver(), digest="f" * 64)
OWNER = {"apiVersion": "datadoghq.com/v2alpha1", "kind": "DatadogAgent", "name": "dd", "uid": "u"}
Manifest = dict[str, Any]


def live(**metadata: Any) -> Manifest:
    """Return a workload as it is read."""
    manifest: Manifest = copy.deepcopy(dict(document(NODE_AGENT)))
    manifest["metadata"] |= {"uid": "u-1", "resourceVersion": "7", **metadata}
    return manifest


def decide(
    manifest: Manifest,
    target: TargetFact = FULL,
    payload: Resolver = NEWER,
    *,
    use: Use | None = None,
    backend: Backend | None = None,
    stored: tuple[str, ...] = (config_map_name(OLDER), config_map_name(NEWER)),
) -> Decision:
    """Decide about a workload."""
    order = Order(workload(manifest), target, backend or Backend(BackendKind.NONE), use or Use())
    return decide_injection(order, payload, stored, INSTALL)


def carried_out(manifest: Manifest, decision: Decision) -> Manifest:
    """Return a workload after the patch."""
    found: Manifest = jsonpatch.apply_patch(manifest, list(patch_of(manifest, decision, INSTALL)))
    return found


def injected(manifest: Manifest | None = None, **how: Any) -> Manifest:
    """Return a workload that was injected."""
    found = manifest or live()
    return carried_out(found, decide(found, **how))


@pytest.mark.parametrize(
    "annotations", [None, {}, {"a": "b"}], ids=["without annotations", "with none", "with others'"]
)
def test_there_and_back(annotations: Any) -> None:
    """The patch holds exactly for what was read, writes what was planned once, and what takes it out leaves what there was."""
    before = live() if annotations is None else live(annotations=annotations)

    decision = decide(before)
    operations = patch_of(before, decision, INSTALL)
    once = carried_out(before, decision)

    assert decision.state is State.ABSENT
    assert [each["path"] for each in operations if each["op"] == "test"] == [
        "/metadata/uid",
        "/metadata/resourceVersion",
    ]
    assert decide(once).state is State.INJECTED
    assert patch_of(once, decide(once), INSTALL) == ()
    back = carried_out(once, decide_removal(once, INSTALL))
    assert back["spec"] == before["spec"]
    assert (back["metadata"].get("annotations") or {}) == (annotations or {})
    assert patch_of(back, decide_removal(back, INSTALL), INSTALL) == ()


def test_what_the_door_injected_is_only_marked() -> None:
    """Its pods' template stays as it is, so nothing is rolled out."""
    once = injected()
    del once["metadata"]["annotations"]

    found = patch_of(once, decide(once), INSTALL)

    assert [each["path"] for each in found[2:]] == ["/metadata/annotations"]


def test_what_somebody_applied_by_hand_stays() -> None:
    """An injection without this install's mark is not taken out."""
    once = injected()
    once["metadata"]["annotations"] = {MARK: "another.enc-operator"}

    assert patch_of(once, decide_removal(once, INSTALL), INSTALL) == ()


def test_next_leaves_an_older_resolver() -> None:
    """A new release of enc-operator changes no Agent's pod."""
    once = injected(payload=OLDER)

    assert decide(once).state is State.OUTDATED
    assert patch_of(once, decide(once), INSTALL) == ()


def test_now_renews_an_older_resolver() -> None:
    """It is as if it had been injected by this release."""
    now = replace(FULL, rollout="Now")

    assert injected(injected(payload=OLDER), target=now) == injected(target=now)


@pytest.mark.parametrize(
    "target",
    [
        replace(FULL, volumes=(VOLUME,)),
        replace(FULL, timeout=9),
        replace(FULL, mode="builtin"),
        replace(FULL, cross_namespace=True),
    ],
    ids=["another secret volume", "another timeout", "another mode", "other namespaces"],
)
def test_what_the_target_asks_for_is_written(target: TargetFact) -> None:
    """It renews the resolver, too."""
    found = injected(injected(payload=OLDER), target=target)
    held = held_in(found, Component.NODE, target)

    assert decide(found, target).state is State.INJECTED
    assert held is not None
    assert held.digest == NEWER.digest


@pytest.mark.parametrize("mode", ["bundled", "builtin"])
def test_a_new_image_renews(mode: str) -> None:
    """The next rollout of the Agent brings the new resolver along."""
    target = replace(FULL, mode=mode)
    once = injected(payload=OLDER, target=target)
    assert decide(once, target).state is State.OUTDATED
    for container in once["spec"]["template"]["spec"]["containers"]:
        container["image"] = "agent:8"

    assert decide(once, target).state is State.ABSENT


@pytest.mark.parametrize("rollout", ["Next", "Now"])
def test_references_restart_no_agent(rollout: str) -> None:
    """Whoever makes pods could start rollouts otherwise: lists that follow from references wait for the next one."""
    target = replace(FULL, cross_namespace=True, rollout=rollout, volumes=(VOLUME,))
    once = injected(target=target, use=Use(("a",), ("/etc/mine",)))

    assert decide(once, target, use=Use(("a", "b"), ())).state is State.OUTDATED
    assert decide(once, target, use=Use(("a",), ("/etc/mine",))).state is State.INJECTED


def test_without_its_config_map_it_is_renewed() -> None:
    """Pods that start anew would fall back to the built-in script."""
    once = injected(payload=OLDER)

    assert decide(once, stored=(config_map_name(NEWER),)).state is State.ABSENT


def test_a_payload_of_somebody_else_is_renewed() -> None:
    """A ConfigMap that is no resolver's counts as none."""
    once = injected()
    once["spec"]["template"]["spec"]["volumes"][1]["configMap"]["name"] = "mine"

    assert decide(once).state is State.ABSENT
    assert held_in(once, Component.NODE, FULL) is None


def test_a_command_of_the_users_own_is_refused() -> None:
    """Nothing is written, and it is said why."""
    found = decide(live(), backend=Backend(BackendKind.CUSTOM, "/mine"))

    assert (found.state, found.spec, found.marked) == (State.REFUSED, None, False)
    assert "/mine" in found.why


def test_mode_none_takes_it_out() -> None:
    """The AgentTarget says that there is to be none."""
    once = injected()

    assert carried_out(once, decide(once, replace(FULL, mode="none")))["spec"] == live()["spec"]


def test_what_datadog_operator_writes_is_left() -> None:
    """The decision says which DatadogAgent, and what is to stand in it."""
    owned = live(ownerReferences=[OWNER])

    found = decide(owned)

    assert (found.state, patch_of(owned, found, INSTALL)) == (State.OWNED, ())
    assert "DatadogAgent dd/dd" in found.why
    assert Declared(FULL).text in found.why


def test_what_the_datadog_agent_says_is_enough() -> None:
    """Then nothing is left to do, for anybody."""
    owned = live(ownerReferences=[OWNER])
    names = {
        "BACKEND_COMMAND": "/readsecret_multiple_providers.sh",
        "BACKEND_TIMEOUT": "25",
        "SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE": "true",
    }
    variables = [{"name": f"DD_SECRET_{name}", "value": value} for name, value in names.items()]
    owned["spec"]["template"]["spec"]["containers"][0]["env"] = variables

    found = decide(owned)

    assert (found.state, patch_of(owned, found, INSTALL)) == (State.DECLARED, ())


def test_what_the_door_injected_for_datadog_operator_is_only_marked() -> None:
    """Then it can be taken out again: datadog-operator compares nothing but a hash of what it wrote itself."""
    owned = live(ownerReferences=[OWNER])
    once = {**injected(), "metadata": owned["metadata"]}

    marked = carried_out(once, decide(once))
    back = carried_out(marked, decide_removal(marked, INSTALL))

    assert (decide(once).state, marked["spec"]) == (State.INJECTED, once["spec"])
    assert (back["spec"], back["metadata"].get("annotations", {})) == (owned["spec"], {})


def test_an_older_injection_of_datadog_operators_waits_for_it() -> None:
    """It is renewed with what datadog-operator writes next, and answered for until then."""
    target = replace(FULL, rollout="Now")
    once = injected(payload=OLDER, target=target)
    once["metadata"]["ownerReferences"] = [OWNER]

    found = decide(once, target)

    assert (found.state, patch_of(once, found, INSTALL)) == (State.OUTDATED, ())
    assert "DatadogAgent dd/dd" in found.why


@pytest.mark.parametrize(
    "container",
    [{"env": [{"name": "DD_SECRET_BACKEND_COMMAND", "value": "/mine"}]}, {}],
    ids=["a command of his own", "Windows"],
)
def test_what_is_refused_later_is_taken_out(container: Manifest) -> None:
    """Nothing of ours stays beside it, neither the init container nor the arguments of our command."""
    before, once = live(), injected()
    spec, bare = once["spec"]["template"]["spec"], before["spec"]["template"]["spec"]
    if container:
        mine = container["env"][0]
        for index, each in enumerate(spec["containers"][0]["env"]):
            if each["name"] == mine["name"]:
                spec["containers"][0]["env"][index] = mine
        bare["containers"][0]["env"] = [*bare["containers"][0].get("env", []), mine]
    else:
        spec["nodeSelector"] = bare["nodeSelector"] = {"kubernetes.io/os": "windows"}

    found = decide(once)
    back = carried_out(once, found)

    assert (found.state, found.marked) == (State.REFUSED, False)
    assert found.why
    assert back["spec"] == before["spec"]
    assert patch_of(back, decide(back), INSTALL) == ()


def test_an_owner_of_another_kind_is_nobody() -> None:
    """Only the vendor's operator is known to write workloads anew."""
    found = decide(live(ownerReferences=[{"apiVersion": "v1", "kind": "DatadogAgent"}]))

    assert found.state is State.ABSENT


@pytest.mark.parametrize(
    ("mode", "component", "expected"),
    [
        ("bundled", Component.NODE, "bundled"),
        ("builtin", Component.NODE, "builtin"),
        ("bundled", Component.CLUSTER, "builtin"),
    ],
    ids=["bundled", "built-in", "the Cluster Agent's"],
)
def test_what_is_held(mode: str, component: Component, expected: str) -> None:
    """A status names the resolver, its digest and the secret volumes."""
    target = replace(FULL, mode=mode, volumes=(VOLUME, SecretVolume("b", "s", ("k",))))
    once = injected(target=target)

    assert held_in(once, component, target) == Held(expected, NEWER.digest, ("tls", "b"))
    assert held_in(live(), component, target) is None
