"""References in an Agent's own configuration: its settings, and check files that it mounts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from enc_operator.core.agents.backends import BackendKind, is_secret_setting
from enc_operator.core.agents.model import Agent, OwnText
from enc_operator.core.agents.oddities import oddities_in
from enc_operator.core.agents.settings import file_code, variable_setting
from enc_operator.core.findings import Finding, Where, finding
from enc_operator.core.inventory import Component, Container, Flavour, PodFact
from enc_operator.core.objects.detection import image_name, long_image_name
from enc_operator.core.references.annotations import check_ids
from enc_operator.core.references.gathering import (
    NO_CHECK,
    Gathered,
    Origin,
    gather_shadowed,
    gather_text,
    own_referrer,
    scoped,
)
from enc_operator.core.references.model import Idle, Match, Reference, Referrer, ReferrerKind
from enc_operator.core.references.reading import Reading, read_setting, read_text
from enc_operator.core.references.routes import NO_BACKEND, Route, dispatched, unresolved
from enc_operator.core.references.scope import file_scope, pod_scope, unmatched_scope
from enc_operator.core.syntax import SyntaxFault
from enc_operator.core.templates.checkfiles import CheckFile, parse_check_file
from enc_operator.core.templates.strings import telling_strings_in


def gather_setting(gathered: Gathered, own: OwnText) -> None:
    """Add a handle of the Agent's main configuration or environment: each of its processes resolves it at start."""
    agent = own.agent
    setting = variable_setting(own.path) or own.path
    if is_secret_setting(setting):
        what = f"{own.path} configures the secret backend itself: a handle there cannot work"
        gathered.findings.append(
            finding("handle-in-secret-setting", own.where.part(own.text), what, "write the value out")
        )
        return
    reading = read_setting(own.text, agent, own_referrer(agent))
    idle = NO_BACKEND if agent.backend.kind is BackendKind.NONE else None
    hop = f"at start ({own.process})" if own.process else "at start"
    gathered.add(_reference(own.where, own.text, reading, Route(agent, hop, idle), own_referrer(agent)))


def _reference(
    where: Where, text: str, reading: Reading, route: Route, referrer: Referrer, *matches: Match
) -> Reference:
    return Reference(
        where,
        text,
        reading.handle,
        referrer,
        route.agent,
        route.hop,
        reading.target,
        reading.problem,
        reading.idle or route.idle,
        matches,
    )


def gather_check(gathered: Gathered, own: OwnText, agents: Sequence[Agent], pods: Sequence[PodFact]) -> None:
    """Add the handles of a check's file below conf.d."""
    try:
        file = parse_check_file(own.path, own.text)
    except SyntaxFault as fault:
        place = own.where.spanning(fault.span(own.text))
        gathered.findings.append(
            finding(file_code(fault), place, f"{fault.message}: the Agent drops the file", fault.fix)
        )
        return
    gathered.findings += oddities_in(file.parsed, own.where)
    gathered.findings += _misplaced(own, file)
    if _waits_for_containers(file, own.agent):
        _gather_template(gathered, own, file, pods)
        return
    routes = _routes(own.agent, file, agents)
    lookup = unmatched_scope(own.agent) if file.is_template else file_scope(own.agent)
    lookups = dict.fromkeys(range(len(routes)), lookup)
    origin = Origin(own_referrer(own.agent), routes)
    for inner, text in telling_strings_in(file.parsed.value):
        idle = None if file.is_live(inner) else Idle("not-resolved", NO_CHECK)
        gather_text(gathered, text, own.where.within(*inner), origin, lookups, idle)
    gather_shadowed(gathered, file.parsed, own.where, origin, lookups)


def _misplaced(own: OwnText, file: CheckFile) -> Iterator[Finding]:
    """Yield what an Agent makes of a file that is for another one, or that it matches by an expression."""
    if file.expression:
        what = "which containers it reaches is not checked: the expression is not evaluated here"
        fix = "name the pods' namespaces in the handles, or match by ad_identifiers"
        yield finding("cel-unchecked", own.where.within("cel_selector").key(), what, fix)
    node = own.agent.component is Component.NODE and own.agent.in_kubernetes
    if node and file.cluster_check and not file.is_template:
        what = f"a cluster check, which {own.agent.title} runs and resolves too, on every node"
        fix = "mount the file in the Cluster Agent only"
        yield finding("cluster-check-on-node", own.where.within("cluster_check").key(), what, fix)


def _waits_for_containers(file: CheckFile, agent: Agent) -> bool:
    """Tell whether a file is matched against the pods of the input; the Cluster Agent matches Services instead."""
    if not file.identifiers or not agent.in_kubernetes:
        return False
    return agent.component is not Component.CLUSTER or not (file.services or file.expression)


