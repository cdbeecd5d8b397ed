"""The mutating door: an Agent's workload that comes in, and what the injection adds to it.

What is added is what `assess` plans. Nothing is ever refused here, and whatever is not certain adds nothing: an Agent's rollout waits
for nobody. What somebody else wrote stays as it is; an injection that the operator answers for is renewed. No facts of pods are needed,
so what follows from those is not known here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from enc_operator.core.admission.matter import place, same
from enc_operator.core.admission.model import Answer, Mode, Reason, Request
from enc_operator.core.admission.reading import WRITES, Malformed, read_request
from enc_operator.core.admission.responses import (
    answer_failed,
    answer_judged,
    answer_patched,
    answer_unjudged,
    answer_unknown,
)
from enc_operator.core.admission.world import World
from enc_operator.core.agents.install import admitted_workloads, agent_workloads, target_of
from enc_operator.core.assessment import assess, injection_orders, prepare
from enc_operator.core.findings import Finding, Severity, Where, finding
from enc_operator.core.injection.additions import plan_additions
from enc_operator.core.injection.parts import config_map_name
from enc_operator.core.injection.planning import Injection
from enc_operator.core.injection.writing import MARK, changes_between, config_map_in, recorded_use
from enc_operator.core.inventory import Inventory
from enc_operator.core.objects.authorization import OWNER
from enc_operator.core.objects.shapes import entries, mapping, text
from enc_operator.core.objects.workloads import read_live_workload

_KINDS = ("DaemonSet", "Deployment", "StatefulSet")
_POD = ("spec", "template", "spec")


def mutate(document: Any, world: World, *, whole: bool = True) -> Answer:
    """Answer a decoded AdmissionReview (admission.k8s.io/v1) of any shape, with a patch where the plan adds something.

    `whole` is False where the decoder left out what lay too deep.
    """
    request = read_request(document, whole=whole)
    if isinstance(request, Malformed) and request.uid:
        return answer_unknown(request.uid, request.what)
    if isinstance(request, Malformed):
        return answer_failed("", 400, "BadRequest", request.what)
    inventory = _with_workload(request, world)
    if inventory is None:
        return answer_unjudged(request.uid)
    if why := _uncertain(request, inventory):
        return answer_unknown(request.uid, f"nothing is added: {why}")
    return _answer(request, inventory)


def _with_workload(request: Request, world: World) -> Inventory | None:
    """Return the facts with the workload of a request; None where nobody asks for its injection, or no rollout comes of it."""
    if not _rolls_out(request) or request.namespace not in world.settings.agent_namespaces:
        return None
    if _takes_out(request):
        return None
    where = place(request.kind.kind, request.namespace, request.name)
    fact = read_live_workload(request.object, where)
    targets = world.inventory.targets
    others = [workload for workload in world.inventory.workloads if workload.object != where.ref]
    admitted = admitted_workloads([fact], targets, world.settings.accounts)
    if not admitted or not target_of(fact, targets).injects:
        return None
    return replace(world.inventory, workloads=[*others, *admitted])


def _rolls_out(request: Request) -> bool:
    """Tell whether new pods come of a request: what leaves the template as it is must start no rollout."""
    known = (request.kind.group, request.operation in WRITES) == ("apps", True)
    if not known or request.kind.kind not in _KINDS or "/" in request.resource:
        return False
    if "deletionTimestamp" in mapping(request.object, "metadata"):
        return False
    template, old = (mapping(each, "spec", "template") for each in (request.object, request.old))
    return request.old is None or not same(template, old)


def _takes_out(request: Request) -> bool:
    """Tell whether `encctl uninstall` takes an injection out with its mark; the API server does not say what is a patch, but who sends it."""
    old, new = (mapping(each, "metadata", "annotations") for each in (request.old, request.object))
    return request.manager == OWNER and MARK in old and MARK not in new


def _uncertain(request: Request, inventory: Inventory) -> str:
    """Return why it is not known here what would be right; empty where it is."""
    if not request.whole:
        return "something of the workload lies too deep to be read"
    ref = place(request.kind.kind, request.namespace, request.name).ref
    workload = next(each for each in agent_workloads(inventory) if each.object == ref)
    if target_of(workload, inventory.targets).cross_namespace and not _is_injected(request):
        return "the namespaces that its references use are known to the operator only"
    spec = mapping(request.object, *_POD)
    known = {each.name for each in inventory.config_maps if each.namespace == request.namespace}
    if missing := sorted({*_config_maps(spec)} - known):
        return f"ConfigMap {missing[0]}, which may configure it, is not known yet"
    payload = config_map_name(inventory.resolver)
    return "" if payload in known else f"ConfigMap {payload} with the resolver is not there yet"


def _is_injected(request: Request) -> bool:
    """Tell whether a workload holds an injection that the operator answers for: who rolls it out gets the newest."""
    marked = MARK in mapping(request.old, "metadata", "annotations")
    return marked and bool(config_map_in(mapping(request.object, *_POD)))


def _config_maps(spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ConfigMaps without which the pods would not start."""
    found: list[Mapping[str, Any]] = []
    for _, volume in entries(spec, "volumes"):
        found.append(mapping(volume, "configMap"))
        found += (mapping(source, "configMap") for _, source in entries(volume, "projected", "sources"))
    for _, container in entries(spec, "containers"):
        found += (mapping(each, "configMapRef") for _, each in entries(container, "envFrom"))
        found += (mapping(each, "valueFrom", "configMapKeyRef") for _, each in entries(container, "env"))
    yield from (
        text(each, "name") for each in found if text(each, "name") and each.get("optional") is not True
    )


def _answer(request: Request, inventory: Inventory) -> Answer:
    where = place(request.kind.kind, request.namespace, request.name)
    injection = _planned(request, inventory)
    if injection.manifest is None:
        return _told(request, _refused(where, injection))
    additions = plan_additions(request.object, injection.manifest)
    if additions.kept and _is_injected(request):
        specs = (mapping(each, *_POD) for each in (request.object, injection.manifest))
        return answer_patched(request.uid, changes_between(*specs), injection.changes)
    if additions.kept:
        return _told(request, [_kept(where, additions.kept)])
    if not additions.operations:
        return answer_unjudged(request.uid)
    return answer_patched(request.uid, additions.operations, injection.changes)


def _planned(request: Request, inventory: Inventory) -> Injection:
    """Return the injection of a request's workload; in one that is renewed, what follows from references stays as it was written."""
    ref = place(request.kind.kind, request.namespace, request.name).ref
    if not _is_injected(request):
        return next(each for each in assess(inventory).injections if each.object == ref)
    orders = injection_orders(inventory, prepare(inventory).agents, ())
    order = next(each for each in orders if each.workload.object == ref)
    return replace(order, use=recorded_use(order)).plan(inventory.resolver)


def _told(request: Request, findings: Iterable[Finding]) -> Answer:
    reasons = [Reason(each, Mode.WARN, refuses=False) for each in findings]
    return answer_judged(request.uid, reasons) if reasons else answer_unjudged(request.uid)


def _refused(where: Where, injection: Injection) -> Iterator[Finding]:
    refused = injection.refused
    if refused and refused.code != "none":
        yield finding(refused.code, where, refused.message, refused.fix)


def _kept(where: Where, kept: Iterable[str]) -> Finding:
    what = f"not as the injection would write it, and left alone: {', '.join(kept)}; so nothing is added"
    return Finding("injection-kept", Severity.WARNING, where, what, "remove it to have it injected")
