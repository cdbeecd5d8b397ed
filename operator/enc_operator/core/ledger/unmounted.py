"""Texts of the Agents' ConfigMaps that no Agent reads: one may mount them later, and admission judges them before it does."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from enc_operator.core.admission.bounds import MOST_TEXTS, are_too_large
from enc_operator.core.admission.refusing import refuses_configuration, too_large
from enc_operator.core.agents.model import Agent, OwnText
from enc_operator.core.findings import ObjectRef
from enc_operator.core.inventory import ConfigMapFact
from enc_operator.core.references.gathering import Gathered, TooMany
from enc_operator.core.references.unmounted import could_hold_handle, gather_unmounted
from enc_operator.core.templates.checkfiles import is_check_file


@dataclass(slots=True)
class Unmounted:
    """What such texts hold, by their ConfigMap; one that stays as it is is read once."""

    texts: dict[ObjectRef, dict[str, str]] = field(default_factory=dict)
    gathered: dict[ObjectRef, Gathered] = field(default_factory=dict)
    _agents: Sequence[Agent] = ()

    def follow(
        self,
        config_maps: Mapping[ObjectRef, ConfigMapFact],
        mounted: Collection[OwnText],
        agents: Sequence[Agent],
    ) -> None:
        """Take what ConfigMaps there are now, and which texts an Agent reads."""
        read = {(own.where.ref, str(own.where.path[1])) for own in mounted if len(own.where.path) > 1}
        found = {
            ref: {key: text for key, text in fact.data.items() if (ref, key) not in read}
            for ref, fact in config_maps.items()
        }
        kept = self.texts if agents == self._agents else {}
        gathered = {
            ref: self.gathered.get(ref) if kept.get(ref) == texts else _read(config_maps[ref], texts, agents)
            for ref, texts in found.items()
        }
        self.texts, self._agents = found, agents
        self.gathered = {ref: each for ref, each in gathered.items() if each is not None}


def _read(fact: ConfigMapFact, texts: Mapping[str, str], agents: Sequence[Agent]) -> Gathered | None:
    """Read texts, unless nothing of them could be a handle: most are no configuration at all, and some are large."""
    readers = [agent for agent in agents if agent.namespace == fact.namespace]
    if are_too_large(texts.values(), len(readers)):
        refused = Gathered(findings=[too_large(fact.where)])
        return refused if any(map(could_hold_handle, texts.values())) else None
    gathered = Gathered(room=MOST_TEXTS)
    try:
        for key, text in sorted(texts.items()):
            if is_check_file(key) or could_hold_handle(text):
                where = fact.where.at("binaryData" if key in fact.binary else "data", key)
                gather_unmounted(gathered, where, key, text, agents, fact.namespace)
    except TooMany:
        return Gathered(findings=[too_large(fact.where)])
    gathered.findings = [found for found in gathered.findings if refuses_configuration(found)]
    return gathered if gathered.references or gathered.findings else None
