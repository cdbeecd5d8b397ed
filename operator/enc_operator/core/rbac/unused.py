"""Secrets that Roles of the input let an Agent read, and that no reference of it needs.

Only what names Secrets: what reads all of them is the audit's affair.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from enc_operator.core.findings import Finding, finding
from enc_operator.core.inventory import BindingFact, RoleFact, Rule

_READS = frozenset({"get", "list", "watch"})
_SHOWN = 3

Account = tuple[str, str]
"""Namespace and name of a ServiceAccount."""


def find_unused(
    roles: Iterable[RoleFact],
    bindings: Iterable[BindingFact],
    needed: Mapping[Account, Collection[tuple[str, str]]],
) -> Iterator[Finding]:
    """Yield the rules that name Secrets which no Agent that is bound to them needs.

    `needed` is (namespace, name) of Secrets by ServiceAccount; of an Agent that refers to nothing, nothing is said.
    """
    by_name = {(role.namespace, role.name): role for role in roles}
    for binding in bindings:
        accounts = [
            (subject.namespace or binding.namespace, subject.name)
            for subject in binding.subjects
            if subject.kind == "ServiceAccount"
        ]
        agents = [account for account in accounts if account in needed]
        role = by_name.get((binding.namespace if binding.role_kind == "Role" else "", binding.role_name))
        if binding.ours or role is None or not agents or len(agents) < len(accounts):
            continue
        used = {secret for account in agents for secret in needed[account]}
        for index, rule in enumerate(role.rules):
            yield from _unused(role, index, rule, binding.namespace, used)


def _unused(
    role: RoleFact, index: int, rule: Rule, namespace: str, used: Collection[tuple[str, str]]
) -> Iterator[Finding]:
    if rule.resources != ("secrets",) or not rule.names or not _READS.issuperset(rule.verbs):
        return
    names = {name for where, name in used if not namespace or where == namespace}
    unused = sorted(set(rule.names) - names)
    if unused:
        more = f" and {len(unused) - _SHOWN} more" if len(unused) > _SHOWN else ""
        what = f"no reference of the input needs Secret {', '.join(unused[:_SHOWN])}{more}, which this rule opens to an Agent"
        fix = "remove the names from the Role, or from the list that it is made of"
        yield finding("role-unused", role.where.at("rules", index, "resourceNames"), what, fix)
