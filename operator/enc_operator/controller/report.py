"""What the ledger says, counted: for the AgentTargets' status, for Events and for metrics. Pure; sending it does not belong here."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from enc_operator.core.access import Allowed, Denied
from enc_operator.core.admission.responses import printable
from enc_operator.core.findings import ObjectRef
from enc_operator.core.injection.writing import LEFT, LEFT_FIX
from enc_operator.core.inventory import TargetFact, WorkloadFact
from enc_operator.core.judgement import Judged, residuals
from enc_operator.core.ledger.injections import find_left
from enc_operator.core.ledger.ledger import PLAN, Ledger
from enc_operator.core.ledger.standing import Standing
from enc_operator.core.objects.workloads import account_of
from enc_operator.core.references.model import SecretTarget
from enc_operator.core.references.routes import NO_BACKEND

_GRANTS = ("SecretGrant ", "ClusterSecretGrant ")
_SHOWN = 3
INJECTION_LEFT = f"{LEFT}: {LEFT_FIX}"


@dataclass(frozen=True, slots=True, order=True)
class Notice:
    """One Event: about an object, why, and what is said."""

    about: ObjectRef
    reason: str
    note: str
    warning: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """What was counted at one moment.

    `agents` counts by workload and decision, `unauthorized` by kind of object and code what stands and may not, resolved or not;
    `left` are injected workloads that may no longer be changed.
    """

    agents: Mapping[str, Counter[str]] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    unauthorized: Mapping[tuple[str, str], int] = field(default_factory=dict)
    unauthorized_objects: int = 0
    capped: Mapping[str, int] = field(default_factory=dict)
    permissions: int = 0
    planned: int = 0
    lingering: int = 0
    targets: Mapping[ObjectRef, TargetFact] = field(default_factory=dict)
    components: Mapping[ObjectRef, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    conflicts: Mapping[ObjectRef, str] = field(default_factory=dict)
    strangers: Mapping[str, str] = field(default_factory=dict)
    left: tuple[ObjectRef, ...] = ()

    def totals(self, target: ObjectRef) -> dict[str, int]:
        """Return allowed, denied and residual references of a target's workloads together."""
        found: Counter[str] = Counter()
        for component in self.components.get(target, ()):
            found.update(component["references"])
        return {name: found[name] for name in ("allowed", "denied", "residual")}


def make_report(ledger: Ledger, unwritten: str = "") -> Report:
    """Count everything once; `unwritten` is the install whose injections nobody takes out any more, empty where somebody does."""
    judged = [item for item in ledger.judged() if _counts(item)]
    refused = residuals(judged, ledger.answers)
    agents: dict[str, Counter[str]] = {agent.name: Counter() for agent in ledger.agents}
    for item in judged:
        agents[_agent(item)][_decision(item)] += 1
    for item in refused:
        agents[_agent(item)]["residual"] += 1
    standing, left = ledger.standing(), tuple(find_left(ledger, unwritten)) if unwritten else ()
    refusals, notices = map(_refusal, standing), _notices(judged, {id(item) for item in refused})
    return Report(
        agents,
        (*refusals, *notices, *(Notice(each, "InjectionLeft", INJECTION_LEFT) for each in left)),
        Counter((each.about.kind, each.code) for each in standing),
        len({each.about for each in standing}),
        {str(source): number for source, (_, number) in ledger.room.refused.items()},
        sum(len(ledger.permissions(namespace)) for namespace in ledger.shards),
        sum(len(ledger.planned(namespace)) for namespace in ledger.shards),
        len(ledger.entries.lingering),
        dict(ledger.facts.of(TargetFact)),
        _components(ledger, agents),
        dict(_conflicts(ledger)),
        dict(_strangers(ledger)),
        left,
    )


def _counts(item: Judged) -> bool:
    """Tell whether an Agent would resolve it: as things stand, or as soon as it has a backend."""
    reference = item.reference
    reads = isinstance(reference.target, SecretTarget) or reference.problem is not None
    return bool(reads and reference.agent and (reference.live or reference.idle == NO_BACKEND))


