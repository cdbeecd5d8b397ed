"""From what was read of a cluster to what an adoption takes: the Agents, AgentTargets, grants, and what stops all the same.

Everything is judged as the operator will: with the AgentTargets and grants there, and the Agents' workloads as they stand.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from enc_operator.cli.grant.merging import Grant, plan_grants
from enc_operator.cli.grant.planning import Refused, plan_asked
from enc_operator.cli.kubectl.arguments import Kubectl
from enc_operator.cli.scan.assessing import Scanned, assess_held
from enc_operator.cli.scan.kinds import RIGHTS
from enc_operator.cli.scan.reading import Held
from enc_operator.core.access import Denied
from enc_operator.core.agents.model import Agent
from enc_operator.core.audit.auditing import audit
from enc_operator.core.audit.model import Audit
from enc_operator.core.findings import Finding, ObjectRef
from enc_operator.core.inventory import Flavour, Question, TargetFact, WorkloadFact
from enc_operator.core.judgement import Judged
from enc_operator.core.ledger.live import read_live
from enc_operator.core.rbac.evaluation import Evaluator
from enc_operator.core.rbac.planning import Need
from enc_operator.core.references.model import ReferrerKind, SecretTarget
from enc_operator.core.references.routes import NO_BACKEND
from enc_operator.core.reliance import (
    Break,
    Reliance,
    find_uncovered,
    questions_of_reliance,
    relying,
    resolves_today,
)
from enc_operator.errors import UsageError

PROTECTED = frozenset({"kube-system", "kube-public", "kube-node-lease"})
"""Where the operator never writes anything, besides its own namespace."""
_NAMED = ("residual", "spoofable")


@dataclass(frozen=True, slots=True)
class Adoption:
    """What an adoption takes, and what comes of it.

    `targets` are AgentTargets to write, `there` those that there are; `refused` is what no grant allows, `breaks` what stops for want
    of anything; `warnings` are findings about what resolves and should not. `before` is the cluster as it is, `audited` as it will be; `complete` says that all of it could be read.
    """

    agents: tuple[Agent, ...]
    targets: tuple[Mapping[str, Any], ...]
    there: tuple[TargetFact, ...]
    grants: tuple[Grant, ...]
    refused: tuple[Refused, ...]
    reliance: Reliance
    warnings: tuple[Finding, ...]
    audited: Audit
    before: Scanned
    complete: bool
    owners: Mapping[ObjectRef, ObjectRef]

    @property
    def breaks(self) -> tuple[Break, ...]:
        """What would stop although all of it is applied."""
        return self.reliance.breaks


def plan_adoption(held: Held, kubectl: Kubectl) -> Adoption:
    """Plan the adoption of what was read; raise UsageError where no Agent is."""
    inventory = held.inventory
    before = assess_held(held, kubectl, "")
    agents = tuple(agent for agent in before.assessment.agents if agent.in_kubernetes)
    if not agents:
        raise UsageError("no Agent was found", "name its workload with --agent NAMESPACE/KIND/NAME")
    there = tuple(inventory.targets)
    targets = tuple(_targets(held, agents))
    inventory.targets = [*_as_the_operator_reads(there), *_facts(targets)]
    judged = [item for item in assess_held(held, kubectl, "").assessment.judged if is_in_use(item)]
    asked, refused = plan_asked(judged)
    grants = tuple(plan_grants(asked, inventory.grants, None, extend=False))
    inventory.grants = [*inventory.grants, *_facts(each.manifest() for each in grants)]
    after = assess_held(held, kubectl, "").assessment
    given = {
        need for each in after.permissions if each.secret_namespace not in PROTECTED for need in each.needs()
    }
    return Adoption(
        agents,
        tuple(_crossing(target, judged) for target in targets),
        there,
        grants,
        tuple(refused),
        _reliance(held, agents, after.judged, given),
        tuple(each for each in after.findings if each.code in _NAMED),
        audit(inventory, after),
        before,
        before.whole and not held.lacks(RIGHTS),
        held.owners,
    )


def is_in_use(item: Judged) -> bool:
    """Tell whether an Agent resolves a reference today, or will with a backend."""
    return resolves_today(item.reference) or item.reference.idle == NO_BACKEND


def _as_the_operator_reads(targets: Iterable[TargetFact]) -> Iterator[TargetFact]:
    """Yield AgentTargets: unless one asks for the injection, its Agents count as they stand."""
    yield from (each if each.injects else replace(each, mode="none") for each in targets)


def _facts(manifests: Iterable[Mapping[str, Any]]) -> Iterator[Any]:
    yield from (read_live(manifest["kind"], manifest) for manifest in manifests)


def _targets(held: Held, agents: Sequence[Agent]) -> Iterator[Mapping[str, Any]]:
    """Yield an AgentTarget for each namespace and flavour with Agents, where there is none yet."""
    known = {(target.namespace, target.flavour) for target in held.inventory.targets}
    for namespace, flavour in sorted({(agent.namespace, agent.flavour) for agent in agents} - known):
        spec: dict[str, Any] = {} if flavour is Flavour.DATADOG else {"flavour": str(flavour)}
        workloads = [
            each
            for each in sorted(held.inventory.workloads, key=lambda each: each.object)
            if (each.object.namespace, each.flavour) == (namespace, flavour)
        ]
        if any(each.detected_by != "label" for each in workloads):
            spec["workloads"] = list(map(_named, workloads))
        yield {
            "apiVersion": "enc-operator.io/v1alpha1",
            "kind": "AgentTarget",
            "metadata": {"name": str(flavour), "namespace": namespace},
            "spec": {**spec, "manage": "RBAC"},
        }


def _named(workload: WorkloadFact) -> Mapping[str, str]:
    ref = workload.object
    return {"kind": ref.kind, "name": ref.name, "component": str(workload.component)}


def _crossing(target: Mapping[str, Any], judged: Iterable[Judged]) -> Mapping[str, Any]:
    """Add crossNamespace where pods in use refer to other namespaces."""
    namespace = target["metadata"]["namespace"]
    if not any(_crosses(item, namespace) for item in judged):
        return target
    return {**target, "spec": {**target["spec"], "crossNamespace": True}}


def _crosses(item: Judged, namespace: str) -> bool:
    reference, found = item.reference, item.reference.target
    of_agent = reference.agent is not None and reference.agent.namespace == namespace
    if not of_agent or reference.referrer.kind is not ReferrerKind.POD or not isinstance(found, SecretTarget):
        return False
    return found.namespace != reference.referrer.namespace


def _reliance(
    held: Held, agents: Iterable[Agent], judged: Sequence[Judged], given: Collection[Need]
) -> Reliance:
    """Tell what stops; where RBAC may not be read, whatever is in use counts as readable today."""
    accounts = sorted({(agent.namespace, agent.service_account) for agent in agents})
    uncovered = find_uncovered(judged, given)
    evaluator = Evaluator(held.inventory.roles, held.inventory.bindings)
    blind = held.lacks(RIGHTS)
    answers: dict[Question, bool] = {
        each: blind or evaluator.may_get(each) for each in questions_of_reliance(uncovered, accounts)
    }
    return relying(uncovered, accounts, answers)


def count_in_use(adoption: Adoption) -> tuple[int, int]:
    """Return how many references are in use, and how many of these nothing allows as things stand."""
    used = [item for item in adoption.before.assessment.judged if is_in_use(item)]
    return len(used), sum(isinstance(item.decision, Denied) for item in used)