def _routes(agent: Agent, file: CheckFile, agents: Sequence[Agent]) -> list[Route]:
    if agent.component is Component.CLUSTER and (file.cluster_check or file.is_template):
        return dispatched(agent, agents)
    idle = _ONLY_CLUSTER if file.services and not file.expression else unresolved(agent)
    return [Route(agent, "its own conf.d", idle)]


def _gather_template(gathered: Gathered, own: OwnText, file: CheckFile, pods: Sequence[PodFact]) -> None:
    """Add a file that waits for containers: once for each namespace and ServiceAccount of the pods that it matches."""
    matched = list(_matching(file.identifiers, pods, own.agent))
    for inner, text in telling_strings_in(file.parsed.value):
        where = own.where.within(*inner)
        idle = None if file.is_live(inner) else Idle("not-resolved", NO_CHECK)
        gathered.add(*_matched_references(text, where, own.agent, matched, idle))
        if not matched:
            gathered.add(*_unmatched_reference(text, where, own.agent, idle))
    origin = Origin(own_referrer(own.agent), [Route(own.agent, _BY_MATCH)])
    gather_shadowed(gathered, file.parsed, own.where, origin, {0: unmatched_scope(own.agent)})


def _matching(
    identifiers: tuple[str, ...], pods: Iterable[PodFact], agent: Agent
) -> Iterator[tuple[PodFact, tuple[str, ...]]]:
    """Yield the pods with containers that an identifier names, and these containers' short image names.

    Only node Agents watch containers. What names a container is its `check.id`, else its image.
    """
    for pod in pods if agent.component is Component.NODE else ():
        renamed = check_ids(pod, agent.flavour)
        images = tuple(
            image_name(container.image)
            for container in pod.containers
            if not _names(container, renamed).isdisjoint(identifiers)
        )
        if images:
            yield pod, images


def identifiers_of(pod: PodFact) -> set[str]:
    """Return everything by which an identifier of some check's file may name a container of the pod."""
    renamed = [check_ids(pod, flavour) for flavour in Flavour]
    return {name for container in pod.containers for ids in renamed for name in _names(container, ids)}


def _names(container: Container, renamed: Mapping[str, str]) -> set[str]:
    """Return the identifiers of a container: the kubelet's listener adds a `check.id` to the image's names."""
    names = {container.image, image_name(container.image), long_image_name(container.image)}
    names.add(renamed.get(container.name, ""))
    return {name for name in names if name and "://" not in name}


def _matched_references(
    text: str,
    where: Where,
    agent: Agent,
    matched: list[tuple[PodFact, tuple[str, ...]]],
    idle: Idle | None,
) -> list[Reference]:
    """Read a text for each matched pod; pods that lead to the same Secret make one reference."""
    found: dict[tuple[object, ...], tuple[Reference, set[Match]]] = {}
    referrer = own_referrer(agent)
    for pod, images in matched:
        reading = read_text(text, pod_scope(pod, agent), agent, referrer)
        if reading is None:
            continue
        reason = idle or unresolved(agent) or scoped(agent, reading.handle, pod.namespace, images)
        match = Match(pod.object, Referrer(ReferrerKind.POD, pod.namespace, pod.service_account))
        reference = _reference(where, text, reading, Route(agent, _BY_MATCH, reason), referrer, match)
        _, matches = found.setdefault((reference.handle, reference.idle), (reference, set()))
        matches.add(match)
    return [replace(reference, matches=tuple(sorted(matches))) for reference, matches in found.values()]


def _unmatched_reference(text: str, where: Where, agent: Agent, idle: Idle | None) -> list[Reference]:
    """Return a reference that no pod of the input brings to life: it is listed, and grants nothing."""
    reading = read_text(text, unmatched_scope(agent), agent, own_referrer(agent))
    if reading is None:
        return []
    pending = reading.problem is not None and reading.problem.code == "handle-undetermined"
    shown = Reading(reading.handle, reading.target, None if pending else reading.problem, reading.idle)
    nobody = _NO_MATCH if agent.component is Component.NODE else _NO_CONTAINERS
    route = Route(agent, _BY_MATCH, idle or nobody)
    return [_reference(where, text, shown, route, own_referrer(agent))]


_BY_MATCH = "its own conf.d, matched pods"
_NO_MATCH = Idle("no-match", "no pod of the input matches its ad_identifiers")
_NO_CONTAINERS = Idle("not-resolved", "only a node Agent matches ad_identifiers against containers")
_ONLY_CLUSTER = Idle("not-resolved", "only the Cluster Agent matches Services and endpoints")
