"""The questions that the references of an assessment raise, each once, and what the RBAC in the input answers. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from enc_operator.core.access import Denied
from enc_operator.core.assessment import Assessment
from enc_operator.core.inventory import BindingFact, Inventory, Question
from enc_operator.core.judgement import Judged
from enc_operator.core.rbac.evaluation import Evaluator
from enc_operator.core.rbac.planning import Permission
from enc_operator.core.references.model import Reference, SecretTarget


class Can(StrEnum):
    """An answer."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and what it rests on."""

    can: Can
    why: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question, who refers to the Secret (object, file and line), and what would make a no a yes."""

    question: Question
    referrers: tuple[str, ...]
    fix: str


def find_asks(assessment: Assessment) -> list[Ask]:
    """Return a question for every Secret that an Agent would get from the Kubernetes API as things stand."""
    found: dict[Question, list[Judged]] = {}
    for item in assessment.judged:
        question = _question_of(item.reference)
        if question:
            found.setdefault(question, []).append(item)
    roles = _roles_by_question(assessment.permissions)
    return [
        Ask(question, _referrers(items), _fix(items, roles.get(question)))
        for question, items in sorted(found.items())
    ]


def find_undetermined(assessment: Assessment) -> list[tuple[str, str]]:
    """Return the references whose Secret's name only a running pod decides, each with its place."""
    found = (
        (str(item.reference.target), _place(item.reference))
        for item in assessment.judged
        if _asks_api(item.reference) and _question_of(item.reference) is None
    )
    return list(dict.fromkeys(found))


def _asks_api(reference: Reference) -> bool:
    target, agent = reference.target, reference.agent
    return (
        reference.live
        and agent is not None
        and agent.in_kubernetes
        and isinstance(target, SecretTarget)
        and target.file is None
    )


def _question_of(reference: Reference) -> Question | None:
    target, agent = reference.target, reference.agent
    if not _asks_api(reference) or agent is None or not isinstance(target, SecretTarget) or not target.name:
        return None
    return Question(agent.namespace, agent.service_account, target.namespace, target.name)


def _referrers(items: Iterable[Judged]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_place(item.reference) for item in items))


def _place(reference: Reference) -> str:
    file = f"{reference.where.source.file}:{reference.where.position().line}"
    return f"{reference.where.object} ({file})" if reference.where.object else file


def _roles_by_question(permissions: Iterable[Permission]) -> dict[Question, Permission]:
    return {
        Question(role.namespace, role.service_account, role.secret_namespace, name): role
        for role in permissions
        for name in role.secret_names
    }


def _fix(items: list[Judged], role: Permission | None) -> str:
    if role:
        return f"apply Role and RoleBinding {role.name} in namespace {role.secret_namespace}, which `encctl plan -o yaml` prints"
    fixes = [item.decision.fix for item in items if isinstance(item.decision, Denied)]
    fixes += [refused.fix for item in items for _, refused in item.refused_matches]
    return f"no Role is planned, since the reference is denied: {fixes[0]}"


def answer_by_input(inventory: Inventory, asks: Iterable[Ask]) -> dict[Question, Answer]:
    """Answer with the roles and bindings of the input; where it has none, nothing is known."""
    if not (inventory.roles or inventory.bindings):
        return {ask.question: Answer(Can.UNKNOWN, "the input holds no RBAC") for ask in asks}
    evaluator = Evaluator(inventory.roles, inventory.bindings)
    single = dict(_single_evaluators(inventory))
    return {
        ask.question: _why_yes(ask.question, single)
        if evaluator.may_get(ask.question)
        else Answer(Can.NO, "by the RBAC in the input")
        for ask in asks
    }


def _single_evaluators(
    inventory: Inventory,
) -> Iterator[tuple[tuple[str, str], tuple[BindingFact, Evaluator]]]:
    """Yield an evaluator for each binding alone: RBAC only ever adds, so one of them is why."""
    for binding in inventory.bindings:
        yield (binding.namespace, binding.name), (binding, Evaluator(inventory.roles, [binding]))


def _why_yes(question: Question, single: Mapping[tuple[str, str], tuple[BindingFact, Evaluator]]) -> Answer:
    binding = next(binding for binding, evaluator in single.values() if evaluator.may_get(question))
    kind = "RoleBinding" if binding.namespace else "ClusterRoleBinding"
    return Answer(Can.YES, f"by {binding.role_kind} {binding.role_name} ({kind} {binding.name})")
