"""All Agents of an inventory, and which AgentTarget each belongs to."""

from itertools import permutations

import pytest

from agent_manifests import agent, agents, target
from assessing import inventory_of
from enc_operator.core.agents.install import agent_workloads, target_of
from enc_operator.core.inventory import Component

NODES = [{"kind": "DaemonSet", "name": "node", "component": "cluster-agent"}]
OTHERS = [{"kind": "DaemonSet", "name": "other", "component": "agent"}]


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        pytest.param([], "", id="none: the defaults"),
        pytest.param([target("elsewhere")], "", id="one of another namespace"),
        pytest.param([target(name="b"), target(name="a")], "a", id="of two that detect the first by name"),
        pytest.param([target(flavour="stackstate")], "", id="one of another flavour"),
        pytest.param([target(name="a"), target(name="b", workloads=NODES)], "b", id="one that names it"),
        pytest.param(
            [target(name="c", workloads=NODES), target(name="b", workloads=NODES)],
            "b",
            id="of two that name it the first by name",
        ),
        pytest.param([target(name="b", workloads=OTHERS)], "", id="one that names others"),
    ],
)
def test_target(targets: list[str], expected: str) -> None:
    """The AgentTarget that names a workload goes before one that detects it."""
    inventory = inventory_of(agent(), *targets)
    (workload,) = agent_workloads(inventory)

    found = target_of(workload, inventory.targets)

    assert found.name == expected
    assert found.namespace == "dd"


def test_declared_component() -> None:
    """An AgentTarget that names a workload decides its component and flavour."""
    (found,) = agents(agent(), target(workloads=NODES, flavour="stackstate"))

    assert (found.component, found.flavour) == (Component.CLUSTER, "stackstate")


def test_target_of_another_workload() -> None:
    """An AgentTarget that names other workloads leaves this one as detected."""
    (found,) = agents(agent(), target(workloads=OTHERS))

    assert found.component is Component.NODE


def test_order() -> None:
    """Agents come in one order, whatever order they were read in."""
    texts = [agent(), agent("cluster-agent"), agent(namespace="a"), agent(name="z")]

    orders = {tuple(found.title for found in agents(*order)) for order in permutations(texts)}

    assert len(orders) == 1