def _agent(item: Judged) -> str:
    return item.reference.agent.name if item.reference.agent else ""


def _decision(item: Judged) -> str:
    return "denied" if isinstance(item.decision, Denied) else "allowed"


def _components(
    ledger: Ledger, agents: Mapping[str, Counter[str]]
) -> dict[ObjectRef, tuple[dict[str, Any], ...]]:
    found: dict[ObjectRef, list[dict[str, Any]]] = {}
    by_name = {agent.name: agent for agent in ledger.agents}
    for name, target in sorted(ledger.managed.targets.items()):
        agent = by_name.get(name)
        if target is None or agent is None:
            continue
        counts = agents.get(name, Counter())
        ref = agent.where.ref
        found.setdefault(target, []).append(
            {
                "kind": ref.kind,
                "name": ref.name,
                "component": str(agent.component),
                "serviceAccount": agent.service_account,
                "references": {key: counts[key] for key in ("allowed", "denied", "residual")},
            }
        )
    return {target: tuple(components) for target, components in found.items()}


def _conflicts(ledger: Ledger) -> Iterator[tuple[ObjectRef, str]]:
    """Yield the AgentTargets that want the same workloads as another one, with what is said of it."""
    targets = list(ledger.facts.of(TargetFact).items())
    for ref, target in targets:
        for other, rival in targets:
            if ref != other and _collide(target, rival):
                yield ref, f"AgentTarget {other.name} wants the same workloads; the first by name is followed"


def _collide(one: TargetFact, other: TargetFact) -> bool:
    if (one.namespace, one.flavour) != (other.namespace, other.flavour):
        return False
    if not one.workloads and not other.workloads:
        return True
    named = {(kind, name) for kind, name, _ in one.workloads}
    return any((kind, name) in named for kind, name, _ in other.workloads)


def _strangers(ledger: Ledger) -> Iterator[tuple[str, str]]:
    """Yield the workloads that run an Agent by their label and whose ServiceAccount the install does not list."""
    for ref, workload in ledger.facts.of(WorkloadFact).items():
        account = account_of(workload)
        if workload.detected_by == "label" and account not in ledger.facts.agents:
            yield str(ref), account[1]


def _refusal(standing: Standing) -> Notice:
    """Return what is told of something that stands and may not."""
    return Notice(standing.about, "ReferenceDenied" if standing.refers else "TextRefused", standing.words)


def _notices(judged: Iterable[Judged], residual: set[int]) -> Iterator[Notice]:
    for item in judged:
        reference, decision = item.reference, item.decision
        if isinstance(decision, Denied):
            if id(item) in residual:
                what = "it resolves all the same, since the Agent reads that Secret for another reference"
                note = printable(f"{reference.title}: {what}; fix: remove it")
                yield Notice(reference.where.ref, "ReferenceResidual", note)
        elif item.refused_matches:
            yield _spoofable(item)
        elif isinstance(decision, Allowed) and decision.why.startswith(_GRANTS):
            yield _admission(item, decision)


def _spoofable(item: Judged) -> Notice:
    names = ", ".join(str(match.object) for match, _ in item.refused_matches[:_SHOWN])
    note = f"{item.reference.title}: the template also reaches pods that may not use the Secret: {names}"
    about = item.reference.where.ref
    return Notice(about, "ReferenceSpoofable", note)


def _admission(item: Judged, decision: Allowed) -> Notice:
    kind, _, name = decision.why.partition(" ")
    namespace, _, name = name.rpartition("/")
    note = f"admits {item.reference.referrer} to {item.reference.target}"
    return Notice(ObjectRef(kind, namespace, name), "ReferenceAdmitted", note, warning=False)


def is_planned(target: TargetFact) -> bool:
    """Tell whether an AgentTarget asks for its status only."""
    return target.manage == PLAN
