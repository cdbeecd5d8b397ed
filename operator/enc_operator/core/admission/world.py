"""What reviews are decided by: the cluster's facts, prepared once for as many reviews as they hold for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from enc_operator.core.access import Authority
from enc_operator.core.admission.model import Mode
from enc_operator.core.agents.install import agent_workloads, read_agents, target_of
from enc_operator.core.agents.model import Agent
from enc_operator.core.assessment import authority_of
from enc_operator.core.inventory import NOTHING, Inventory
from enc_operator.core.objects.shapes import text

MODE_LABEL = "enc-operator.io/enforcement"
"""The label by which a namespace is judged more strictly than its Agents' targets say."""


@dataclass(frozen=True, slots=True)
class AdmissionSettings:
    """What the install says about admission.

    `accounts` are the ServiceAccounts (namespace, name) that may run an Agent, `excluded` the namespaces that no review comes from
    except of our own kinds, `mode` what holds at least everywhere, `crds` our custom resource definitions by kind.
    """

    crds: Mapping[str, Mapping[str, Any]]
    accounts: frozenset[tuple[str, str]] = frozenset()
    excluded: frozenset[str] = frozenset()
    mode: Mode = Mode.AUDIT

    @property
    def agent_namespaces(self) -> frozenset[str]:
        """The namespaces in which an Agent may run."""
        return frozenset(namespace for namespace, _ in self.accounts)


@dataclass(frozen=True, slots=True)
class World:
    """The facts that decide, and what follows from them. `until` is when time alone makes them others: prepare them anew then.

    `modes` are those of the Agents by name, `tightest` the tightest of all AgentTargets: of what no Agent of the cluster would
    resolve, nobody knows whose it will be.
    """

    inventory: Inventory
    settings: AdmissionSettings
    agents: tuple[Agent, ...]
    authority: Authority
    modes: Mapping[str, Mode] = field(default_factory=lambda: NOTHING)
    tightest: Mode = Mode.AUDIT
    until: datetime | None = None

    @staticmethod
    def of(inventory: Inventory, settings: AdmissionSettings) -> "World":
        """Prepare the facts of an inventory: of its pods only those with an Agent's label count, Services do not."""
        agents = tuple(installed.agent for installed in read_agents(inventory))
        authority = authority_of(inventory, agents)
        authority = replace(authority, deputies=authority.deputies | settings.accounts)
        targets = [Mode.of(target.enforcement) for target in inventory.targets]
        ends = (grant.expires for grant in inventory.grants if grant.expires)
        return World(
            inventory,
            settings,
            agents,
            authority,
            _modes(inventory),
            max([settings.mode, *targets]),
            min((end for end in ends if end > inventory.now), default=None),
        )

    def mode_for(self, agent: Agent | None, namespace: str) -> Mode:
        """Return what follows from what an Agent (None: nobody knows which) may not resolve for a namespace."""
        of_agent = self.modes.get(agent.name) if agent else None
        return max(self.floor(namespace), self.tightest if of_agent is None else of_agent)

    def floor(self, namespace: str) -> Mode:
        """Return what holds in a namespace at least: a label may tighten it, never loosen."""
        known = self.inventory
        labels = known.namespaces.get(namespace) or known.ending.get(namespace, NOTHING)
        return max(self.settings.mode, Mode.of(text(labels, MODE_LABEL)))


def _modes(inventory: Inventory) -> dict[str, Mode]:
    return {
        str(workload.object): Mode.of(target_of(workload, inventory.targets).enforcement)
        for workload in agent_workloads(inventory)
    }
