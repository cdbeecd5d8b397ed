"""A cluster's Agents as they stand, where a plan takes them as its injection would leave them."""

from dataclasses import replace

from enc_operator.core.agents.install import agent_workloads, target_of
from enc_operator.core.inventory import Inventory


def as_they_stand(inventory: Inventory) -> None:
    """Take Agents as they are but where an AgentTarget asks for the injection, as the operator does (core.ledger.live)."""
    without = {
        target_of(workload, inventory.targets)
        for workload in agent_workloads(inventory)
        if target_of(workload, inventory.targets).where is None
    }
    found = [*inventory.targets, *sorted(without, key=lambda each: (each.namespace, each.flavour))]
    inventory.targets = [each if each.injects else replace(each, mode="none") for each in found]
