"""Generates worlds of Roles, ClusterRoles, bindings and questions about Secrets, each from a seed.

Small pools of names, so that things meet. Some of it is what no API server takes; what happens to it is not decided here.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

WORLD_LABEL = "rbac.enc-e2e.example.com/world"
GROUP = "rbac.authorization.k8s.io"
READY = "ready"
"""The ServiceAccounts `ready` and `ready-everywhere` may get every Secret by what is created last, each by one way to a right."""

_ACCOUNTS = ("default", "web", "worker.v2", "ghost")
_SECRETS = ("orders", "billing", "tls.internal", "Orders", "")
_VERBS = (*(["get"] * 8), "list", "watch", "create", "GET", "*")
_ROLES = (*(f"reader-{number}" for number in range(10)), "System:Reader_1", "missing")
_BUILT_IN = ("view", "edit", "admin", "cluster-admin", "system:basic-user", "system:discovery")
_LABEL_KEYS = tuple(f"rbac.enc-e2e.example.com/aggregate-to-{letter}" for letter in "abcd")
_LABEL_VALUES = ("true", "false", "")
_NOBODY = "rbac.enc-e2e.example.com/nobody"
_LEAF = "rbac.enc-e2e.example.com/leaf"
_A, _B, _C, _D = _LABEL_KEYS
_APART = {_A: "apart"}
"""Selected by none of a circle."""
_GATHERING: tuple[tuple[str, str, tuple[str, ...], dict[str, str]], ...] = (
    ("circle-a", _A, (_A, _B), {}), ("circle-b", _B, (_A, _B), {}), ("chain-c", _C, (_D,), _APART), ("chain-d", _D, (), _APART),
)  # fmt: skip
_WITH_OWN: tuple[tuple[str, str, tuple[str, ...], dict[str, str]], ...] = (
    ("lonely-a", _NOBODY, _LABEL_KEYS, {}), ("lonely-b", _NOBODY, _LABEL_KEYS, {}),
    ("overwritten-a", _LEAF, (_C, _D), _APART), ("overwritten-b", _LEAF, (_C, _D), _APART),
)  # fmt: skip
_AGGREGATED = tuple(name for name, *_ in (*_GATHERING, *_WITH_OWN))

_RULE_VERBS = (
    *([["get"]] * 12), ["get", "list"], ["list", "watch"], ["*"], ["create"], ["GET"], ["Get", "watch"],
    ["delete", "get"], ["impersonate"], [],
)  # fmt: skip
_RULE_GROUPS = (*([[""]] * 16), ["*"], ["apps"], ["", "apps"], ["core"], ["v1"], [])
_RULE_RESOURCES = (
    *([["secrets"]] * 16), ["*"], ["secrets/status"], ["*/secrets"], ["secrets/*"], ["*/*"], ["pods"],
    ["pods", "secrets"], ["Secrets"], ["secret"], [],
)  # fmt: skip
_RULE_NAMES: tuple[list[str] | None, ...] = (
    *([None] * 9), [], ["orders"], ["orders"], ["billing"], ["tls.internal"], ["billing", "orders"], ["other"], ["*"],
    ["Orders"], [""], ["order*"],
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """The question whether (namespace, name) of a ServiceAccount may use a verb on a Secret of a namespace."""

    account: tuple[str, str]
    verb: str
    namespace: str
    secret: str


@dataclass(frozen=True)
class World:
    """What is created, in this order, and what is asked then."""

    name: str
    """The value of its objects' label, unique in the cluster."""
    namespaces: tuple[str, ...]
    objects: tuple[Object, ...]
    ready: tuple[Object, ...]
    """Created after everything else: who is told of it has been told of the rest."""
    questions: tuple[Asked, ...]


def generate_world(seed: int, run: str, questions: int) -> World:
    """Generate the world of a seed; the names of its namespaces and its cluster-scoped objects carry the run's id."""
    return _Generator(random.Random(seed), f"{run}-{seed}").world(questions)  # noqa: S311 - no secret, a seed


