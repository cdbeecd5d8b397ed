"""What Agents resolve today only through permissions that the plan does not give them, and what would stop without these.

What such a permission is called in a vendor's chart, and how to take it away, does not belong here (audit).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from enc_operator.core.access import Denied
from enc_operator.core.inventory import Question
from enc_operator.core.judgement import Judged
from enc_operator.core.rbac.planning import Need
from enc_operator.core.references.model import Reference, SecretTarget

ALL = ""
"""In the place of a Secret's name or namespace, all of them: so an access review asks for any."""
_MAY_NAME_ANY = frozenset({"handle-undetermined", "variable-refused"})
"""Problems of handles that an Agent may resolve all the same; with any other it does not, whatever it may read."""


class Cause(StrEnum):
    """Why a reference stops with the wider permission, in words."""

    DENIED = "denied"
    PENDING = "its permission is not written"
    SCOPED = "kept to its pods' own namespaces"


@dataclass(frozen=True, slots=True)
class Break:
    """A reference in use that would stop, and why."""

    judged: Judged
    cause: Cause


@dataclass(frozen=True, slots=True)
class Reliance:
    """On what some Agents rely: `wide` are the ServiceAccounts that may get every Secret of the cluster.

    `covered` counts the references in use that what is written suffices for; `open` what RBAC has not said yet.
    """

    wide: tuple[tuple[str, str], ...] = ()
    breaks: tuple[Break, ...] = ()
    covered: int = 0
    open: int = 0


@dataclass(frozen=True, slots=True)
class Uncovered:
    """The references in use that nothing written suffices for; `covered` counts the others."""

    covered: int
    items: tuple[Judged, ...]


def resolves_today(reference: Reference) -> bool:
    """Tell whether an Agent asks for it before a plan is applied, which may keep it to its pods' namespaces."""
    idle, agent = reference.idle, reference.agent
    if agent is None:
        return False
    return idle is None or (idle.code == "scope-refused" and agent.scoping.planned)


def global_question(account: tuple[str, str]) -> Question:
    """Return what tells whether (namespace, name) of a ServiceAccount may get every Secret of the cluster."""
    return Question(*account, ALL, ALL)


def find_uncovered(judged: Iterable[Judged], given: Collection[Need]) -> Uncovered:
    """Find the references in use that `given`, what Agents may get by what has been written for them, does not suffice for."""
    covered = 0
    found: list[Judged] = []
    for item in judged:
        if not _in_use(item):
            continue
        if _is_covered(item, given):
            covered += 1
        else:
            found.append(item)
    return Uncovered(covered, tuple(found))


def questions_of_reliance(uncovered: Uncovered, accounts: Iterable[tuple[str, str]]) -> Iterator[Question]:
    """Yield what RBAC must say before `relying` can, about ServiceAccounts (namespace, name) and references."""
    yield from map(global_question, accounts)
    for item in uncovered.items:
        yield _question(item.reference)


def relying(
    uncovered: Uncovered, accounts: Iterable[tuple[str, str]], answers: Mapping[Question, bool]
) -> Reliance:
    """Tell on what Agents rely beyond what is given; `accounts` are their ServiceAccounts (namespace, name)."""
    asked = {account: global_question(account) for account in accounts}
    wide = {account for account, question in asked.items() if answers.get(question)}
    open_ = {question for question in asked.values() if question not in answers}
    breaks: list[Break] = []
    for item in uncovered.items:
        question = _question(item.reference)
        if (question.namespace, question.service_account) in wide or answers.get(question):
            breaks.append(Break(item, _cause(item)))
        elif question not in answers:
            open_.add(question)
    return Reliance(tuple(sorted(wide)), tuple(breaks), uncovered.covered, len(open_))


def _in_use(item: Judged) -> bool:
    """Tell whether an Agent asks the Kubernetes API for it as things stand."""
    reference, target = item.reference, item.reference.target
    if reference.agent is None or not reference.agent.in_kubernetes or not resolves_today(reference):
        return False
    if isinstance(target, SecretTarget):
        return target.file is None
    return reference.problem is not None and reference.problem.code in _MAY_NAME_ANY


def _is_covered(item: Judged, given: Collection[Need]) -> bool:
    """Tell whether a reference goes on: also a refused one, where the Agent reads the Secret for somebody who may."""
    need = _need(item.reference)
    return need is not None and need in given and item.reference.live


def _need(reference: Reference) -> Need | None:
    target, agent = reference.target, reference.agent
    if not isinstance(target, SecretTarget) or target.name is None or agent is None:
        return None
    return Need(target.namespace, agent.namespace, agent.service_account, target.name)


def _question(reference: Reference) -> Question:
    """Return what tells whether the Agent can get it: the Secret, or where only the pod names it, all that it may be."""
    target, agent = reference.target, reference.agent
    account = (agent.namespace, agent.service_account) if agent else ("", "")
    if isinstance(target, SecretTarget):
        return Question(*account, target.namespace, target.name or ALL)
    return global_question(account)


def _cause(item: Judged) -> Cause:
    if isinstance(item.decision, Denied) or not item.granted:
        return Cause.DENIED
    return Cause.PENDING if item.reference.live else Cause.SCOPED
