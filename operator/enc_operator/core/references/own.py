"""References in an Agent's own configuration: its settings, and check files that it mounts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from enc_operator.core.agents.backends import BackendKind, is_secret_setting
from enc_operator.core.agents.model import Agent, OwnText
from enc_operator.core.agents.settings import variable_setting
from enc_operator.core.findings import Where, finding
from enc_operator.core.inventory import Component, PodFact
from enc_operator.core.objects.detection import image_name, long_image_name
from enc_operator.core.references.annotations import check_ids
from enc_operator.core.references.gathering import (
    NO_CHECK,
    Gathered,
    Origin,
    gather_shadowed,
    gather_text,
    note_oddities,
    own_referrer,
    scoped,
)
from enc_operator.core.references.model import Idle, Match, OtherTarget, Reference, Referrer, ReferrerKind
from enc_operator.core.references.reading import Reading, read_setting, read_text
from enc_operator.core.references.routes import NO_BACKEND, Route, dispatched, unresolved
from enc_operator.core.references.scope import file_scope, pod_scope, unmatched_scope
from enc_operator.core.syntax import SyntaxFault
from enc_operator.core.templates.checkfiles import CheckFile, parse_check_file
from enc_operator.core.templates.strings import strings_in


def gather_setting(gathered: Gathered, own: OwnText) -> None:
    """Add a handle of the Agent's main configuration or environment: each of its processes resolves it at start."""
    agent = own.agent
    setting = variable_setting(own.path) or own.path
    if is_secret_setting(setting):
        what = f"{own.path} configures the secret backend itself: a handle there cannot work"
        gathered.findings.append(finding("handle-in-secret-setting", own.where, what, "write the value out"))
        return
    reading = read_setting(own.text, agent, own_referrer(agent))
    idle = NO_BACKEND if agent.backend.kind is BackendKind.NONE else None
    hop = f"at start ({own.process})" if own.process else "at start"
    gathered.references.append(
        _reference(own.where, own.text, reading, Route(agent, hop, idle), own_referrer(agent))
    )


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
        place = own.where
        gathered.findings.append(
            finding("config-invalid", place, f"{fault.message}: the Agent drops the file", fault.fix)
        )
        return
    note_oddities(gathered, file.parsed, own.where)
    if file.identifiers and own.agent.in_kubernetes:
        _gather_template(gathered, own, file, pods)
        return
    routes = _routes(own.agent, file, agents)
    lookup = unmatched_scope(own.agent) if file.is_template else file_scope(own.agent)
    lookups = dict.fromkeys(range(len(routes)), lookup)
    origin = Origin(own_referrer(own.agent), routes)
    for inner, text in strings_in(file.parsed.value):
        idle = None if file.is_live(inner) else Idle("not-resolved", NO_CHECK)
        gather_text(gathered, text, own.where.within(*inner), origin, lookups, idle)
    gather_shadowed(gathered, file.parsed, own.where, origin, lookups)


def _routes(agent: Agent, file: CheckFile, agents: Sequence[Agent]) -> list[Route]:
    if agent.component is Component.CLUSTER and (file.cluster_check or file.services):
        return dispatched(agent, agents)
    hop = "its own conf.d"
    if file.services:
        return [Route(agent, hop, _ONLY_CLUSTER)]
    return [Route(agent, hop, unresolved(agent))]


def _gather_template(gathered: Gathered, own: OwnText, file: CheckFile, pods: Sequence[PodFact]) -> None:
    """Add a file that waits for containers: once for each namespace and ServiceAccount of the pods that it matches."""
    matched = list(_matching(file.identifiers, pods, own.agent))
    if own.agent.component is Component.CLUSTER:
        matched = []
    for inner, text in strings_in(file.parsed.value):
        where = own.where.within(*inner)
        idle = None if file.is_live(inner) else Idle("not-resolved", NO_CHECK)
        gathered.references += _matched_references(text, where, own.agent, matched, idle)
        if not matched:
            gathered.references += _unmatched_reference(text, where, own.agent, idle)


def _matching(
    identifiers: tuple[str, ...], pods: Iterable[PodFact], agent: Agent
) -> Iterable[tuple[PodFact, str]]:
    """Yield the pods with a container that an identifier names: its `check.id`, else its image's name."""
    for pod in pods:
        renamed = check_ids(pod, agent.flavour)
        for container in pod.containers:
            names = {image_name(container.image), long_image_name(container.image)}
            if container.name in renamed:
                names = {renamed[container.name]}
            if any(name and "://" not in name and name in identifiers for name in names):
                yield pod, image_name(container.image)
                break


def _matched_references(
    text: str, where: Where, agent: Agent, matched: list[tuple[PodFact, str]], idle: Idle | None
) -> list[Reference]:
    """Read a text for each matched pod; pods that lead to the same Secret make one reference."""
    found: dict[tuple[object, ...], Reference] = {}
    referrer = own_referrer(agent)
    for pod, image in matched:
        reading = read_text(text, pod_scope(pod, agent), agent, referrer)
        if reading is None:
            continue
        namespace = "" if isinstance(reading.target, OtherTarget) else pod.namespace
        reason = idle or unresolved(agent) or scoped(agent, reading.handle, namespace, image)
        match = Match(pod.object, Referrer(ReferrerKind.POD, pod.namespace, pod.service_account))
        reference = _reference(
            where, text, reading, Route(agent, "its own conf.d, matched pods", reason), referrer, match
        )
        key = (reference.handle, reference.idle)
        if key in found:
            reference = _joined(found[key], match)
        found[key] = reference
    return list(found.values())


def _joined(reference: Reference, match: Match) -> Reference:
    return replace(reference, matches=tuple(sorted({*reference.matches, match})))


def _unmatched_reference(text: str, where: Where, agent: Agent, idle: Idle | None) -> list[Reference]:
    """Return a reference that no pod of the input brings to life: it is listed, and grants nothing."""
    reading = read_text(text, unmatched_scope(agent), agent, own_referrer(agent))
    if reading is None:
        return []
    pending = reading.problem is not None and reading.problem.code == "handle-undetermined"
    shown = Reading(reading.handle, reading.target, None if pending else reading.problem, reading.idle)
    route = Route(agent, "its own conf.d, matched pods", idle or NO_MATCH)
    return [_reference(where, text, shown, route, own_referrer(agent))]


NO_MATCH = Idle("no-match", "no pod of the input matches its ad_identifiers")
_ONLY_CLUSTER = Idle("not-resolved", "only the Cluster Agent matches Services and endpoints")
