"""The condition SafeToDropGlobalPermission: whether what the operator has written suffices for all that the Agents resolve.

On what the Agents rely is the core's to say (reliance); here it is put together for each AgentTarget, and into words. Pure but for
the questions that it leaves with the ledger.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from enc_operator.controller.report import Report
from enc_operator.controller.status import Condition
from enc_operator.core.admission.responses import printable
from enc_operator.core.agents.model import Agent
from enc_operator.core.findings import ObjectRef
from enc_operator.core.inventory import Question
from enc_operator.core.judgement import Judged
from enc_operator.core.ledger.ledger import Ledger
from enc_operator.core.rbac.planning import Need
from enc_operator.core.reliance import Break, Cause, Reliance, find_uncovered, questions_of_reliance, relying

TYPE = "SafeToDropGlobalPermission"
_SHOWN = 3
_REASONS = {Cause.DENIED: "Denied", Cause.PENDING: "Pending", Cause.SCOPED: "ScopeRefused"}


@dataclass(frozen=True, slots=True)
class Dropping:
    """On what the Agents of an AgentTarget rely; `outside` are the Agents of its namespace that no AgentTarget takes in."""

    reliance: Reliance = field(default_factory=Reliance)
    outside: tuple[str, ...] = ()


def droppings_of(
    ledger: Ledger, given: Collection[Need], presumed: Collection[Question] = ()
) -> Mapping[ObjectRef, Dropping]:
    """Return this for each AgentTarget; what RBAC has not said of it yet is asked by the ledger from now on.

    `given` is what Agents may get by what has been written; answers to `presumed` were never given.
    """
    answers = ledger.answers
    if presumed:
        answers = {question: yes for question, yes in answers.items() if question not in presumed}
    agents: dict[ObjectRef, list[Agent]] = {}
    for agent in ledger.agents:
        target = ledger.managed.targets.get(agent.name)
        if target is not None:
            agents.setdefault(target, []).append(agent)
    by_agent = _by_agent(ledger.judged()) if agents else {}
    found: dict[ObjectRef, Dropping] = {}
    asked: set[Question] = set()
    for target, members in agents.items():
        accounts = sorted({(agent.namespace, agent.service_account) for agent in members})
        judged = [item for agent in members for item in by_agent.get(agent.name, ())]
        uncovered = find_uncovered(judged, given)
        asked.update(questions_of_reliance(uncovered, accounts))
        outside = tuple(agent.name for agent in ledger.agents if _is_outside(agent, target, ledger))
        found[target] = Dropping(relying(uncovered, accounts, answers), outside)
    ledger.entries.ask_besides(asked)
    return found


def _is_outside(agent: Agent, target: ObjectRef, ledger: Ledger) -> bool:
    return agent.namespace == target.namespace and ledger.managed.targets.get(agent.name) is None


def _by_agent(judged: Iterable[Judged]) -> dict[str, list[Judged]]:
    found: dict[str, list[Judged]] = {}
    for item in judged:
        if item.reference.agent:
            found.setdefault(item.reference.agent.name, []).append(item)
    return found


def safe_to_drop(ref: ObjectRef, report: Report, dropping: Dropping, unseen: Sequence[str] = ()) -> Condition:
    """Return the condition; `unseen` is what the operator never looks at."""
    reliance = dropping.reliance
    if reliance.breaks:
        return _unsafe(reliance.breaks)
    if reliance.open:
        what = f"{_many(reliance.open, 'question')} to RBAC without an answer yet"
        return Condition(TYPE, "Unknown", "Asking", what)
    if not report.components.get(ref):
        return Condition(TYPE, "False", "NotSeen", "no Agent of this target is known")
    if not reliance.wide:
        what = "no Agent may get every Secret of the cluster, and nothing in use depends on more than what is written"
        return Condition(TYPE, "True", "NoGlobalPermission", what)
    hidden = [*_hidden(ref, report, dropping), *unseen]
    if hidden:
        what = f"references could stand where they are not read: {_some(hidden)}"
        return Condition(TYPE, "False", "NotSeen", printable(what))
    accounts = _some([f"{namespace}/{name}" for namespace, name in reliance.wide])
    what = f"{_covered(reliance)}; {accounts} may get every Secret of the cluster and needs it for none"
    return Condition(TYPE, "True", "Covered", what)


def _covered(reliance: Reliance) -> str:
    return f"what is written suffices for {_many(reliance.covered, 'reference')} in use"


def _unsafe(breaks: Sequence[Break]) -> Condition:
    """Say what would stop, what nobody need decide on last."""
    causes = Counter(each.cause for each in breaks)
    first = next(cause for cause in Cause if causes[cause])
    names = [
        name for cause in Cause for name in sorted({_name(each) for each in breaks if each.cause is cause})
    ]
    what = f"{_many(len(breaks), 'reference')} would stop: {_some(names)}"
    return Condition(TYPE, "False", _REASONS[first], printable(what))


def _name(item: Break) -> str:
    reference = item.judged.reference
    return f"{reference.title} of {reference.where.ref} ({item.cause})"


def _hidden(ref: ObjectRef, report: Report, dropping: Dropping) -> Iterator[str]:
    """Yield Agents that nothing is written for and that may share the permission, and what could not be read."""
    yield from (name for name in report.strangers if f" {ref.namespace}/" in name)
    yield from (f"{name}, which no AgentTarget takes in" for name in dropping.outside)
    yield from sorted(report.capped)
    yield from sorted({str(each.about) for each in report.notices if each.reason == "TextRefused"})


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