class _Generator:
    def __init__(self, choice: random.Random, prefix: str) -> None:
        self._random = choice
        self._prefix = prefix
        self._namespaces = tuple(f"{prefix}-{letter}" for letter in "abc")

    def world(self, questions: int) -> World:
        objects = [*self._roles(), *self._cluster_roles(), *self._aggregated_roles(), *self._bindings()]
        steady = [
            each for each in objects if each["kind"] != "ClusterRole"
        ]  # a circle would keep what it had
        again = [self._changed(each) for each in self._random.sample(steady, 6)]
        subjects = [
            (each["metadata"].get("namespace", ""), subject)
            for each in objects
            for subject in each.get("subjects", ())
        ]
        asked = [self._question(*self._random.choice(subjects)) for _ in range(questions)]
        return World(
            self._prefix,
            self._namespaces,
            (*objects, *again),
            tuple(self._ready()),
            tuple(dict.fromkeys(asked)),
        )

    def _roles(self) -> Iterator[Object]:
        for namespace in self._namespaces:
            for name in self._random.sample(_ROLES[:-1], 9):
                role = self._object("Role", name, namespace, rules=self._rules(cluster=False))
                if self._random.random() < 0.1:
                    role |= self._aggregation()  # a field that a Role does not have
                yield role

    def _cluster_roles(self) -> Iterator[Object]:
        for name in self._random.sample(_ROLES[:-1], 9):
            labels = {key: self._random.choice(_LABEL_VALUES) for key in self._some(_LABEL_KEYS, 0.25)}
            if self._random.random() < 0.2:
                labels[_LEAF] = "true"
            if self._random.random() < 0.15:
                labels[f"{GROUP}/aggregate-to-view"] = "true"
            yield self._object("ClusterRole", name, labels=labels, rules=self._rules(cluster=True))

    def _aggregated_roles(self) -> Iterator[Object]:
        """Yield ClusterRoles that gather others, some each other.

        Rules that a circle takes in never leave it, so none gathers what the controller overwrites a moment later.
        """
        for name, own, carried, labels in _GATHERING:
            all_labels = {**labels, **dict.fromkeys(self._some(carried, 0.4), "true")}
            yield self._object("ClusterRole", name, labels=all_labels) | self._aggregation(own)
        for name, selected, carried, labels in _WITH_OWN:
            all_labels = {**labels, **dict.fromkeys(self._some(carried, 0.5), "true")}
            rules = [self._rule(cluster=True), *self._rules(cluster=True)]
            rule = {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {selected: "true"}}]}}
            yield self._object("ClusterRole", name, labels=all_labels, rules=rules) | rule

    def _aggregation(self, key: str | None = None) -> Object:
        key = key or self._random.choice(_LABEL_KEYS)
        selectors: list[Object] = [
            {"matchLabels": {key: "true"}},
            {"matchExpressions": [{"key": key, "operator": "In", "values": ["true", ""]}]},
            {"matchExpressions": [{"key": key, "operator": "Exists"}], "matchLabels": {key: "false"}},
            {"matchLabels": {key: ""}},
            {
                "matchExpressions": [
                    {"key": WORLD_LABEL, "operator": "In", "values": [self._prefix]},
                    {"key": key, "operator": "NotIn", "values": ["true"]},
                    {"key": _LABEL_KEYS[0], "operator": "DoesNotExist"},
                ]
            },
            {"matchExpressions": [{"key": key, "operator": "In"}]},
        ]
        chosen = self._random.choices(selectors, (12, 4, 4, 4, 1, 1), k=self._random.choice((1, 1, 2)))
        return {"aggregationRule": {"clusterRoleSelectors": chosen}}

    def _rules(self, *, cluster: bool) -> list[Object]:
        return [self._rule(cluster=cluster) for _ in range(self._random.choice((0, 1, 2, 2, 3, 3)))]

    def _rule(self, *, cluster: bool) -> Object:
        pick = self._random.choice
        if self._random.random() < (0.1 if cluster else 0.02):
            rule: Object = {"nonResourceURLs": [pick(("*", "/api/v1/secrets"))], "verbs": ["get"]}
            return (
                rule if self._random.random() < 0.9 else rule | {"resources": ["secrets"], "apiGroups": [""]}
            )
        rule = {
            "verbs": pick(_RULE_VERBS),
            "apiGroups": pick(_RULE_GROUPS),
            "resources": pick(_RULE_RESOURCES),
        }
        names = pick(_RULE_NAMES)
        return rule if names is None else rule | {"resourceNames": names}

    def _bindings(self) -> Iterator[Object]:
        for number in range(44):
            namespace = self._random.choice(self._namespaces)
            yield self._object(
                "RoleBinding",
                f"binding-{number}",
                namespace,
                roleRef=self._role_ref(self._random.choice(("Role", "Role", "ClusterRole"))),
                subjects=self._subjects(),
            )
        for number in range(10):
            kind = "Role" if self._random.random() < 0.05 else "ClusterRole"
            yield self._object(
                "ClusterRoleBinding",
                f"binding-{number}",
                roleRef=self._role_ref(kind),
                subjects=self._subjects(),
            )

    def _role_ref(self, kind: str) -> Object:
        ref: Object = {"apiGroup": GROUP, "kind": kind, "name": self._random.choice(_ROLES)}
        sort = self._random.random()
        if kind == "ClusterRole" and sort < 0.45:
            ref["name"] = self._random.choice(_AGGREGATED)
        ref["name"] = self._own(ref["name"])
        if kind == "ClusterRole" and sort > 0.9:
            ref["name"] = self._random.choices(_BUILT_IN, (6, 1, 1, 1, 4, 4))[0]
        if self._random.random() < 0.1:
            del ref["apiGroup"]
        return ref

    def _subjects(self) -> list[Object]:
        return [self._subject() for _ in range(self._random.choice((0, 1, 1, 1, 1, 2, 3)))]

    def _subject(self) -> Object:
        namespace, name = self._account()
        user, group = f"system:serviceaccount:{namespace}:{name}", f"system:serviceaccounts:{namespace}"
        other = self._random.choice(("system:masters", "system:unauthenticated", "team"))
        weighted: list[tuple[int, Object]] = [
            (40, {"kind": "ServiceAccount", "name": name, "namespace": namespace}),
            (8, {"kind": "ServiceAccount", "name": name}),
            (10, {"kind": "User", "apiGroup": GROUP, "name": user}),
            (3, {"kind": "User", "apiGroup": GROUP, "name": name}),
            (3, {"kind": "User", "name": user, "namespace": self._random.choice(self._namespaces)}),
            (8, {"kind": "Group", "apiGroup": GROUP, "name": group}),
            (3, {"kind": "Group", "apiGroup": GROUP, "name": user}),
            (3, {"kind": "User", "apiGroup": GROUP, "name": group}),
            (2, {"kind": "Group", "name": "system:serviceaccounts"}),
            (2, {"kind": "Group", "name": "system:authenticated"}),
            (3, {"kind": "Group", "name": other}),
            (1, {"kind": "ServiceAccount", "apiGroup": GROUP, "name": name, "namespace": namespace}),
            (1, {"kind": "Robot", "name": name}),
        ]
        return self._random.choices([subject for _, subject in weighted], [weight for weight, _ in weighted])[
            0
        ]

    def _changed(self, manifest: Object) -> Object:
        """Return an object under a name that exists already, as if it stood in a later file; a roleRef cannot change."""
        if "Binding" in manifest["kind"]:
            return manifest | {"subjects": self._subjects()}
        return manifest | {"rules": self._rules(cluster=False)}

    def _ready(self) -> Iterator[Object]:
        rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
        namespace = self._namespaces[0]
        for kind, name, within in (("Role", READY, namespace), ("ClusterRole", f"{READY}-everywhere", "")):
            subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
            ref = {"apiGroup": GROUP, "kind": kind, "name": self._own(name)}
            yield self._object(kind, name, within, rules=rules)
            yield self._object(f"{kind}Binding", name, within, roleRef=ref, subjects=[subject])

    def _question(self, bound_in: str, subject: Object) -> Asked:
        """Ask about anybody anywhere, or half of the time about a bound ServiceAccount where it is bound."""
        account, namespace = self._account(), self._random.choice((*self._namespaces * 4, ""))
        if subject["kind"] == "ServiceAccount" and self._random.random() < 0.9:
            account = (subject.get("namespace") or bound_in or self._namespaces[0], subject["name"])
            namespace = bound_in or namespace
        return Asked(account, self._random.choice(_VERBS), namespace, self._random.choice(_SECRETS))

    def _account(self) -> tuple[str, str]:
        return self._random.choice((*self._namespaces * 3, f"{self._prefix}-gone")), self._random.choice(
            _ACCOUNTS
        )

    def _object(
        self,
        kind: str,
        name: str,
        namespace: str = "",
        *,
        labels: dict[str, str] | None = None,
        **fields: Any,
    ) -> Object:
        metadata: Object = {"name": self._own(name), "labels": {**(labels or {}), WORLD_LABEL: self._prefix}}
        if namespace:
            metadata["namespace"] = namespace
        return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": metadata, **fields}

    def _own(self, name: str) -> str:
        """Return a name that no other world has: ClusterRoles have no namespace, and Roles are to share their names."""
        return f"{self._prefix}:{name}"

    def _some(self, values: tuple[str, ...], share: float) -> list[str]:
        return [value for value in values if self._random.random() < share]
