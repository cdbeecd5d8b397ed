"""Which pods run an Agent, and which pods an identifier of a check's file names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from enc_operator.core.findings import ObjectRef
from enc_operator.core.inventory import PodFact
from enc_operator.core.ledger.facts import Fact
from enc_operator.core.objects.detection import is_labelled_agent
from enc_operator.core.references.own import identifiers_of


@dataclass(slots=True)
class PodIndex:
    """Pods by what asks for them."""

    labelled: dict[ObjectRef, PodFact] = field(default_factory=dict)
    _named: dict[str, set[ObjectRef]] = field(default_factory=dict)

    def follow(self, ref: ObjectRef, old: Fact | None, new: Fact | None) -> None:
        """Take what a pod is now; other objects are passed over."""
        self.labelled.pop(ref, None)
        for name in identifiers_of(old) if isinstance(old, PodFact) else ():
            found = self._named[name]
            found.discard(ref)
            if not found:
                del self._named[name]
        if isinstance(new, PodFact):
            for name in identifiers_of(new):
                self._named.setdefault(name, set()).add(ref)
            if is_labelled_agent(new.labels):
                self.labelled[ref] = new

    def named(self, identifiers: Iterable[str], pods: Mapping[ObjectRef, PodFact]) -> list[PodFact]:
        """Return the pods that any of the identifiers names, in a stable order."""
        refs = {ref for name in identifiers for ref in self._named.get(name, ())}
        return [pods[ref] for ref in sorted(refs)]
