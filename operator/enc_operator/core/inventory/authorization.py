"""Facts of RBAC: roles, bindings, and the questions that are asked of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from enc_operator.core.findings import Where
from enc_operator.core.inventory.nothing import NOTHING


@dataclass(frozen=True, slots=True)
class Selector:
    """A label selector; all of it must hold, and an empty one selects everything."""

    labels: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    expressions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether labels meet the selector, as apimachinery's `labels.Selector` does."""
        if any(labels.get(key) != value for key, value in self.labels.items()):
            return False
        return all(_meets(labels, *expression) for expression in self.expressions)


@dataclass(frozen=True, slots=True)
class Rule:
    """A PolicyRule of RBAC, resources only; `index` is its place among the rules of its role."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    names: tuple[str, ...] = ()
    index: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class RoleFact:
    """A Role, or a ClusterRole (namespace empty) with its labels and what it aggregates."""

    where: Where
    namespace: str
    name: str
    rules: tuple[Rule, ...]
    labels: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    aggregates: tuple[Selector, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject of a binding."""

    kind: str
    name: str
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class BindingFact:
    """A RoleBinding, or a ClusterRoleBinding (namespace empty)."""

    where: Where
    namespace: str
    name: str
    role_kind: str
    role_name: str
    subjects: tuple[Subject, ...]
    ours: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """May this ServiceAccount `get` this Secret by RBAC? The core asks, a door answers."""

    namespace: str
    service_account: str
    secret_namespace: str
    secret_name: str


@dataclass(frozen=True, slots=True, order=True)
class User:
    """Somebody as the API server knows him: what an admission review says of the requester."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class UserQuestion:
    """May this user do this, by whatever authorizes in the cluster? A namespace or name that is empty means all of them."""

    user: User
    verb: str
    resource: str
    namespace: str
    name: str = ""


AnyQuestion = Question | UserQuestion


def _meets(labels: Mapping[str, str], key: str, operator: str, values: tuple[str, ...]) -> bool:
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    if operator == "Exists":
        return key in labels
    return operator == "DoesNotExist" and key not in labels
