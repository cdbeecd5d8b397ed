"""All references of an inventory, in one order whatever order the facts came in."""

from enc_operator.core.agents.install import read_agents
from enc_operator.core.agents.model import Agent, Level
from enc_operator.core.inventory import Inventory
from enc_operator.core.references.annotations import (
    gather_compose,
    gather_instrumentation,
    gather_pod,
    gather_service,
)
from enc_operator.core.references.gathering import Gathered
from enc_operator.core.references.own import gather_check, gather_setting


def gather(inventory: Inventory) -> tuple[list[Agent], Gathered]:
    """Return the Agents, and every reference with what is wrong with the templates."""
    installed = read_agents(inventory)
    agents = [item.agent for item in installed]
    gathered = Gathered()
    for pod in inventory.pods:
        gather_pod(gathered, pod, agents)
    for service in inventory.services:
        gather_service(gathered, service, agents)
    for instrumentation in inventory.instrumentations:
        gather_instrumentation(gathered, instrumentation, inventory.pods, agents)
    for fact in inventory.compose:
        gather_compose(gathered, fact, agents)
    for item in installed:
        gathered.findings += item.findings
        for own in item.texts:
            if own.level is Level.SETTING:
                gather_setting(gathered, own)
            else:
                gather_check(gathered, own, agents, inventory.pods)
    gathered.references.sort(key=lambda reference: reference.sort_key())
    return agents, gathered
