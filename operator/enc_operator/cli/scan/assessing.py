"""From what was read of a cluster to an assessment, and what is left open for want of rights."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from enc_operator.cli.can_i.cluster import ask_cluster
from enc_operator.cli.can_i.questions import Can
from enc_operator.cli.kubectl.arguments import Kubectl
from enc_operator.cli.scan.kinds import RIGHTS, SOURCES, WORKLOADS
from enc_operator.cli.scan.reading import Held
from enc_operator.core.assessment import Assessment, assess, prepare, questions
from enc_operator.core.inventory import Question
from enc_operator.core.rbac.evaluation import Evaluator
from enc_operator.errors import EncError


@dataclass(frozen=True, slots=True)
class Scanned:
    """An assessment of a cluster; `notes` say what it lacks, `complete` that this is nothing which counts.

    `whole` says that every reference of the cluster is in it, so that its Roles are all that there should be.
    """

    assessment: Assessment
    notes: tuple[str, ...]
    complete: bool
    whole: bool


def assess_held(held: Held, kubectl: Kubectl, namespace: str) -> Scanned:
    """Assess what was read, of one namespace or all; where RBAC could not be, the cluster is asked by access reviews."""
    inventory = held.inventory
    prepared = prepare(inventory)
    asked = questions(inventory, prepared)
    open_ = [unread for unread in held.unread if unread.kind.name not in RIGHTS]
    notes = [str(unread) for unread in open_]
    answered = True
    if held.lacks(RIGHTS):
        answered, note = _ask(held, asked, kubectl)
        notes.append(note)
    else:
        evaluator = Evaluator(inventory.roles, inventory.bindings)
        inventory.answers = {question: evaluator.may_get(question) for question in asked}
    partial = bool(namespace) or held.lacks(SOURCES)
    whole = not partial and not open_ and answered
    assessment = _without_guesses(assess(inventory, prepared), held, partial=partial)
    if namespace:
        assessment = _within(assessment, namespace)
    return Scanned(assessment, tuple(notes), not open_ and answered, whole)


def _ask(held: Held, asked: list[Question], kubectl: Kubectl) -> tuple[bool, str]:
    """Ask by access reviews, and return whether they were answered, and what to say of it."""
    kinds = ", ".join(dict.fromkeys(item.kind.plural for item in held.unread if item.kind.name in RIGHTS))
    unread = f"{kinds} may not be listed; not judged: Roles that nothing needs"
    try:
        answers = ask_cluster(asked, kubectl)
    except EncError as error:
        many = f"{len(asked)} access review{'s' * (len(asked) != 1)}"
        return False, f"{unread}, and {many} ({error.message}): what only RBAC would allow counts as denied"
    held.inventory.answers = {question: answer.can is Can.YES for question, answer in answers.items()}
    return True, unread


def _without_guesses(assessment: Assessment, held: Held, *, partial: bool) -> Assessment:
    """Leave out findings that say that something is not there, where it may only not have been read."""
    left_out = set(_guesses(held, partial=partial))
    found = tuple(finding for finding in assessment.findings if finding.code not in left_out)
    return replace(assessment, findings=found)


def _within(assessment: Assessment, namespace: str) -> Assessment:
    """Leave out what is about another namespace's objects: of the pods that they need, few were read."""
    judged = (item for item in assessment.judged if item.reference.where.ref.namespace == namespace)
    found = (finding for finding in assessment.findings if finding.where.ref.namespace in ("", namespace))
    return replace(assessment, judged=tuple(judged), findings=tuple(found))


def _guesses(held: Held, *, partial: bool) -> Iterator[str]:
    if partial:
        yield from ("role-unused", "no-match")
    if held.lacks(WORKLOADS):
        yield from ("no-agent", "agent-unknown")
