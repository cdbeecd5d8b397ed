"""What is to become of every workload of the Agents' namespaces, from what the ledger knows: injected, left, or as it was before."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from enc_operator.core.assessment import injection_orders
from enc_operator.core.findings import ObjectRef
from enc_operator.core.injection.planning import Order
from enc_operator.core.injection.writing import (
    Decision,
    Held,
    config_map_in,
    decide_injection,
    decide_removal,
    held_in,
    is_marked,
    is_pending,
)
from enc_operator.core.inventory import ConfigMapFact, TargetFact, WorkloadFact
from enc_operator.core.ledger.ledger import Ledger
from enc_operator.core.objects.shapes import mapping

PREFIX = "enc-resolver-"
"""How the names of the ConfigMaps begin that hold a resolver."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One workload and what is to become of it; `target` is the AgentTarget that asks for its injection, None where none does."""

    workload: WorkloadFact
    decision: Decision
    target: ObjectRef | None
    pending: bool
    held: Held | None

    @property
    def object(self) -> ObjectRef:
        """The workload."""
        return self.workload.object


@dataclass(frozen=True, slots=True)
class Plans:
    """All workloads, the AgentTargets that were known, and by namespace the ConfigMaps with a resolver: those there, and those in use.

    `asked` are the namespaces in which an AgentTarget asks for injections, though there be no Agent yet.
    """

    workloads: Mapping[ObjectRef, Planned]
    targets: frozenset[ObjectRef]
    stored: Mapping[str, frozenset[str]]
    used: Mapping[str, frozenset[str]]
    asked: frozenset[str] = frozenset()

    def of(self, target: ObjectRef) -> Iterator[Planned]:
        """Yield the workloads that an AgentTarget asks for."""
        return (each for each in self.workloads.values() if each.target == target)

    @property
    def namespaces(self) -> frozenset[str]:
        """The namespaces in which a resolver is needed, or will be by the first pod of a workload that is injected on its way in."""
        return self.asked.union(each.object.namespace for each in self.workloads.values() if each.target)


NO_PLANS = Plans({}, frozenset(), {}, {})


def plan_injections(ledger: Ledger, install: str) -> Plans:
    """Plan for every workload; an install answers for those that it has marked."""
    facts = ledger.facts
    stored: dict[str, set[str]] = defaultdict(set)
    for ref in facts.of(ConfigMapFact):
        if ref.name.startswith(PREFIX):
            stored[ref.namespace].add(ref.name)
    orders = {order.workload.object: order for order in _orders(ledger)}
    resolver, planned = facts.frame.resolver, {}
    used: dict[str, set[str]] = defaultdict(set)
    for ref, workload in facts.of(WorkloadFact).items():
        used[ref.namespace].add(config_map_in(mapping(workload.manifest, "spec", "template", "spec")))
        order = orders.get(ref)
        if order:
            decision = decide_injection(order, resolver, stored[ref.namespace], install)
            planned[ref] = _planned(order.workload, decision, order, install)
        elif is_marked(workload.manifest, install):
            planned[ref] = _planned(workload, decide_removal(workload.manifest, install), None, install)
    targets = facts.of(TargetFact)
    asked = {ref.namespace for ref, target in targets.items() if target.injects and target.mode != "none"}
    listed = {namespace for namespace, _ in facts.agents}
    return Plans(planned, frozenset(targets), _frozen(stored), _frozen(used), frozenset(asked & listed))


def find_left(ledger: Ledger, install: str) -> Iterator[ObjectRef]:
    """Yield the workloads that an install has marked as injected, by name."""
    found = ledger.facts.of(WorkloadFact).items()
    return (ref for ref, workload in sorted(found) if is_marked(workload.manifest, install))


def _orders(ledger: Ledger) -> Iterator[Order]:
    if any(target.injects for target in ledger.facts.of(TargetFact).values()):
        for order in injection_orders(ledger.facts.inventory(), ledger.agents, ledger.judged()):
            if order.target.where and order.target.injects:
                yield order


def _planned(workload: WorkloadFact, decision: Decision, order: Order | None, install: str) -> Planned:
    pending = is_pending(workload.manifest, decision, install)
    if order is None or order.target.where is None:
        return Planned(workload, decision, None, pending, None)
    held = held_in(workload.manifest, workload.component, order.target)
    return Planned(workload, decision, order.target.where.ref, pending, held)


def _frozen(found: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {namespace: frozenset(names) for namespace, names in found.items()}
