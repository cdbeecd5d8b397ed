"""What a change of facts touches: sources to read again, decisions to take again."""

from dataclasses import dataclass, field

from enc_operator.core.findings import ObjectRef
from enc_operator.core.inventory import (
    ConfigMapFact,
    GrantFact,
    InstrumentationFact,
    PodFact,
    ServiceFact,
    TargetFact,
    WorkloadFact,
)
from enc_operator.core.ledger.facts import Fact, NamespaceFact
from enc_operator.core.objects.detection import is_labelled_agent
from enc_operator.core.references.own import identifiers_of


@dataclass(slots=True)
class Touched:
    """What follows from one batch of changes.

    `sources` are to be read again; `identifiers` name the check files whose pods changed; `opened` are the namespaces whose
    grants changed, and `everything` says that any contested decision may be another one; `gone` are namespaces that ended.
    """

    install: bool = False
    everything: bool = False
    sources: set[ObjectRef] = field(default_factory=set)
    identifiers: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)

    @property
    def authority(self) -> bool:
        """Whether grants, namespaces or deputies changed."""
        return self.everything or bool(self.opened)

    def note(self, ref: ObjectRef, old: Fact | None, new: Fact | None) -> None:
        """Note what follows from one object's change."""
        some = new if new is not None else old
        if isinstance(some, PodFact):
            self._note_pod(ref, old, new)
        elif isinstance(some, (ServiceFact, InstrumentationFact)):
            self.sources.add(ref)
        elif isinstance(some, (ConfigMapFact, WorkloadFact, TargetFact)):
            self.install = True
        elif isinstance(some, GrantFact):
            self.note_grant(some)
        else:
            self.everything = True
            self._note_namespace(old, new)

    def note_grant(self, grant: GrantFact) -> None:
        """Note that a grant came, changed, went or expired."""
        if grant.namespace:
            self.opened.add(grant.namespace)
        else:
            self.everything = True

    def _note_pod(self, ref: ObjectRef, old: Fact | None, new: Fact | None) -> None:
        self.sources.add(ref)
        deputies: set[tuple[str, str]] = set()
        for pod in (old, new):
            if isinstance(pod, PodFact):
                self.identifiers |= identifiers_of(pod)
                if is_labelled_agent(pod.labels):
                    deputies ^= {(pod.namespace, pod.service_account)}
        self.everything = self.everything or bool(deputies)

    def _note_namespace(self, old: Fact | None, new: Fact | None) -> None:
        if not isinstance(old, NamespaceFact):
            return
        same = isinstance(new, NamespaceFact) and new.uid == old.uid and not new.terminating
        if not same:
            self.gone.add(old.where.ref.name)
