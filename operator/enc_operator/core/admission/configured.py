"""Configuration that is no annotation: DatadogInstrumentation, and the ConfigMaps of the Agents' namespaces."""

from collections.abc import Iterable
from dataclasses import replace

from enc_operator.core.admission.bounds import MOST_TEXTS, are_too_large
from enc_operator.core.admission.matter import Matter, place, same, too_large, unread
from enc_operator.core.admission.model import Request
from enc_operator.core.admission.predicate import are_too_many
from enc_operator.core.admission.refusing import refuses_configuration, too_deep
from enc_operator.core.admission.world import World
from enc_operator.core.agents.install import read_agents
from enc_operator.core.agents.model import Agent, Level
from enc_operator.core.agents.texts import Installed
from enc_operator.core.findings import Where
from enc_operator.core.injection.parts import config_map_name
from enc_operator.core.inventory import ConfigMapFact, Resolver
from enc_operator.core.objects.configuration import read_config_map
from enc_operator.core.objects.pods import read_instrumentation
from enc_operator.core.objects.shapes import mapping
from enc_operator.core.references.annotations import gather_instrumentation
from enc_operator.core.references.gathering import Gathered, TooMany
from enc_operator.core.references.own import gather_check, gather_setting
from enc_operator.core.references.unmounted import could_hold_handle, gather_unmounted
from enc_operator.core.templates.strings import strings_in


def gather_instrumentations(request: Request, world: World) -> Matter | None:
    """Gather the checks of a DatadogInstrumentation; None where its specification stands already as it is."""
    spec = mapping(request.object, "spec")
    if request.old is not None and request.whole and same(spec, mapping(request.old, "spec")):
        return None
    where = place(request.kind.kind, request.namespace, request.name)
    if are_too_many(text for _, text in strings_in(spec)):
        return unread(where)
    fact = read_instrumentation(request.object, where, request.namespace)
    matter = Matter()
    gather_instrumentation(matter.gathered, fact, world.inventory.pods, world.agents)
    if not request.whole:
        matter.gathered.findings.append(too_deep(where.at("spec")))
    matter.sort(refuses_configuration)
    return matter


def gather_config_maps(request: Request, world: World) -> Matter | None:
    """Gather the texts of a ConfigMap that the request brings in or changes; None where nothing is to be judged.

    That is so where no Agent may run, where nothing changes, and of our own resolver. No pods are matched: which of them a template reaches is another question at every moment, which the operator reports.
    """
    if request.namespace not in world.settings.agent_namespaces:
        return None
    where = place("ConfigMap", request.namespace, request.name)
    fact = read_config_map(request.object, where, request.namespace, request.name)
    changed = _changed(request, fact)
    if not changed or _is_resolver(fact, world.inventory.resolver):
        return None
    texts = [fact.data[key] for key in changed]
    if are_too_large(texts, _readers(fact, world)):
        return too_large(where) if any(map(could_hold_handle, texts)) else None
    matter = Matter(Gathered(room=MOST_TEXTS))
    try:
        _gather_changed(matter, fact, changed, world)
    except TooMany:
        return too_large(where)
    matter.sort(refuses_configuration)
    return matter


def _is_resolver(fact: ConfigMapFact, resolver: Resolver) -> bool:
    """Tell whether it is this release's resolver to the byte: the operator writes it, and who applies a plan does."""
    return (fact.name, dict(fact.data)) == (config_map_name(resolver), dict(resolver.files))


def _readers(fact: ConfigMapFact, world: World) -> int:
    """Return how often a text is read at most: once for each Agent that may mount it."""
    return sum(agent.namespace == fact.namespace for agent in world.agents)


def _gather_changed(matter: Matter, fact: ConfigMapFact, changed: set[str], world: World) -> None:
    installed = _reading(fact, world)
    agents = [item.agent for item in installed]
    seen = {key for item in installed for key in _gather_own(matter, item, agents, fact, changed)}
    for key in sorted(changed - seen):
        there = fact.where.at("binaryData" if key in fact.binary else "data", key)
        gather_unmounted(matter.gathered, there, key, fact.data[key], agents, fact.namespace)


def _changed(request: Request, fact: ConfigMapFact) -> set[str]:
    """Return the keys whose texts are not those that stand there already."""
    if request.old is None:
        return set(fact.data)
    old = read_config_map(request.old, fact.where, fact.namespace, fact.name).data
    return {key for key, value in fact.data.items() if old.get(key) != value}


def _reading(fact: ConfigMapFact, world: World) -> list[Installed]:
    """Read the Agents as they would be with the ConfigMap."""
    named = (fact.namespace, fact.name)
    others = [item for item in world.inventory.config_maps if (item.namespace, item.name) != named]
    return read_agents(replace(world.inventory, config_maps=[*others, fact]))


def _gather_own(
    matter: Matter, installed: Installed, agents: list[Agent], fact: ConfigMapFact, changed: set[str]
) -> Iterable[str]:
    """Gather what an Agent reads of the ConfigMap, and yield the keys where it stands."""
    for own in installed.texts:
        key = _key(own.where, fact)
        if key is None or key not in changed:
            continue
        yield key
        if own.level is Level.SETTING:
            gather_setting(matter.gathered, own)
        else:
            gather_check(matter.gathered, own, agents, ())
    found = installed.findings
    matter.gathered.findings += (each for each in found if _key(each.where, fact) in changed)


def _key(where: Where, fact: ConfigMapFact) -> str | None:
    return str(where.path[1]) if where.object == fact.where.object and len(where.path) > 1 else None
