"""Texts of the Agents' ConfigMaps that no Agent reads: one may mount them later, and admission judges them before it does."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from enc_operator.core.admission.refusing import refuses_configuration
from enc_operator.core.agents.model import Agent, OwnText
from enc_operator.core.findings import ObjectRef
from enc_operator.core.inventory import ConfigMapFact
from enc_operator.core.references.gathering import Gathered
from enc_operator.core.references.unmounted import gather_unmounted, is_telling
from enc_operator.core.templates.checkfiles import is_check_file

_Place = tuple[ObjectRef, str]


@dataclass(slots=True)
class Unmounted:
    """What each such text holds, by its ConfigMap and key; one that stays as it is is read once."""

    texts: dict[_Place, str] = field(default_factory=dict)
    gathered: dict[_Place, Gathered] = field(default_factory=dict)
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
            (ref, key): text
            for ref, fact in config_maps.items()
            for key, text in fact.data.items()
            if (ref, key) not in read
        }
        kept = self.texts if agents == self._agents else {}
        gathered = {
            place: self.gathered.get(place)
            if kept.get(place) == text
            else _read(config_maps[place[0]], place[1], agents)
            for place, text in found.items()
        }
        self.texts, self._agents = found, agents
        self.gathered = {place: each for place, each in gathered.items() if each is not None}


def _read(fact: ConfigMapFact, key: str, agents: Sequence[Agent]) -> Gathered | None:
    """Read a text, unless nothing of it could be a handle: most are no configuration at all, and some are large."""
    text = fact.data[key]
    if not (is_check_file(key) or is_telling(text)):
        return None
    gathered = Gathered()
    where = fact.where.at("binaryData" if key in fact.binary else "data", key)
    gather_unmounted(gathered, where, key, text, agents, fact.namespace)
    gathered.findings = [found for found in gathered.findings if refuses_configuration(found)]
    return gathered if gathered.references or gathered.findings else None
