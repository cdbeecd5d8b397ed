"""References in the annotations of pods, workload templates and Services, in DatadogInstrumentation, and in Compose labels."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from enc_operator.core.agents.model import Agent
from enc_operator.core.agents.oddities import near_misses_in
from enc_operator.core.findings import Finding, Where, finding
from enc_operator.core.inventory import (
    ComposeFact,
    Flavour,
    InstrumentationFact,
    PodFact,
    ServiceFact,
)
from enc_operator.core.objects.detection import image_name
from enc_operator.core.objects.shapes import items
from enc_operator.core.references.gathering import (
    NO_CHECK,
    Gathered,
    Origin,
    gather_group,
    gather_text,
    own_referrer,
)
from enc_operator.core.references.model import Idle, Referrer, ReferrerKind
from enc_operator.core.references.routes import Route, cluster_routes, node_routes, unresolved
from enc_operator.core.references.scope import pod_scope, service_scope, unmatched_scope
from enc_operator.core.templates.autodiscovery import (
    Group,
    Key,
    groups_of,
    misspelt_suffix,
    parse_key,
    parse_label,
)
from enc_operator.core.templates.strings import telling_strings_in

_SHOWN_NAMES = 20
_SERVICE_IDENTIFIERS = ("service", "endpoints")


def gather_pod(gathered: Gathered, pod: PodFact, agents: Sequence[Agent]) -> None:
    """Add what stands in the annotations of a pod or a template."""
    keys = [key for key in map(parse_key, pod.annotations) if key]
    if not keys:
        return
    where = pod.where.at(*pod.metadata, "annotations")
    referrer = Referrer(ReferrerKind.POD, pod.namespace, pod.service_account)
    gathered.findings += _foreign_identifiers(pod, keys, where)
    gathered.findings += _misspelt(keys, where)
    running = {flavour: _running(pod, flavour) for flavour in {key.flavour for key in keys}}
    for group in groups_of(keys, pod.annotations):
        images = running[group.flavour].images.get(group.identifier, ())
        idle = None if images else _unknown_container(gathered, group, where, running[group.flavour].names)
        routes = node_routes(agents, group.flavour)
        lookups = {index: pod_scope(pod, route.substitutes) for index, route in enumerate(routes)}
        origin = Origin(referrer, routes, pod.namespace, tuple(images))
        gather_group(gathered, group, where, origin, lookups, idle)


class _Running(NamedTuple):
    """The containers of a pod: the images by the identifier that names them, and the identifiers for a person."""

    images: Mapping[str, Sequence[str]]
    names: str


def _running(pod: PodFact, flavour: Flavour) -> _Running:
    renamed = check_ids(pod, flavour)
    images: dict[str, list[str]] = defaultdict(list)
    for container in pod.containers:
        images[renamed.get(container.name, container.name)].append(image_name(container.image))
    names = sorted(images)
    shown = ", ".join(names[:_SHOWN_NAMES]) + (", …" if len(names) > _SHOWN_NAMES else "")
    return _Running(images, shown or "none")


def _unknown_container(gathered: Gathered, group: Group, where: Where, names: str) -> Idle | None:
    """Say that a group's identifier is no container's, so that the Agent takes nothing from its keys."""
    key = next((key for key in group.keys.values() if key.holds_json), None)
    if key is None:
        return None
    what = f'"{group.identifier}" is no container of the pod (there are: {names}): the Agent ignores the annotation'
    gathered.findings.append(
        finding("container-unknown", _identifier(where, key), what, "write a container's name after the /")
    )
    return Idle("", f'"{group.identifier}" is no container of the pod')


def _identifier(where: Where, key: Key) -> Where:
    """Return the place of the identifier in an annotation's key."""
    start = key.text.index("/") + 1
    return where.at(key.text).key().part(key.text, start, start + len(key.identifier))


def _foreign_identifiers(pod: PodFact, keys: Sequence[Key], where: Where) -> Iterator[Finding]:
    """Yield the check.ids in the form of a container's own identifier (`containerd://…`), which could be another's."""
    for key in keys:
        if key.suffix == "check.id" and "://" in pod.annotations[key.text]:
            what = f'the check.id of "{key.identifier}" is written as the identifier of one running container'
            place = where.at(key.text).part(pod.annotations[key.text])
            yield finding("template-invalid", place, what, "write a name of your own, without ://")


def _misspelt(keys: Sequence[Key], where: Where) -> Iterator[Finding]:
    """Yield the keys whose suffix the Agent does not know, and that are close to one."""
    for key in keys:
        found = misspelt_suffix(key)
        if found:
            start, meant = found
            what = f'the Agent knows no "{key.text[start:]}" here and takes nothing from it'
            place = where.at(key.text).key().part(key.text, start)
            yield finding("suffix-unknown", place, what, f'did you mean "{key.text[:start]}{meant}"?')


def check_ids(pod: PodFact, flavour: Flavour) -> dict[str, str]:
    """Return the `check.id` of each container that has one: then its name is no identifier any more."""
    found = (parse_key(key) for key in pod.annotations)
    return {
        key.identifier: pod.annotations[key.text]
        for key in found
        if key and key.suffix == "check.id" and key.flavour is flavour and not key.legacy
    }


