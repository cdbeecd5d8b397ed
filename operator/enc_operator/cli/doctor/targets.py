"""The AgentTargets by what the operator says of them in their status. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from enc_operator.cli.doctor.model import Check, Manifest, Unreadable, fail, ok, unreadable, warn
from enc_operator.core.findings import ObjectRef
from enc_operator.core.objects.shapes import entries, mapping, text

# The sum of the others; what the checks of references say; what is only to be waited for before the Agents' values change.
_ELSEWHERE = ("Ready", "ReferencesAllowed", "SafeToDropGlobalPermission")
_NOT_ASKED = ("Injected", "NotAsked")


def check_targets(found: Sequence[Manifest] | Unreadable) -> Iterator[Check]:
    """Check every AgentTarget's conditions."""
    if isinstance(found, Unreadable):
        yield unreadable("targets", found)
    elif not found:
        fix = "make one in the Agents' namespace: see docs/operating.md"
        yield warn("targets", "there is no AgentTarget: nothing is written", fix=fix)
    else:
        for each in found:
            yield from _check_target(each)


def _check_target(target: Manifest) -> Iterator[Check]:
    where = ObjectRef("AgentTarget", text(target, "metadata", "namespace"), text(target, "metadata", "name"))
    status = mapping(target, "status")
    conditions = [item for _, item in entries(status, "conditions")]
    wrong = list(_wrong(conditions, where))
    if not conditions:
        what = "the operator has not said anything of it yet"
        wrong.append(fail("targets", what, where, "see the checks of the operator and its leader"))
    elif status.get("observedGeneration") != mapping(target, "metadata").get("generation"):
        what = "its status is of an earlier specification"
        wrong.append(warn("targets", what, where, "see the checks of the operator and its leader"))
    yield from wrong
    if not wrong:
        yield ok("targets", _summary(mapping(target, "spec"), mapping(status, "references")), where)


def _wrong(conditions: Sequence[Mapping[str, Any]], where: ObjectRef) -> Iterator[Check]:
    for each in conditions:
        kind = text(each, "type")
        if (kind, text(each, "reason")) == _NOT_ASKED:
            continue
        if text(each, "status") != "True" and kind not in _ELSEWHERE:
            what = f"{kind} is {text(each, 'status')} ({text(each, 'reason')}): {text(each, 'message')}"
            yield fail("targets", what, where, "docs/operating.md has what each reason means")


def _summary(spec: Mapping[str, Any], references: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{references.get(each, 0)} {each}" for each in ("allowed", "denied", "residual"))
    manage, enforcement = text(spec, "manage") or "Plan", text(spec, "enforcement") or "audit"
    return f"manage {manage}, enforcement {enforcement}; references: {counts}"
