"""All Agents of an inventory, in one order whatever order the facts came in."""

from collections.abc import Collection, Iterable

from enc_operator.core.agents.bare import read_compose, read_folders
from enc_operator.core.agents.datadogagent import read_datadog_agent
from enc_operator.core.agents.environment import Configuration
from enc_operator.core.agents.texts import Installed
from enc_operator.core.agents.workloads import read_workload
from enc_operator.core.findings import ObjectRef
from enc_operator.core.inventory import Component, Flavour, Inventory, TargetFact, WorkloadFact
from enc_operator.core.objects.workloads import account_of


def read_agents(inventory: Inventory) -> list[Installed]:
    """Read every Agent, with the texts of its own configuration."""
    configuration = Configuration(
        {(fact.namespace, fact.name): fact for fact in inventory.config_maps},
        {(fact.namespace, fact.name): fact for fact in inventory.secrets},
    )
    found = [
        read_workload(workload, target_of(workload, inventory.targets), configuration, inventory.settings)
        for workload in agent_workloads(inventory)
    ]
    for fact in inventory.datadog_agents:
        target = _namespace_target(fact.namespace, Flavour.DATADOG, inventory.targets)
        found += read_datadog_agent(fact, target, configuration, inventory.settings)
    found += read_folders(inventory.agent_files)
    found += read_compose(inventory.compose, inventory.settings)
    return sorted(found, key=lambda installed: installed.agent.sort_key())


def admitted_workloads(
    workloads: Iterable[WorkloadFact], targets: Iterable[TargetFact], accounts: Collection[tuple[str, str]]
) -> list[WorkloadFact]:
    """Return the workloads that run an Agent in a cluster: known as one or named, and of a ServiceAccount that the install lists."""
    named = {
        ObjectRef(kind, target.namespace, name) for target in targets for kind, name, _ in target.workloads
    }
    return [
        workload
        for workload in workloads
        if (workload.detected_by or workload.object in named) and account_of(workload) in accounts
    ]


def agent_workloads(inventory: Inventory) -> list[WorkloadFact]:
    """Return the workloads that run an Agent, with what an AgentTarget that names them says of their component."""
    ordered = sorted(
        inventory.workloads, key=lambda workload: (workload.where.source.file, workload.where.source.line)
    )
    once = {
        workload.object: workload for workload in ordered
    }  # an overlay may repeat its base: the last one counts
    return [_as_declared(workload, inventory.targets) for workload in once.values()]


def _as_declared(workload: WorkloadFact, targets: list[TargetFact]) -> WorkloadFact:
    for target in sorted(targets, key=lambda target: target.name):
        component = _named(workload, target)
        if component is not None:
            return WorkloadFact(workload.where, component, target.flavour, workload.manifest, "AgentTarget")
    return workload


def target_of(workload: WorkloadFact, targets: list[TargetFact]) -> TargetFact:
    """Return the AgentTarget of a workload: one that names it, else one that detects, else the defaults."""
    for target in sorted(targets, key=lambda target: target.name):
        if _named(workload, target) is not None:
            return target
    return _namespace_target(workload.object.namespace, workload.flavour, targets)


def _named(workload: WorkloadFact, target: TargetFact) -> Component | None:
    ref = workload.object
    if target.namespace != ref.namespace:
        return None
    return next(
        (component for kind, name, component in target.workloads if (kind, name) == (ref.kind, ref.name)),
        None,
    )


def _namespace_target(namespace: str, flavour: Flavour, targets: list[TargetFact]) -> TargetFact:
    for target in sorted(targets, key=lambda target: target.name):
        if (target.namespace, target.flavour) == (namespace, flavour) and not target.workloads:
            return target
    return TargetFact(None, namespace, "", flavour)
