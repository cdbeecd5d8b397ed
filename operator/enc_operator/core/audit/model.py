"""The outcome of an audit as values: who, what is too much, what gives it, what depends on it, and what is missing."""

from dataclasses import dataclass, field

from enc_operator.core.agents.model import COMPONENT_NAMES, Agent
from enc_operator.core.audit.changes import Change
from enc_operator.core.inventory import BindingFact
from enc_operator.core.judgement import Judged
from enc_operator.core.rbac.evaluation import Given

EVERY_VERB = "*"


@dataclass(frozen=True, slots=True)
class Account:
    """A ServiceAccount, and the Agents that run as it."""

    namespace: str
    name: str
    agents: tuple[Agent, ...] = field(compare=False)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def components(self) -> str:
        """What runs as it: `node Agent`, or several of them."""
        return ", ".join(dict.fromkeys(COMPONENT_NAMES[agent.component] for agent in self.agents))


@dataclass(frozen=True, slots=True)
class Held:
    """A permission of a ServiceAccount with which it can read Secrets.

    `verbs` are those that show a Secret's content; `amounts` says how other verbs come to the same. `needed` are the Secrets
    that the rule names and the plan gives this ServiceAccount too; `unused` those that it names and its Agents do not refer to.
    `own` says that one of the Agent's own features needs it.
    """

    account: Account
    given: Given
    change: Change
    verbs: tuple[str, ...]
    amounts: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    own: bool = False
    breaks: tuple[Judged, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The Secrets that the rule names, empty for all."""
        return self.given.rule.names

    @property
    def gets(self) -> bool:
        """Whether it lets an Agent resolve a handle."""
        return "get" in self.verbs or EVERY_VERB in self.verbs

    @property
    def surplus_verbs(self) -> tuple[str, ...]:
        """The verbs that no Agent needs to resolve a handle; all of them where nothing that it names is needed."""
        return tuple(verb for verb in self.verbs if verb != "get") if self.needed else self.verbs

    @property
    def is_surplus(self) -> bool:
        """Whether anything of it is more than the plan gives."""
        exact = bool(self.given.scope and self.names) and set(self.names) == set(self.needed)
        return bool(self.amounts or self.surplus_verbs or not exact)

    def reaches(self, namespace: str, name: str | None) -> bool:
        """Tell whether it lets an Agent get a Secret; without a name, whichever of the namespace."""
        if not self.gets or self.given.scope not in ("", namespace):
            return False
        return not self.names or name in self.names


@dataclass(frozen=True, slots=True)
class Missing:
    """A Secret that a ServiceAccount asks for, and that no permission gives it which may stay.

    `named` is a rule that lists the Secret, and whose binding leaves the ServiceAccount out; `now` are the permissions that give
    it as things stand; `role` is the Role of the plan that would, empty where the references are denied.
    """

    account: Account
    namespace: str
    secret: str
    references: tuple[Judged, ...]
    named: Held | None = None
    now: tuple[Held, ...] = ()
    role: str = ""


@dataclass(frozen=True, slots=True)
class Audited:
    """One ServiceAccount: what it needs by the plan (`namespace/name`), and what it holds.

    `own` are permissions that are not counted as too much, `exact` those that are not; `unmatched` are references that no pod of the input
    decides; `unseen` the bindings whose role is not in the input.
    """

    account: Account
    needs: tuple[str, ...]
    surplus: tuple[Held, ...]
    own: tuple[Held, ...]
    exact: tuple[Held, ...]
    unmatched: tuple[Judged, ...]
    unseen: tuple[BindingFact, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """All ServiceAccounts of Agents, in a stable order."""

    accounts: tuple[Audited, ...]
    missing: tuple[Missing, ...]

    @property
    def surplus(self) -> tuple[Held, ...]:
        """All that is too much."""
        return tuple(held for item in self.accounts for held in item.surplus)

    @property
    def own(self) -> tuple[Held, ...]:
        """All that the Agents' own features need."""
        return tuple(held for item in self.accounts for held in item.own)

    @property
    def unseen(self) -> tuple[BindingFact, ...]:
        """The bindings whose role is not in the input."""
        found = {
            (binding.namespace, binding.name): binding for item in self.accounts for binding in item.unseen
        }
        return tuple(found.values())
