"""What all sources share on the way to references: a string at a place, read for each Agent on its routes."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from enc_operator.core.agents.model import OWN_NAMESPACE, Agent
from enc_operator.core.agents.oddities import oddities_in
from enc_operator.core.findings import Finding, Where, finding
from enc_operator.core.references.model import Idle, Reference, Referrer, ReferrerKind
from enc_operator.core.references.reading import read_text
from enc_operator.core.references.routes import Route
from enc_operator.core.syntax.yaml_text import Parsed
from enc_operator.core.templates.autodiscovery import Group
from enc_operator.core.templates.strings import telling_strings_in
from enc_operator.core.templates.variables import Lookup

_OF_A_REFERENCE = 4  # what is done for it later, in texts that are read


class TooMany(Exception):  # noqa: N818 - a fact on a text
    """There is more to be read than there is room for."""


@dataclass(slots=True)
class Gathered:
    """References and findings on their way to the assessment; `room` is for how many more texts are read, aliases followed."""

    references: list[Reference] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    room: int = sys.maxsize

    def add(self, *references: Reference) -> None:
        """Add the references of a text; raise TooMany where there is no room."""
        self.room -= 1 + _OF_A_REFERENCE * len(references)
        if self.room < 0:
            raise TooMany
        self.references += references


@dataclass(frozen=True, slots=True)
class Origin:
    """What templates of one object share: who refers, along which routes, with which values for each Agent.

    `images` are the containers' short image names and `pod_namespace` their namespace, for the Agent's own scoping.
    """

    referrer: Referrer
    routes: Sequence[Route]
    pod_namespace: str = ""
    images: tuple[str, ...] = ()


def gather_text(
    gathered: Gathered,
    text: str,
    where: Where,
    origin: Origin,
    lookups: Mapping[int, Lookup],
    idle: Idle | None,
) -> None:
    """Add the references of one string, one for each route; `lookups` are by the route's index."""
    for index, route in enumerate(origin.routes):
        reading = read_text(text, lookups[index], route.agent, origin.referrer)
        if reading is None:
            gathered.add()
            continue
        reason = idle or reading.idle or route.idle
        if reason is None and route.agent is not None:
            reason = scoped(route.agent, reading.handle, origin.pod_namespace, origin.images)
        gathered.add(
            Reference(
                where,
                text,
                reading.handle,
                origin.referrer,
                route.agent,
                route.hop,
                reading.target,
                reading.problem,
                reason,
            )
        )


def scoped(agent: Agent, handle: str, pod_namespace: str, images: tuple[str, ...]) -> Idle | None:
    """Return the Agent's own setting that keeps it from resolving a handle for each of the containers, or None."""
    namespace = agent.backend.scoped_namespace(handle)
    found = [agent.scoping.refuses(handle, namespace, pod_namespace, image) for image in images or ("",)]
    if not all(found):
        return None
    if agent.scoping.planned and found[0] == OWN_NAMESPACE:
        why = "the plan keeps Agents to their pods' own namespaces, since no AgentTarget says crossNamespace"
        return Idle(
            "scope-refused",
            why,
            f"add an AgentTarget in namespace {agent.namespace} with spec: {{crossNamespace: true}}",
        )
    return Idle("scope-refused", f"the Agent's own setting refuses it: {found[0]}")


def gather_group(
    gathered: Gathered,
    group: Group,
    where: Where,
    origin: Origin,
    lookups: Mapping[int, Lookup],
    idle: Idle | None,
) -> None:
    """Add everything under the keys of one identifier; `where` is the place of the annotations or labels."""
    for problem in group.problems:
        place = where.at(problem.key.text).within(*problem.inner)
        place = (place.key() if problem.on_key else place).spanning(problem.span)
        gathered.findings.append(finding(problem.code, place, problem.what, problem.fix))
    dead = Idle("" if group.problems else "not-resolved", NO_CHECK)
    for suffix, parsed in group.values.items():
        place = where.at(group.keys[suffix].text)
        for inner, text in telling_strings_in(parsed.value):
            reason = None if group.is_live(suffix, inner) else dead
            gather_text(gathered, text, place.within(*inner), origin, lookups, idle or reason)
        gather_shadowed(gathered, parsed, place, origin, lookups)
        gathered.findings += oddities_in(parsed, place)


NO_CHECK = "it stands where the Agent takes no check from"
_HIDDEN = Idle("", "a later key of the same name hides it")


def gather_shadowed(
    gathered: Gathered, parsed: Parsed, where: Where, origin: Origin, lookups: Mapping[int, Lookup]
) -> None:
    """Judge values that a later duplicate key hides: the text is there, and another reader may take the first."""
    for value in parsed.shadowed:
        for _, text in telling_strings_in(value):
            gather_text(gathered, text, where, origin, lookups, _HIDDEN)


def own_referrer(agent: Agent) -> Referrer:
    """Return the referrer of an Agent's own configuration."""
    kind = ReferrerKind.AGENT if agent.in_kubernetes else ReferrerKind.OUTSIDE
    return Referrer(kind, agent.namespace)