def gather_service(gathered: Gathered, service: ServiceFact, agents: Sequence[Agent]) -> None:
    """Add what stands in the annotations of a Service."""
    keys = [key for key in map(parse_key, service.annotations) if key]
    where = service.where.at("metadata", "annotations")
    gathered.findings += _misspelt(keys, where)
    referrer = Referrer(ReferrerKind.SERVICE, service.namespace)
    for group in groups_of(keys, service.annotations):
        idle = _service_idle(gathered, group, where)
        endpoints = group.identifier == "endpoints" and not _resolves_ip(group, service)
        routes = cluster_routes(agents, group.flavour, pod_backed=endpoints and service.selects_pods)
        lookups = {index: service_scope(service, route.substitutes) for index, route in enumerate(routes)}
        gather_group(gathered, group, where, Origin(referrer, routes), lookups, idle)


def _service_idle(gathered: Gathered, group: Group, where: Where) -> Idle | None:
    """Return why the Cluster Agent never sees the keys: its listener asks for `.checks` or `.instances`."""
    if not group.values:
        return None
    key = next(iter(group.keys.values()))
    if group.identifier not in _SERVICE_IDENTIFIERS:
        what, fix = f'a Service has no "{group.identifier}"', "write service or endpoints after the /"
    elif group.legacy:
        what, fix = "the legacy prefix is never read on Services", "use the prefix ad.datadoghq.com/"
    elif "checks" not in group.keys and "instances" not in group.keys:
        what, fix = (
            "a Service that is annotated only with logs is never resolved",
            "annotate the pods with the logs",
        )
    else:
        return None
    gathered.findings.append(finding("service-unseen", where.at(key.text).key(), what, fix))
    return Idle("", what)


def _resolves_ip(group: Group, service: ServiceFact) -> bool:
    key = group.keys.get("resolve")
    return key is not None and service.annotations[key.text] == "ip"


def gather_instrumentation(
    gathered: Gathered, fact: InstrumentationFact, pods: Sequence[PodFact], agents: Sequence[Agent]
) -> None:
    """Add what stands in a DatadogInstrumentation: node Agents resolve it for a workload's pods, the Cluster Agent for a Service."""
    where = fact.where.at("spec", "config")
    if fact.target_kind == "Service":
        service = ServiceFact(fact.where, fact.namespace, {}, selects_pods=True)
        origin = Origin(
            Referrer(ReferrerKind.SERVICE, fact.namespace),
            cluster_routes(agents, Flavour.DATADOG, pod_backed=True),
        )
        lookups = {
            index: service_scope(service, route.substitutes) for index, route in enumerate(origin.routes)
        }
    else:
        pod = _targeted(fact, pods)
        routes = node_routes(agents, Flavour.DATADOG)
        referrer = Referrer(ReferrerKind.POD, fact.namespace, pod.service_account)
        origin = Origin(referrer, routes, fact.namespace)
        lookups = {index: pod_scope(pod, route.substitutes) for index, route in enumerate(routes)}
    value = {"checks": items(fact.config, "checks"), "logs": items(fact.config, "logs")}
    gathered.findings += near_misses_in(value, where.at)
    for inner, text in telling_strings_in(value):
        idle = None if _is_config(inner) else Idle("not-resolved", NO_CHECK)
        gather_text(gathered, text, where.at(*inner), origin, lookups, idle)


def _is_config(inner: tuple[object, ...]) -> bool:
    return inner[0] == "logs" or (len(inner) > 2 and inner[2] in ("initConfig", "instances"))


def _targeted(fact: InstrumentationFact, pods: Sequence[PodFact]) -> PodFact:
    """Return the template of the workload that is targeted; without it nothing but the namespace is known."""
    for pod in pods:
        ref = pod.object
        if (ref.kind, ref.namespace, ref.name) == (fact.target_kind, fact.namespace, fact.target_name):
            return replace(pod, where=fact.where)
    return PodFact(fact.where, fact.namespace, "", ())


def gather_compose(gathered: Gathered, fact: ComposeFact, agents: Sequence[Agent]) -> None:
    """Add what stands in the Autodiscovery labels of a Compose service: the Agent of the same file resolves it."""
    keys = [key for key in map(parse_label, fact.labels) if key]
    mates = [agent for agent in agents if agent.name.startswith(f"{fact.install} service ")]
    for group in groups_of(keys, fact.labels):
        resolving = [agent for agent in mates if agent.flavour is group.flavour]
        routes = [Route(agent, "Agent of the Compose file", unresolved(agent)) for agent in resolving]
        routes = routes or [Route(None, "Agent", Idle("no-agent", "the Compose file runs no Agent"))]
        referrer = own_referrer(resolving[0]) if resolving else Referrer(ReferrerKind.OUTSIDE)
        lookups = {index: unmatched_scope(route.substitutes) for index, route in enumerate(routes)}
        gather_group(gathered, group, fact.where.at("labels"), Origin(referrer, routes), lookups, None)
