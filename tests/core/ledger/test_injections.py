"""What becomes of every workload that the ledger knows."""

import copy
from typing import Any

import pytest

from enc_operator.core.findings import ObjectRef
from enc_operator.core.injection.parts import config_map_name
from enc_operator.core.injection.writing import MARK, State
from enc_operator.core.ledger.injections import Plans, plan_injections
from enc_operator.core.ledger.ledger import Ledger
from living import AGENTS, NOW, Manifest, agent, facts, frame, manifest, namespace, target

INSTALL = "here.enc-operator"
NODE, CLUSTER = ObjectRef("DaemonSet", "dd", "agent"), ObjectRef("Deployment", "dd", "cluster-agent")
TARGET = ObjectRef("AgentTarget", "dd", "target")
NAME = config_map_name(frame().resolver)


def plans_of(*manifests: Manifest) -> Plans:
    """Plan for a cluster with these objects."""
    ledger = Ledger(frame(), AGENTS)
    ledger.apply(facts(namespace("dd"), *manifests), NOW)
    return plan_injections(ledger, INSTALL)


def injected(plans: Plans, ref: ObjectRef = NODE, *, marked: bool = True) -> Manifest:
    """Return a workload as it is once the plan is written."""
    found: dict[str, Any] = copy.deepcopy(dict(plans.workloads[ref].workload.manifest))
    found["spec"]["template"]["spec"] = plans.workloads[ref].decision.spec
    found["metadata"]["annotations"] = {MARK: INSTALL} if marked else {}
    return found


def test_both_agents_of_a_target() -> None:
    """Each is to be written; the namespace needs the resolver."""
    plans = plans_of(agent(), agent("cluster-agent"), target("Full"))

    assert {each.object for each in plans.of(TARGET)} == {NODE, CLUSTER}
    assert all(each.pending and each.held is None for each in plans.of(TARGET))
    assert (plans.namespaces, plans.targets) == (frozenset({"dd"}), frozenset({TARGET}))


@pytest.mark.parametrize(
    ("asking", "namespaces"),
    [
        (target("Full"), {"dd"}),
        (target("RBAC"), set()),
        (target("Full", resolver={"mode": "none"}), set()),
        (manifest("AgentTarget", "shop", "target", spec={"manage": "Full"}), set()),
    ],
    ids=["asked for", "permissions alone", "no resolver", "where no Agent is listed"],
)
def test_the_resolver_is_there_before_the_first_agent(asking: Manifest, namespaces: set[str]) -> None:
    """A workload that is injected on its way in has pods at once, which take the ConfigMap as they find it."""
    assert plans_of(asking).namespaces == namespaces


def test_what_is_as_planned_needs_nothing() -> None:
    """The ConfigMaps there and in use are known."""
    found = injected(plans_of(agent(), target("Full")))
    payload = manifest("ConfigMap", "dd", NAME, data={})

    plans = plans_of(found, payload, manifest("ConfigMap", "dd", "other", data={}), target("Full"))

    assert plans.workloads[NODE].decision.state is State.INJECTED
    assert not plans.workloads[NODE].pending
    assert plans.stored == plans.used == {"dd": frozenset({NAME})}


def test_a_target_that_asks_for_less() -> None:
    """What was injected is taken out, what was never is nobody's business."""
    found = injected(plans_of(agent(), target("Full")))

    plans = plans_of(found, agent("cluster-agent"), target("RBAC"))

    assert set(plans.workloads) == {NODE}
    assert plans.workloads[NODE].pending
    assert plans.workloads[NODE].target is None
    assert plans.workloads[NODE].decision.spec == agent()["spec"]["template"]["spec"]


def test_one_workload_of_a_namespace() -> None:
    """A target that names workloads leaves the others, to which another target may ask for less."""
    named = [{"kind": "DaemonSet", "name": "agent", "component": "agent"}]
    rest = target("RBAC")
    rest["metadata"]["name"] = "rest"

    plans = plans_of(agent(), agent("cluster-agent"), target("Full", workloads=named), rest)

    assert set(plans.workloads) == {NODE}


def test_an_agent_that_the_install_does_not_list() -> None:
    """Its labels and the AgentTarget do not make it one."""
    assert plans_of(agent(account="somebody"), target("Full")).workloads == {}
