"""Facts in, everything that follows out: decisions, findings, permissions, changed workloads.

`questions` lists what a door must ask of RBAC first; `assess` decides with the answers. Every door prints, applies or answers
the same `Assessment`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from enc_operator.core.access import Allowed, Authority, Denied, decide, question_of
from enc_operator.core.agents.install import agent_workloads, target_of
from enc_operator.core.agents.model import Agent
from enc_operator.core.findings import Finding, Severity
from enc_operator.core.injection.parts import config_map
from enc_operator.core.injection.planning import Injection, Order, Use
from enc_operator.core.inventory import Inventory, Question
from enc_operator.core.judgement import Judged, agent_question, explain
from enc_operator.core.objects.detection import is_labelled_agent
from enc_operator.core.rbac.planning import Need, Permission, plan_permissions
from enc_operator.core.rbac.unbounded import find_unbounded
from enc_operator.core.references.gather import gather
from enc_operator.core.references.gathering import Gathered
from enc_operator.core.references.model import Reference, SecretTarget
from enc_operator.core.references.routes import NO_BACKEND


@dataclass(frozen=True, slots=True)
class Assessment:
    """What follows from an inventory, in a stable order."""

    agents: tuple[Agent, ...]
    judged: tuple[Judged, ...]
    findings: tuple[Finding, ...]
    permissions: tuple[Permission, ...]
    injections: tuple[Injection, ...]
    config_maps: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def has_errors(self) -> bool:
        """Whether any finding is an error."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    def objects(self) -> list[Mapping[str, Any]]:
        """Return the objects to apply: Roles and RoleBindings first, since an Agent that asks too early never asks again."""
        found: list[Mapping[str, Any]] = [
            item for permission in self.permissions for item in permission.objects()
        ]
        found += self.config_maps
        return found + [
            item.manifest for item in self.injections if item.manifest is not None and item.changes
        ]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An inventory's Agents and references, which the answers of RBAC do not change."""

    agents: list[Agent]
    gathered: Gathered


def prepare(inventory: Inventory) -> Prepared:
    """Gather the Agents and references of an inventory, once for `questions` and `assess`."""
    return Prepared(*gather(inventory))


def questions(inventory: Inventory, prepared: Prepared | None = None) -> list[Question]:
    """List what to ask of RBAC about references that neither their namespace nor a grant allows.

    May the pod's own ServiceAccount get the Secret? And may the Agent's, so that it resolves what is refused?
    """
    prepared = prepared or prepare(inventory)
    agents, gathered = prepared.agents, prepared.gathered
    authority = authority_of(inventory, agents)
    found: set[Question] = set()
    for reference in gathered.references:
        found.update(questions_about(reference, authority))
    return sorted(found)


def questions_about(reference: Reference, authority: Authority) -> Iterator[Question]:
    """Yield what to ask of RBAC about one reference, for itself and for each pod that it reaches."""
    if not isinstance(reference.target, SecretTarget):
        return
    for referrer in (reference.referrer, *(match.referrer for match in reference.matches)):
        question = question_of(referrer, reference.target, authority)
        if question:
            yield from (question, *agent_question(reference))
        elif not isinstance(decide(referrer, reference.target, authority), Allowed):
            yield from agent_question(reference)


def authority_of(inventory: Inventory, agents: Iterable[Agent]) -> Authority:
    """Return what decides. RBAC is never asked for an Agent: the Roles that we make would authorise themselves."""
    deputies = {(agent.namespace, agent.service_account) for agent in agents}
    deputies |= {
        (pod.namespace, pod.service_account) for pod in inventory.pods if is_labelled_agent(pod.labels)
    }
    for binding in inventory.bindings:
        if binding.ours:
            deputies |= {
                (subject.namespace or binding.namespace, subject.name) for subject in binding.subjects
            }
    return Authority.of(
        inventory.grants,
        inventory.namespaces,
        inventory.trusted_labels,
        inventory.answers,
        frozenset(deputies),
        inventory.now,
    )


