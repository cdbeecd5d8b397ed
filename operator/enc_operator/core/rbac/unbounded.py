"""Rules that let an Agent read every Secret of the cluster.

Only that they are there: what depends on them, what else comes to the same, and what to change is the audit's affair.
"""

from collections.abc import Iterable, Iterator, Mapping

from enc_operator.core.findings import Finding, finding
from enc_operator.core.inventory import BindingFact, RoleFact, Rule
from enc_operator.core.rbac.evaluation import Evaluator, Given, allows
from enc_operator.core.rbac.unused import Account

_READS = ("get", "list", "watch")
_FIX = "see encctl audit: it says what needs this rule, and which value, field or rule to change"


def find_unbounded(
    titles: Mapping[Account, str], roles: Iterable[RoleFact], bindings: Iterable[BindingFact]
) -> Iterator[Finding]:
    """Yield each rule once, with the Agents that have it; `titles` says what a person calls the Agent of a ServiceAccount."""
    evaluator = Evaluator(roles, bindings)
    readers: dict[tuple[str, int], tuple[Given, list[str]]] = {}
    for account, title in sorted(titles.items()):
        for given in evaluator.given_to(account):
            if not given.scope and not given.rule.names and _reads(given.rule):
                _, found = readers.setdefault((given.role.name, given.rule.index), (given, []))
                found.append(title)
    for given, found in readers.values():
        agents = ", ".join(dict.fromkeys(found))
        what = f"{', '.join(_reads(given.rule))} on every Secret of the cluster for {agents}"
        yield finding("secrets-unbounded", given.role.where.at("rules", given.rule.index), what, _FIX)


def _reads(rule: Rule) -> list[str]:
    return [verb for verb in _READS if allows(rule, verb, "", "secrets")]
