"""An AgentTarget's status: counts, and conditions in Kubernetes' usual form (API conventions, "Typical status properties"). Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from enc_operator.controller.report import INJECTION_LEFT, Report, is_planned
from enc_operator.core.findings import ObjectRef
from enc_operator.core.injection.writing import Held, State

_LONGEST = 1000
_SHOWN = 3
_CONTESTED = (
    "undoes the injection again and again, so it is written ever more rarely: have that writer leave the initContainers, volumes and env "
    "that it does not set (for Argo CD by ignoreDifferences, or by server-side apply)"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the injection of one workload stands: `others` is who undoes it, `problem` why it could not be written, each empty if nothing.

    `undone` is what a later process has to know of that; it is not known yet before this one has `met` the workload.
    """

    workload: ObjectRef
    state: State
    why: str = ""
    pending: bool = False
    others: str = ""
    problem: str = ""
    held: Held | None = None
    undone: Mapping[str, Any] | None = None
    met: bool = True


@dataclass(frozen=True, slots=True)
class View:
    """What conditions need besides the report.

    `namespaces` are those in which the install lists Agents; `fence` says why the fence does not hold, empty if it does; `missing`
    is what is not listed yet; `problems` are the messages of writes that did not take effect; `injections`
    is None where the install changes no workloads.
    """

    namespaces: frozenset[str]
    fence: str = ""
    missing: Sequence[str] = ()
    problems: Sequence[str] = ()
    injections: Sequence[Standing] | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition, without its times."""

    type: str
    status: str
    reason: str
    message: str


def status_of(
    ref: ObjectRef,
    generation: int,
    report: Report,
    view: View,
    before: Mapping[str, Any],
    now: str,
    more: Sequence[Condition] = (),
) -> dict[str, Any]:
    """Return the status of an AgentTarget; `before` is what it says now, `now` an RFC 3339 time for what changes.

    `more` are conditions that Ready does not depend on.
    """
    old = {each["type"]: each for each in before.get("conditions", ())}
    conditions = [
        _dated(condition, generation, old.get(condition.type), now)
        for condition in (*conditions_of(ref, report, view), *more)
    ]
    return {
        "observedGeneration": generation,
        "references": report.totals(ref),
        "components": [_with_standing(each, view, before) for each in report.components.get(ref, ())],
        "conditions": conditions,
    }


def _dated(condition: Condition, generation: int, old: Mapping[str, Any] | None, now: str) -> dict[str, Any]:
    same = old is not None and old.get("status") == condition.status
    return {
        "type": condition.type,
        "status": condition.status,
        "observedGeneration": generation,
        "lastTransitionTime": old["lastTransitionTime"] if old and same else now,
        "reason": condition.reason,
        "message": condition.message[:_LONGEST],
    }


def conditions_of(ref: ObjectRef, report: Report, view: View) -> list[Condition]:
    """Return all conditions; Ready sums up the others, and says the first thing that is in its way."""
    found = [
        _accepted(ref, report, view),
        _agents_found(ref, report),
        _fence_holds(view),
        _permissions(ref, report, view),
    ]
    injected = _injected(ref, report, view)
    relevant = found if injected.reason == "NotAsked" else [*found, injected]
    wrong = next((each for each in relevant if each.status != "True"), None)
    ready = (
        Condition("Ready", "False", wrong.reason, wrong.message)
        if wrong
        else Condition("Ready", "True", found[-1].reason, found[-1].message)
    )
    return [ready, *found, injected, _references(ref, report)]


def _accepted(ref: ObjectRef, report: Report, view: View) -> Condition:
    if ref.namespace not in view.namespaces:
        what = (
            f"the install lists no Agents in namespace {ref.namespace}: add them to `agents` in the chart's "
            "values, or remove this AgentTarget"
        )
        return Condition("Accepted", "False", "NotListed", what)
    if ref in report.conflicts:
        return Condition("Accepted", "False", "Conflict", report.conflicts[ref])
    return Condition("Accepted", "True", "Accepted", "the install lists the Agents of this namespace")


def _agents_found(ref: ObjectRef, report: Report) -> Condition:
    number = len(report.components.get(ref, ()))
    strangers = [
        f"{name} runs as {account}"
        for name, account in report.strangers.items()
        if f" {ref.namespace}/" in name
    ]
    if number and not strangers:
        return Condition("AgentsFound", "True", "Found", f"{number} workload{'s' * (number != 1)}")
    if strangers:
        what = f"{', '.join(strangers[:_SHOWN])}, which the install does not list: add it to `agents` in the chart's values"
        return Condition("AgentsFound", "False", "NotListed", what)
    what = (
        "no workload of this namespace runs an Agent as a listed ServiceAccount: label it with "
        "agent.datadoghq.com/component, or name it in spec.workloads"
    )
    return Condition("AgentsFound", "False", "NoWorkload", what)


def _fence_holds(view: View) -> Condition:
    if view.fence:
        return Condition("FenceHolds", "False", "FenceMissing", f"nothing is written: {view.fence}")
    return Condition("FenceHolds", "True", "Holds", "what must be refused to the operator is refused")


def _permissions(ref: ObjectRef, report: Report, view: View) -> Condition:
    target = report.targets.get(ref)
    if target is None or is_planned(target):
        what = f"nothing is written; {report.planned} Role{'s' * (report.planned != 1)} would be with spec.manage: RBAC"
        return Condition("PermissionsWritten", "True", "Planned", what)
    if view.fence:
        return Condition(
            "PermissionsWritten", "False", "FenceMissing", "nothing is written without the fence"
        )
    if view.missing:
        what = f"nothing is written until everything is known: {'; '.join(view.missing[:_SHOWN])}"
        return Condition("PermissionsWritten", "False", "NotSynced", what)
    if view.problems:
        more = f" and {len(view.problems) - _SHOWN} more" if len(view.problems) > _SHOWN else ""
        what = f"{'; '.join(view.problems[:_SHOWN])}{more}"
        return Condition("PermissionsWritten", "False", "WriteFailed", what)
    number = report.permissions
    return Condition(
        "PermissionsWritten", "True", "Converged", f"{number} Role{'s' * (number != 1)} as they should be"
    )


def _injected(ref: ObjectRef, report: Report, view: View) -> Condition:
    """Return how the injections stand: the first thing that is in the way of one, else how many there are."""
    target = report.targets.get(ref)
    left = [str(each) for each in report.left if each.namespace == ref.namespace]
    if left:
        return Condition(
            "Injected", "False", "InjectionLeft", f"{', '.join(left[:_SHOWN])}: {INJECTION_LEFT}"
        )
    if target is None or not target.injects:
        what = "workloads are left as they are; spec.manage: Full has the resolver injected"
        return Condition("Injected", "False", "NotAsked", what)
    if view.injections is None:
        what = "this install changes no workload that is there: set injection.enabled in the chart's values"
        return Condition("Injected", "False", "NotEnabled", what)
    wrong = [(each, reason, what) for each in view.injections for reason, what in _in_the_way(each)]
    if wrong:
        said = _grouped((str(each.workload), what) for each, _, what in wrong)
        return Condition("Injected", "False", wrong[0][1], "; ".join(said[:_SHOWN]))
    noted = [each for each in view.injections if each.state in (State.OUTDATED, State.DECLARED)]
    number, reasons = len(view.injections), {each.state for each in noted}
    said = _grouped((str(each.workload), each.why) for each in noted)
    what = "; ".join([f"{number} workload{'s' * (number != 1)}", *said[:_SHOWN]])
    reason = next((each for each in (State.OUTDATED, State.DECLARED) if each in reasons), State.INJECTED)
    return Condition("Injected", "True", str(reason), what)


def _grouped(said: Iterable[tuple[str, str]]) -> list[str]:
    """Return what is said of workloads, once for all of which the same is said."""
    found: dict[str, list[str]] = {}
    for workload, what in said:
        found.setdefault(what, []).append(workload)
    return [f"{', '.join(workloads)}: {what}" for what, workloads in found.items()]


def _in_the_way(standing: Standing) -> Iterator[tuple[str, str]]:
    if standing.others:
        yield "InjectionContested", f"{standing.others} {_CONTESTED}"
    elif standing.problem:
        yield "WriteFailed", standing.problem
    elif standing.state in (State.REFUSED, State.OWNED):
        yield str(standing.state), standing.why
    elif standing.pending or standing.state is State.ABSENT:
        yield "Pending", "not written yet"


def _with_standing(component: Mapping[str, Any], view: View, before: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a component with what its pods hold of ours, and with who undid that; what an earlier process says stays until it is taken up."""
    place = (component["kind"], component["name"])
    components: Sequence[Mapping[str, Any]] = before.get("components", ())
    earlier = [each.get("undone") for each in components if _place(each) == place]
    for each in view.injections or ():
        if (each.workload.kind, each.workload.name) == place:
            undone = each.undone if each.met else next(iter(earlier), None)
            held = {"injected": _written(each.held)} if each.held else {}
            return {**component, **held, **({"undone": undone} if undone else {})}
    return component


def _place(component: Mapping[str, Any]) -> tuple[str, str]:
    return component["kind"], component["name"]


def _written(held: Held) -> Mapping[str, Any]:
    volumes = {"secretVolumes": list(held.volumes)} if held.volumes else {}
    return {"resolver": held.resolver, "digest": held.digest, **volumes}


def _references(ref: ObjectRef, report: Report) -> Condition:
    totals = report.totals(ref)
    if report.capped:
        names = ", ".join(sorted(report.capped)[:_SHOWN])
        return Condition(
            "ReferencesAllowed", "False", "TooMany", f"too many references, none of which counts: {names}"
        )
    if totals["denied"]:
        said = " ".join(_refused(totals))
        return Condition("ReferencesAllowed", "False", "Denied", f"{said}: see the Events of their objects")
    return Condition("ReferencesAllowed", "True", "Allowed", f"{totals['allowed']} allowed")


def _refused(totals: Mapping[str, int]) -> Iterator[str]:
    yield f"{totals['denied']} refused"
    if totals["residual"]:
        yield f"({totals['residual']} of them resolve all the same)"