def assess(inventory: Inventory, prepared: Prepared | None = None) -> Assessment:
    """Assess an inventory, whose `answers` hold what `questions` asked for."""
    prepared = prepared or prepare(inventory)
    agents, gathered = prepared.agents, prepared.gathered
    authority = authority_of(inventory, agents)
    judged = tuple(judge(reference, authority) for reference in gathered.references)
    permissions = plan_permissions(_needs(judged))
    orders = injection_orders(inventory, agents, judged)
    planned = (order.plan(inventory.resolver) for order in orders)
    injections = tuple(sorted(planned, key=lambda injection: injection.object))
    return Assessment(
        tuple(agents),
        judged,
        _findings(inventory, prepared, judged, injections),
        tuple(permissions),
        injections,
        _config_maps(inventory, injections),
    )


def judge(reference: Reference, authority: Authority) -> Judged:
    """Decide on a reference, and on each pod that an Agent's own template reaches."""
    if reference.problem:
        problem = reference.problem
        return Judged(reference, Denied(problem.code, problem.message, problem.fix))
    if not isinstance(reference.target, SecretTarget):
        return Judged(reference, Allowed(str(getattr(reference.target, "what", NO_POD))))
    target = reference.target
    matches = tuple((match, decide(match.referrer, target, authority)) for match in reference.matches)
    return Judged(reference, decide(reference.referrer, target, authority), matches)


NO_POD = "no pod decides it yet"


def need_of(item: Judged) -> Need | None:
    """Return the permission that follows from a decided reference, or None."""
    reference, agent, target = item.reference, item.reference.agent, item.reference.target
    if not (item.granted and agent and agent.in_kubernetes and isinstance(target, SecretTarget)):
        return None
    if target.name is None or target.file is not None or not reference.live:
        return None
    return Need(target.namespace, agent.namespace, agent.service_account, target.name)


def _needs(judged: Iterable[Judged]) -> list[tuple[Need, int]]:
    return sorted(Counter(filter(None, map(need_of, judged))).items())


def injection_orders(
    inventory: Inventory, agents: Iterable[Agent], judged: Iterable[Judged]
) -> Iterator[Order]:
    """Yield the injections of the workloads that resolve something, or that an AgentTarget asks for."""
    used: dict[str, list[Judged]] = defaultdict(list)
    for item in judged:
        reference = item.reference
        if reference.agent and item.granted and (reference.live or reference.idle == NO_BACKEND):
            used[reference.agent.name].append(item)
    by_name = {agent.name: agent for agent in agents}
    for workload in agent_workloads(inventory):
        name, target = str(workload.object), target_of(workload, inventory.targets)
        if used[name] or target.where:
            yield Order(workload, target, by_name[name].backend, _use_of(used[name]))


def _use_of(used: list[Judged]) -> Use:
    targets = [item.reference.target for item in used if isinstance(item.reference.target, SecretTarget)]
    namespaces = {target.namespace for target in targets if target.file is None}
    own = (target.file for target in targets if target.file is not None and target.volume is None)
    return Use(tuple(sorted(namespaces)), tuple(sorted({file.rpartition("/")[0] for file in own})))


def _config_maps(inventory: Inventory, injections: Iterable[Injection]) -> tuple[Mapping[str, Any], ...]:
    namespaces = {item.object.namespace for item in injections if item.manifest is not None}
    return tuple(config_map(namespace, inventory.resolver) for namespace in sorted(namespaces))


def _findings(
    inventory: Inventory, prepared: Prepared, judged: tuple[Judged, ...], injections: tuple[Injection, ...]
) -> tuple[Finding, ...]:
    titles = {
        (agent.namespace, agent.service_account): agent.title
        for agent in prepared.agents
        if agent.in_kubernetes
    }
    found = [*inventory.faults, *prepared.gathered.findings, *explain(inventory, judged, injections)]
    found += find_unbounded(titles, inventory.roles, inventory.bindings)
    unique = {item.sort_key(): item for item in found}  # two Agents that refuse the same thing say it once
    return tuple(sorted(unique.values(), key=lambda finding: finding.sort_key()))
