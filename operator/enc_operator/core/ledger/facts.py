"""The facts of a live cluster by object, each reduced to what an assessment looks at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from enc_operator.core.agents.install import admitted_workloads
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.inventory import (
    BindingFact,
    ConfigMapFact,
    GrantFact,
    InstrumentationFact,
    Inventory,
    PodFact,
    ServiceFact,
    TargetFact,
    WorkloadFact,
)
from enc_operator.core.syntax import Source

LIVE = Source("cluster")
"""The source of everything that was read from an API server: there is no file to point into."""


@dataclass(frozen=True, slots=True)
class NamespaceFact:
    """A namespace; one that is being deleted, or was deleted and made anew (another `uid`), consents to nothing of the old one.

    `created` is when (RFC 3339): a grant that is older is of a predecessor, and its end has not been told yet.
    """

    where: Where
    uid: str
    labels: Mapping[str, str]
    terminating: bool = False
    created: str = ""


Fact = (
    PodFact
    | ServiceFact
    | ConfigMapFact
    | InstrumentationFact
    | WorkloadFact
    | GrantFact
    | TargetFact
    | BindingFact
    | NamespaceFact
)
_F = TypeVar("_F", bound=Fact)

Changes = Mapping[ObjectRef, Fact | None]
"""What an object is now; None: it is gone."""


@dataclass(slots=True)
class Facts:
    """All facts, by kind and object.

    `agents` are the ServiceAccounts (namespace, name) that may run an Agent; a workload of another one is none, whatever its labels
    or an AgentTarget say.
    """

    frame: Inventory
    agents: frozenset[tuple[str, str]]
    _by_kind: dict[type, dict[ObjectRef, Any]] = field(default_factory=dict)

    def put(self, ref: ObjectRef, fact: Fact | None) -> Fact | None:
        """Replace what is known of an object and return what was."""
        kind = KINDS[ref.kind]
        known = self._by_kind.setdefault(kind, {})
        old: Fact | None = known.pop(ref, None)
        if fact is not None:
            known[ref] = fact
        return old

    def get(self, ref: ObjectRef) -> Fact | None:
        """Return what is known of an object."""
        found: Fact | None = self._by_kind.get(KINDS[ref.kind], {}).get(ref)
        return found

    def of(self, kind: type[_F]) -> Mapping[ObjectRef, _F]:
        """Return the facts of one kind."""
        return self._by_kind.get(kind, {})

    def inventory(self, pods: Iterable[PodFact] = ()) -> Inventory:
        """Return the facts as `assess` takes them; `pods` are left to the caller, since there are many."""
        known = {ref.name: fact for ref, fact in self.of(NamespaceFact).items()}
        consenting = {name: fact for name, fact in known.items() if not fact.terminating}
        targets = list(self.of(TargetFact).values())
        return replace(
            self.frame,
            pods=list(pods),
            services=list(self.of(ServiceFact).values()),
            config_maps=list(self.of(ConfigMapFact).values()),
            instrumentations=list(self.of(InstrumentationFact).values()),
            workloads=admitted_workloads(self.of(WorkloadFact).values(), targets, self.agents),
            targets=targets,
            bindings=list(self.of(BindingFact).values()),
            grants=[
                grant
                for grant in self.of(GrantFact).values()
                if not grant.namespace or _consents(grant, consenting.get(grant.namespace))
            ],
            namespaces={name: fact.labels for name, fact in consenting.items()},
            ending={name: fact.labels for name, fact in known.items() if fact.terminating},
            faults=[],
        )


def _consents(grant: GrantFact, namespace: NamespaceFact | None) -> bool:
    """Tell whether a grant is one of the namespace that there is now."""
    return namespace is not None and (not grant.created or grant.created >= namespace.created)


KINDS: dict[str, type] = {
    "Pod": PodFact,
    "Service": ServiceFact,
    "ConfigMap": ConfigMapFact,
    "DatadogInstrumentation": InstrumentationFact,
    "DaemonSet": WorkloadFact,
    "Deployment": WorkloadFact,
    "StatefulSet": WorkloadFact,
    "SecretGrant": GrantFact,
    "ClusterSecretGrant": GrantFact,
    "AgentTarget": TargetFact,
    "RoleBinding": BindingFact,
    "Namespace": NamespaceFact,
}
"""What each kind of object becomes."""
