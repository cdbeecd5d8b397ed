"""An exact evaluator of RBAC over Roles, ClusterRoles and bindings, for doors that have no API server to ask.

Source: Kubernetes' `plugin/pkg/auth/authorizer/rbac` and `pkg/registry/rbac/validation`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from enc_operator.core.inventory import BindingFact, Question, RoleFact, Rule, Subject


class Evaluator:
    """Answers whether a ServiceAccount may do something with Secrets, by the roles and bindings that it is given.

    Of two under one name the later counts, as when both are applied.
    """

    def __init__(self, roles: Iterable[RoleFact], bindings: Iterable[BindingFact]) -> None:
        self._roles = {(role.namespace, role.name): role for role in roles}
        self._cluster_roles = [role for role in self._roles.values() if not role.namespace]
        self._bindings: dict[tuple[str, str], list[BindingFact]] = defaultdict(list)
        for binding in {(binding.namespace, binding.name): binding for binding in bindings}.values():
            for subject in binding.subjects:
                self._bindings[binding.namespace, _subject_key(subject, binding.namespace)].append(binding)
        self._rules: dict[tuple[str, str], tuple[Rule, ...]] = {}
        self._reached_from: dict[str, list[RoleFact]] = {}

    def may_get(self, question: Question) -> bool:
        """Tell whether the ServiceAccount may `get` the Secret."""
        account = (question.namespace, question.service_account)
        return self.may("get", account, question.secret_namespace, question.secret_name)

    def may(self, verb: str, account: tuple[str, str], namespace: str, name: str) -> bool:
        """Tell whether (namespace, name) of a ServiceAccount may use a verb on one Secret of a namespace."""
        return any(_allows(rule, verb, name) for rule in self._rules_for(account, namespace))

    def _rules_for(self, account: tuple[str, str], namespace: str) -> Iterator[Rule]:
        for scope in dict.fromkeys(("", namespace)):
            for key in _keys_of(account):
                for binding in self._bindings.get((scope, key), ()):
                    yield from self._bound_rules(binding)

    def _bound_rules(self, binding: BindingFact) -> tuple[Rule, ...]:
        """Return the rules of a binding's role; a ClusterRoleBinding cannot bind a Role."""
        if binding.role_kind == "ClusterRole":
            return self._rules_of("", binding.role_name)
        if binding.role_kind == "Role" and binding.namespace:
            return self._rules_of(binding.namespace, binding.role_name)
        return ()

    def _rules_of(self, namespace: str, name: str) -> tuple[Rule, ...]:
        role = self._roles.get((namespace, name))
        if role is None:
            return ()
        if (namespace, name) not in self._rules:
            # A Role has no aggregationRule: the API server drops it.
            aggregates = role.aggregates and not namespace
            self._rules[namespace, name] = self._aggregated(role) if aggregates else role.rules
        return self._rules[namespace, name]

    def _aggregated(self, role: RoleFact) -> tuple[Rule, ...]:
        """Return what an aggregated ClusterRole gathers, through other aggregated ones too.

        Its own rules are overwritten, unless there is nothing to gather: the controller then applies no rules at all
        (`pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go`). Where several that
        gather each other have rules of their own, it is a race which of them stay, and none counts.
        """
        found = self._reached(role)
        givers = [other for other in found if not other.aggregates or not _any_rules(self._reached(other))]
        return tuple(rule for giver in givers for rule in giver.rules) if _any_rules(found) else role.rules

    def _reached(self, role: RoleFact) -> list[RoleFact]:
        """Return the other ClusterRoles that an aggregated one selects, and those that they select."""
        if role.name in self._reached_from:
            return self._reached_from[role.name]
        found: dict[str, RoleFact] = {}
        pending = [role]
        while pending:
            for member in self._selected(pending.pop()):
                if member.name not in found and member.name != role.name:
                    found[member.name] = member
                    pending.append(member)
        self._reached_from[role.name] = [found[name] for name in sorted(found)]
        return self._reached_from[role.name]

    def _selected(self, role: RoleFact) -> Iterator[RoleFact]:
        for selector in role.aggregates:
            yield from (other for other in self._cluster_roles if selector.matches(other.labels))


def _any_rules(roles: Iterable[RoleFact]) -> bool:
    return any(role.rules for role in roles)


def _subject_key(subject: Subject, binding_namespace: str) -> str:
    """Return a subject's user or group name; a ServiceAccount is the user of its name."""
    if subject.kind == "ServiceAccount":
        return f"User system:serviceaccount:{subject.namespace or binding_namespace}:{subject.name}"
    return f"{subject.kind} {subject.name}"


def _keys_of(account: tuple[str, str]) -> tuple[str, ...]:
    """Return the user of a ServiceAccount and the groups that its tokens carry."""
    namespace, name = account
    return (
        f"User system:serviceaccount:{namespace}:{name}",
        "Group system:serviceaccounts",
        f"Group system:serviceaccounts:{namespace}",
        "Group system:authenticated",
    )


def _allows(rule: Rule, verb: str, name: str) -> bool:
    return (
        ("*" in rule.verbs or verb in rule.verbs)
        and ("*" in rule.groups or "" in rule.groups)
        and ("*" in rule.resources or "secrets" in rule.resources)
        and (not rule.names or name in rule.names)
    )
