"""From an assessment and the RBAC of its inventory to an audit of the Agents' ServiceAccounts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from enc_operator.core.assessment import Assessment
from enc_operator.core.audit.changes import change_of
from enc_operator.core.audit.model import Account, Audit, Audited, Held, Missing
from enc_operator.core.audit.reach import BUILT_IN_NO_READERS, BUILT_IN_ROLES, amounts_to, reading_verbs
from enc_operator.core.inventory import BindingFact, Inventory, RoleFact
from enc_operator.core.judgement import Judged
from enc_operator.core.rbac.evaluation import Evaluator, Given
from enc_operator.core.references.model import Reference, SecretTarget
from enc_operator.core.reliance import resolves_today


@dataclass(frozen=True, slots=True)
class _Use:
    """A reference that an Agent resolves through the Kubernetes API today; `name` is None where only the pod decides it."""

    namespace: str
    name: str | None
    judged: Judged


@dataclass(frozen=True, slots=True)
class _Held:
    """What one ServiceAccount uses, and the permissions with which it can read Secrets."""

    account: Account
    uses: Sequence[_Use]
    held: Sequence[Held]


def audit(inventory: Inventory, assessment: Assessment, *, strict: bool = False) -> Audit:
    """Audit the ServiceAccounts of all Agents in a cluster.

    `strict` counts what the Agents' own features need as too much as well.
    """
    evaluator = Evaluator([*_built_in(inventory.roles), *inventory.roles], inventory.bindings)
    roles = _planned(assessment)
    accounts = _accounts(assessment)
    given = {account: evaluator.given_to((account.namespace, account.name)) for account in accounts}
    sharing = _sharing(inventory, given, roles)
    uses = {account: list(_uses(account, assessment.judged)) for account in accounts}
    found = [_hold(account, given[account], uses[account], roles, sharing, strict) for account in accounts]
    listed = [held for item in found for held in item.held if held.names and held.given.scope]
    return Audit(
        tuple(_audited(item, evaluator, assessment, roles) for item in found),
        tuple(missing for item in found for missing in _missing(item, listed, roles)),
    )


def _built_in(roles: Iterable[RoleFact]) -> list[RoleFact]:
    known = {role.name for role in roles if not role.namespace}
    return [role for role in BUILT_IN_ROLES if role.name not in known]


def _accounts(assessment: Assessment) -> list[Account]:
    agents = defaultdict(list)
    for agent in assessment.agents:
        if agent.in_kubernetes:
            agents[agent.namespace, agent.service_account].append(agent)
    return [Account(*key, tuple(found)) for key, found in sorted(agents.items())]


_Roles = Mapping[str, Mapping[tuple[str, str], str]]


def _planned(assessment: Assessment) -> _Roles:
    """Return by ServiceAccount the (namespace, name) of the Secrets that the plan gives it, each with the Role that does."""
    roles: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    for item in assessment.permissions:
        for name in item.secret_names:
            role = f"{item.secret_namespace}/{item.name}"
            roles[f"{item.namespace}/{item.service_account}"][item.secret_namespace, name] = role
    return roles


@dataclass(frozen=True, slots=True)
class _Sharing:
    """Who else holds roles: those of `strangers` (namespace, name) are bound to others than Agents too.

    `needs` are by rule the Secrets that Agents need of it.
    """

    strangers: frozenset[tuple[str, str]]
    needs: Mapping[tuple[str, str, int], Collection[frozenset[str]]]

    def holds(self, given: Given, needed: Collection[str]) -> bool:
        """Tell whether somebody else would lose what he may need, were the rule cut down to what is needed here."""
        role = given.role
        others = self.needs.get(_rule_key(given), ())
        aggregated = given.binding.role_name != role.name
        return (
            aggregated
            or (role.namespace, role.name) in self.strangers
            or any(names != set(needed) for names in others)
        )


def _rule_key(given: Given) -> tuple[str, str, int]:
    return (given.role.namespace, given.role.name, given.rule.index)


def _sharing(inventory: Inventory, given: Mapping[Account, Sequence[Given]], roles: _Roles) -> _Sharing:
    agents = {str(account) for account in given}
    strangers = {
        ("" if binding.role_kind == "ClusterRole" else binding.namespace, binding.role_name)
        for binding in inventory.bindings
        for subject in binding.subjects
        if f"{subject.namespace or binding.namespace}/{subject.name}" not in agents
    }
    needs: dict[tuple[str, str, int], set[frozenset[str]]] = defaultdict(set)
    for account, items in given.items():
        for item in items:
            needed = frozenset(_needed(account, item, roles))
            if needed:
                needs[_rule_key(item)].add(needed)
    return _Sharing(frozenset(strangers), needs)


def _needed(account: Account, given: Given, roles: _Roles) -> tuple[str, ...]:
    """Return the Secrets that a rule names in a namespace and the plan gives the ServiceAccount too."""
    mine = roles.get(str(account), {})
    names = given.rule.names if given.scope else ()
    return tuple(name for name in names if (given.scope, name) in mine)


def _hold(
    account: Account,
    given: Sequence[Given],
    uses: Sequence[_Use],
    roles: _Roles,
    sharing: _Sharing,
    strict: bool,  # noqa: FBT001
) -> _Held:
    found = (_held(account, item, given, uses, _needed(account, item, roles), sharing) for item in given)
    held = [replace(item, own=_is_own(item) and not strict) for item in found if item.verbs or item.amounts]
    return _Held(account, uses, _with_breaks(held, uses))


def _is_own(held: Held) -> bool:
    """Tell whether a feature of the Agent itself needs a permission, in its own namespace or for Secrets that it names."""
    bounded = bool(held.names) or held.given.scope == held.account.namespace
    return bool(held.change.purpose) and bounded


def _uses(account: Account, judged: Iterable[Judged]) -> Iterator[_Use]:
    for item in judged:
        target = item.reference.target
        if (
            isinstance(target, SecretTarget)
            and target.file is None
            and _is_by(item.reference, account)
            and resolves_today(item.reference)
        ):
            yield _Use(target.namespace, target.name, item)


def _is_by(reference: Reference, account: Account) -> bool:
    agent = reference.agent
    return agent is not None and (agent.namespace, agent.service_account) == (account.namespace, account.name)


def _held(
    account: Account,
    given: Given,
    others: Sequence[Given],
    uses: Iterable[_Use],
    needed: tuple[str, ...],
    sharing: _Sharing,
) -> Held:
    used = {use.name for use in uses if given.scope in ("", use.namespace)}
    return Held(
        account,
        given,
        change_of(given, needed, shared=sharing.holds(given, needed)),
        reading_verbs(given.rule),
        tuple(amounts_to(given, others)),
        needed,
        tuple(name for name in given.rule.names if name not in used),
    )


def _with_breaks(held: list[Held], uses: Iterable[_Use]) -> list[Held]:
    """Add to each permission that is too much the references that nothing else resolves that may stay."""
    open_uses = [use for use in uses if not _stays(held, use)]
    return [
        replace(item, breaks=tuple(use.judged for use in open_uses if item.reaches(use.namespace, use.name)))
        for item in held
    ]


def _stays(held: Iterable[Held], use: _Use) -> bool:
    """Tell whether a Secret stays readable after all changes."""
    return any(
        item.own or (use.name in item.needed and (item.change.keeps or not item.is_surplus))
        for item in held
        if item.reaches(use.namespace, use.name)
    )


def _missing(item: _Held, listed: Iterable[Held], roles: _Roles) -> Iterator[Missing]:
    """Yield the Secrets that are asked for and need a permission, or that somebody has listed for another ServiceAccount."""
    asked: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for use in item.uses:
        if use.name is not None and not _stays(item.held, use):
            asked[use.namespace, use.name].append(use.judged)
    for (namespace, name), references in sorted(asked.items()):
        now = tuple(held for held in item.held if held.reaches(namespace, name))
        others = (held for held in listed if held.reaches(namespace, name))
        named = None if any(held.names for held in now) else next(others, None)
        role = roles.get(str(item.account), {}).get((namespace, name), "")
        if role or named:
            yield Missing(item.account, namespace, name, tuple(references), named, now, role)


def _audited(item: _Held, evaluator: Evaluator, assessment: Assessment, roles: _Roles) -> Audited:
    account = item.account
    counted = [held for held in item.held if held.is_surplus]
    unknown = evaluator.unknown_to((account.namespace, account.name))
    return Audited(
        account,
        tuple(f"{namespace}/{name}" for namespace, name in sorted(roles.get(str(account), {}))),
        tuple(held for held in counted if not held.own),
        tuple(held for held in counted if held.own),
        tuple(held for held in item.held if not held.is_surplus),
        tuple(judged for judged in assessment.judged if _waits(judged.reference, account)),
        tuple(binding for binding in unknown if _matters(binding)),
    )


def _waits(reference: Reference, account: Account) -> bool:
    """Tell whether a template waits for pods that the input does not show."""
    return _is_by(reference, account) and reference.idle is not None and reference.idle.code == "no-match"


def _matters(binding: BindingFact) -> bool:
    return (binding.namespace, binding.role_name) not in BUILT_IN_NO_READERS
