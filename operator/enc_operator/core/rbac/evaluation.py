"""An exact evaluator of RBAC over Roles, ClusterRoles and bindings, for doors that have no API server to ask.

Source: Kubernetes' `plugin/pkg/auth/authorizer/rbac` and `pkg/registry/rbac/validation`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from enc_operator.core.inventory import BindingFact, Question, RoleFact, Rule, Subject

_Stated = tuple[RoleFact, Rule]


@dataclass(frozen=True, slots=True)
class Given:
    """A rule that a subject has: the role that states it (of an aggregated one, the member), and the binding that gives it."""

    role: RoleFact
    rule: Rule
    binding: BindingFact
    subject: Subject

    @property
    def scope(self) -> str:
        """The namespace in which it holds, empty for all."""
        return self.binding.namespace


class Evaluator:
    """Answers whether a ServiceAccount may do something with Secrets, by the roles and bindings that it is given.

    Of two under one name the later counts, as when both are applied.
    """

    def __init__(self, roles: Iterable[RoleFact], bindings: Iterable[BindingFact]) -> None:
        self._roles = {(role.namespace, role.name): role for role in roles}
        self._cluster_roles = [role for role in self._roles.values() if not role.namespace]
        self._bindings: dict[tuple[str, str], list[tuple[BindingFact, Subject]]] = defaultdict(list)
        for binding in {(binding.namespace, binding.name): binding for binding in bindings}.values():
            for subject in binding.subjects:
                key = (binding.namespace, _subject_key(subject, binding.namespace))
                self._bindings[key].append((binding, subject))
        self._rules: dict[tuple[str, str], tuple[_Stated, ...]] = {}
        self._reached_from: dict[str, list[RoleFact]] = {}

    def may_get(self, question: Question) -> bool:
        """Tell whether the ServiceAccount may `get` the Secret."""
        account = (question.namespace, question.service_account)
        return self.may("get", account, question.secret_namespace, question.secret_name)

    def may(self, verb: str, account: tuple[str, str], namespace: str, name: str) -> bool:
        """Tell whether (namespace, name) of a ServiceAccount may use a verb on one Secret of a namespace."""
        return any(
            allows(rule, verb, "", "secrets") and (not rule.names or name in rule.names)
            for binding, _ in self._bound(account, ("", namespace))
            for _, rule in self._bound_rules(binding)
        )

    def given_to(self, account: tuple[str, str]) -> list[Given]:
        """Return every rule that (namespace, name) of a ServiceAccount has, once for each binding, cluster-wide ones first."""
        found: dict[tuple[object, ...], Given] = {}
        for binding, subject in self._bound(account, self._scopes()):
            for role, rule in self._bound_rules(binding):
                key = (binding.namespace, binding.name, role.namespace, role.name, rule.index)
                found.setdefault(key, Given(role, rule, binding, subject))
        return list(found.values())

    def unknown_to(self, account: tuple[str, str]) -> list[BindingFact]:
        """Return the bindings of a ServiceAccount whose role is not known."""
        found = (binding for binding, _ in self._bound(account, self._scopes()))
        unknown = {(item.namespace, item.name): item for item in found if self._role_of(item) is None}
        return list(unknown.values())

    def _scopes(self) -> list[str]:
        return sorted({scope for scope, _ in self._bindings})

    def _bound(
        self, account: tuple[str, str], scopes: Iterable[str]
    ) -> Iterator[tuple[BindingFact, Subject]]:
        for scope in dict.fromkeys(scopes):
            for key in _keys_of(account):
                yield from self._bindings.get((scope, key), ())

    def _bound_rules(self, binding: BindingFact) -> tuple[_Stated, ...]:
        role = self._role_of(binding)
        if role is None:
            return ()
        key = (role.namespace, role.name)
        if key not in self._rules:
            # A Role has no aggregationRule: the API server drops it.
            aggregates = role.aggregates and not role.namespace
            self._rules[key] = tuple(self._aggregated(role) if aggregates else _stated(role))
        return self._rules[key]

    def _role_of(self, binding: BindingFact) -> RoleFact | None:
        """Return a binding's role; a ClusterRoleBinding cannot bind a Role."""
        if binding.role_kind == "ClusterRole":
            return self._roles.get(("", binding.role_name))
        if binding.role_kind == "Role" and binding.namespace:
            return self._roles.get((binding.namespace, binding.role_name))
        return None

    def _aggregated(self, role: RoleFact) -> Iterator[_Stated]:
        """Return what an aggregated ClusterRole gathers, through other aggregated ones too.

        Its own rules are overwritten, unless there is nothing to gather: the controller then applies no rules at all
        (`pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go`). Where several that
        gather each other have rules of their own, it is a race which of them stay, and none counts.
        """
        found = self._reached(role)
        givers = [other for other in found if not other.aggregates or not _any_rules(self._reached(other))]
        for giver in givers if _any_rules(found) else [role]:
            yield from _stated(giver)

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


def _stated(role: RoleFact) -> Iterator[_Stated]:
    return ((role, rule) for rule in role.rules)


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


def allows(rule: Rule, verb: str, group: str, resource: str) -> bool:
    """Tell whether a rule lets its subject use a verb on a resource, of whatever name (`pkg/apis/rbac/v1/evaluation_helpers.go`)."""
    _, slash, subresource = resource.partition("/")
    return (
        ("*" in rule.verbs or verb in rule.verbs)
        and ("*" in rule.groups or group in rule.groups)
        and (
            "*" in rule.resources or resource in rule.resources or f"*{slash}{subresource}" in rule.resources
        )
    )
