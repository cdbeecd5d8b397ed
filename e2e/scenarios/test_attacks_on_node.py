"""What a tenant tries who wants another's Secret in a check of his own, on a real node: against bare Agents, and with enc-operator.

Every attack has its honest twin, which gets the value by the same way. What admission refuses was there before it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from e2e.cluster import images
from e2e.cluster.existing import ExistingCluster
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.attacked_world import (
    BY_IDENTIFIER,
    BY_IMAGE,
    OF_EVERYBODY,
    OWN,
    TOKEN,
    VICTIM,
    Scene,
)
from e2e.scenarios.chart_agents import ChartAgents
from e2e.scenarios.running_agents import AgentImages
from e2e.scenarios.running_encctl import run_encctl

Way = tuple[str, str, str]
"""What kind of source, which object, and of a check file its name."""
_FOREIGN = "registry.example.com/debian:1"
_SCOPING, _PERMISSIONS, _NESTED, _FILES = "", "forbidden", "itself a secret handle", "is a secret for a check"
_OUTSIDE = "not under a declared folder"


@dataclass(frozen=True)
class Attack:
    """One thing that the thief tries.

    `bare` says that he gets the value where nobody guards the Agents. Guarded, the Agents' outcome is `outcome`, and the error has the
    words `error`. `admitted` says that admission would let it in: nothing that the thief has written is wrong.
    """

    way: Way
    outcome: str
    error: str = ""
    bare: bool = True
    admitted: bool = False
    value: str = VICTIM

    def account(self, agents: ChartAgents) -> str:
        """Return which Agent meets it first."""
        return agents.cluster_agent if self.way[0] in ("service", "endpoints") else agents.node


_ATTACKS: dict[str, Attack] = {
    "a template of its own": Attack(("pod", "direct", ""), "refused", _SCOPING),
    "one that spells its handle otherwise": Attack(("pod", "escaped", ""), "refused", _SCOPING),
    "a check file that waits for an image of that name": Attack(("file", "mimic", BY_IMAGE), "refused", _SCOPING, admitted=True),
    "a check file that waits for a check.id": Attack(("file", "claimer", BY_IDENTIFIER), "refused", _SCOPING, admitted=True),
    # The Agent looks once: a value that is a handle stays the text that it is.
    "a Secret of its own whose value is the handle": Attack(("pod", "inner", ""), "failed", _NESTED, bare=False, admitted=True),
    "a check file for everybody's own Secret, and such a value": Attack(
        ("file", "purse", OF_EVERYBODY), "failed", _NESTED, bare=False, admitted=True
    ),
    "a file of the Agent's": Attack(("pod", "file", ""), "failed", _FILES, value=TOKEN),
    "a Service": Attack(("service", "direct-service", ""), "failed", _PERMISSIONS),
    "its endpoints": Attack(("endpoints", "direct-endpoints", ""), "failed", _PERMISSIONS),
    "endpoints that name the victim's pod": Attack(("endpoints", "forged", ""), "failed", _PERMISSIONS),
    "a Service, and a Secret whose value is the handle": Attack(("service", "trick-service", ""), "failed", _NESTED, admitted=True),
    "its endpoints, and such a Secret": Attack(("endpoints", "trick-endpoints", ""), "failed", _NESTED, admitted=True),
    "a file of the Cluster Agent's": Attack(("service", "file-service", ""), "failed", _OUTSIDE, value=TOKEN),
    # The Cluster Agent reads it for the bank: RBAC and scoping bound nothing here, admission alone does.
    "a Service, where the Agent reads it anyway": Attack(("service", "front-service", ""), "resolved"),
    "its endpoints, where the Agent reads it anyway": Attack(("endpoints", "front-endpoints", ""), "resolved"),
}  # fmt: skip
_each = pytest.mark.parametrize("attack", list(_ATTACKS.values()), ids=_ATTACKS)


@pytest.fixture(scope="module")
def scene(
    node: Cluster,
    agent_images: AgentImages,
    operator_image: str,
    base_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    """Install everything among what both tenants have."""
    if isinstance(node, ExistingCluster):
        pytest.skip("the chart brings CRDs and policies: this cluster is somebody's")
    folder, context = tmp_path_factory.mktemp("attacks"), tmp_path_factory.mktemp("foreign")
    (context / "Dockerfile").write_text(f"FROM {base_image}\n")
    node.load_image(images.build(_FOREIGN, context))
    found = Scene(node, agent_images, base_image, _FOREIGN, folder)
    for name in found.namespaces:
        node.kubectl("create", "namespace", name)
    try:
        found.install(operator_image)
        yield found
    finally:
        found.remove()


@_each
def test_what_bare_agents_give_away(scene: Scene, attack: Attack) -> None:
    """With the built-in script and the vendor's default permissions: the value, or what the Agent itself keeps back."""
    if attack.bare:
        _wait(lambda: _loot(scene, scene.bare, attack) != [], f"the value is had by {attack.way}")
        return
    found = _met(scene, scene.bare, attack)

    assert found["hash"] == scene.bare.hash_of(f"ENC[k8s_secret@{scene.bank}/db/key]")
    assert _loot(scene, scene.bare, attack) == []


@_each
def test_what_guarded_agents_make_of_it(scene: Scene, attack: Attack) -> None:
    """Refused by the Agent's own scoping, an error of the resolver's or the guard's, or not permitted."""
    found = _met(scene, scene.guarded, attack)

    assert found["outcome"] == attack.outcome, found["error"]
    assert attack.error in found["error"]
    assert (_loot(scene, scene.guarded, attack) == []) == (attack.outcome != "resolved")


@_each
def test_what_admission_says(scene: Scene, attack: Attack) -> None:
    """What guarded Agents would resolve is refused there, and so is every handle that may not be used."""
    refusal = scene.refusal(attack.way[1])

    assert (refusal == "") == attack.admitted, refusal
    assert attack.admitted or "denied the request" in refusal


def test_who_takes_the_name_of_anothers_container(scene: Scene) -> None:
    """By a check.id the victim's own template becomes the thief's; scoping leaves the handle in it, and admission refuses the name."""
    container = scene.container("impostor")
    handle = f"ENC[k8s_secret@{scene.bank}/db/key]"

    _wait_for_text(scene.bare, container, scene.bare.hash_of(VICTIM))
    _wait_for_text(scene.guarded, container, handle)
    assert scene.guarded.hash_of(VICTIM) not in _checks_of(scene.guarded, container)
    assert "without ://" in scene.refusal("impostor")


def test_what_resolves_all_the_same_is_told(scene: Scene) -> None:
    """What came in before admission and resolves, and check files that reach the thief's pods."""
    told = json.loads(run_encctl(scene.cluster, "scan", "-o", "json").stdout)["findings"]

    codes = {each["code"] for each in told if scene.guarded.namespace in json.dumps(each)}
    residual = [json.dumps(each) for each in told if each["code"] == "residual"]
    assert "spoofable" in codes
    for name in ("front-service", "front-endpoints"):
        assert any(f"{scene.evil}/{name}" in each for each in residual), name


@pytest.mark.parametrize(
    ("way", "secret"),
    [
        (("file", "teller", BY_IMAGE), "db"),
        (("file", "ledger", BY_IDENTIFIER), "db"),
        (("file", "purse", OF_EVERYBODY), "nested"),
        (("pod", "direct", ""), "db"),
        (("service", "own-service", ""), "front"),
        (("endpoints", "own-endpoints", ""), "front"),
    ],
    ids=["a check file by image", "one by check.id", "one for everybody's own", "a template", "a Service", "endpoints"],
)  # fmt: skip
def test_the_honest_twin_gets_the_value(scene: Scene, way: Way, secret: str) -> None:
    """By the same ways, in the Secret's own namespace; so the guarded Agents may read it, and the ways are open."""
    # Its template also reaches the pod that took its name, where it is refused.
    found = _met(scene, scene.guarded, Attack(way, "resolved"), scene.bank, "resolved")

    assert found["hash"] == scene.guarded.hash_of(VICTIM)
    assert f"{scene.bank}/{secret}/" in found["handle"]


def test_nothing_else_of_the_thiefs_holds_the_value(scene: Scene) -> None:
    """In no guarded Agent and at no hop, once everything has been tried and his own honest checks run."""
    for attack in _ATTACKS.values():
        _met(scene, scene.guarded, attack)
    _wait(lambda: len(_holding(scene.guarded, scene.evil, OWN)) >= 5, "his own checks run")

    held = {each["source"]["name"] for each in _holding(scene.guarded, scene.evil, VICTIM)}
    assert held == {"front-service", "front-endpoints"}
    assert _holding(scene.guarded, scene.bank, VICTIM)


def _met(
    scene: Scene, agents: ChartAgents, attack: Attack, namespace: str = "", outcome: str = ""
) -> dict[str, Any]:
    """Wait until an Agent has met a handle, to an outcome if one is given, and return what became of it."""
    kind, name, key = attack.way
    found: list[dict[str, Any]] = []
    workload = agents.workloads[attack.account(agents)]
    wanted = (kind, namespace or scene.evil, name, key)

    def met() -> bool:
        for each in agents.report(workload, "resolutions"):
            source = each["source"]
            place = (source["kind"], source.get("namespace"), source.get("name"), source.get("key", ""))
            if place == wanted and outcome in ("", each["outcome"]):
                found.append(each)
        return bool(found)

    _wait(met, f"{workload} has met {wanted}")
    return found[0]


def _loot(scene: Scene, agents: ChartAgents, attack: Attack) -> list[dict[str, Any]]:
    """Return the checks that run for an object of the thief's and hold what he wants, at any hop."""
    value = VICTIM
    if attack.value == TOKEN:
        workload = agents.workloads[attack.account(agents)]
        value = scene.cluster.kubectl("-n", agents.namespace, "exec", workload, "--", "cat", TOKEN)
    kind, name, key = attack.way
    sources = ({"kind": kind, "name": name, "key": key}, {"kind": "dispatched", "name": name, "key": kind})
    return [
        each
        for each in _holding(agents, scene.evil, value)
        if {part: each["source"].get(part, "") for part in ("kind", "name", "key")} in sources
    ]


def _holding(agents: ChartAgents, namespace: str, value: str) -> list[dict[str, Any]]:
    """Return the checks that run for objects of a namespace and hold a value."""
    hashed = agents.hash_of(value)
    return [
        each
        for workload in agents.workloads.values()
        for each in agents.report(workload, "configurations")["scheduled"]
        if each["source"].get("namespace") == namespace and hashed in json.dumps(each)
    ]


def _wait_for_text(agents: ChartAgents, container: str, text: str) -> None:
    """Wait until a check that a node Agent runs for a container holds a text."""
    _wait(lambda: text in _checks_of(agents, container), f"{agents.namespace} runs a check with it")


def _checks_of(agents: ChartAgents, container: str) -> str:
    """Return the checks that a node Agent runs for a container, as JSON."""
    scheduled = agents.report(agents.workloads[agents.node], "configurations")["scheduled"]
    return json.dumps([each for each in scheduled if each["service"] == container])


def _wait(condition: Callable[[], bool], what: str) -> None:
    wait_until(condition, what, seconds=90, every=0.5)
