"""What stands against the text of an object: every reason, each with the mode that holds for it.

Whether a reference may use a Secret is decided as everywhere (`assessment.judge`); here it is asked what that needs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import cast

from enc_operator.core.access import Allowed, Authority, question_of
from enc_operator.core.admission.asking import Asking
from enc_operator.core.admission.matter import Matter
from enc_operator.core.admission.model import Reason, Request
from enc_operator.core.admission.requesters import makes_pods, may_refer, requester_refused
from enc_operator.core.admission.world import World
from enc_operator.core.assessment import judge
from enc_operator.core.findings import Finding
from enc_operator.core.inventory import Question
from enc_operator.core.judgement import Judged, refusal
from enc_operator.core.references.model import Reference, SecretTarget


def weigh(matter: Matter, request: Request, world: World, asking: Asking) -> list[Reason]:
    """Return every reason once; those that wait for an answer are left out, and noted in `asking`."""
    return _once([*_of_references(matter, request, world, asking), *_of_findings(matter, request, world)])


def _of_references(matter: Matter, request: Request, world: World, asking: Asking) -> Iterator[Reason]:
    # Not copied: they may be all answers that a server remembers.
    authority = replace(world.authority, answers=cast("Mapping[Question, bool]", asking.answers))
    by_pod = matter.pod_made and makes_pods(request.user)
    for reference in matter.gathered.references:
        if _waits(reference, authority, asking):
            continue
        item = judge(reference, authority)
        found = refusal(item) or (None if by_pod else _by_requester(item, request, asking))
        if found:
            yield Reason(found, world.mode_for(reference.agent, request.namespace))


def _waits(reference: Reference, authority: Authority, asking: Asking) -> bool:
    if reference.problem or not isinstance(reference.target, SecretTarget):
        return False
    question = question_of(reference.referrer, reference.target, authority)
    return question is not None and asking.answer(question) is None


def _by_requester(item: Judged, request: Request, asking: Asking) -> Finding | None:
    reference, decision, target = item.reference, item.decision, item.reference.target
    if not (isinstance(decision, Allowed) and decision.as_pod and isinstance(target, SecretTarget)):
        return None
    may = may_refer(request.user, request.namespace, target, asking)
    return requester_refused(request.user, request.namespace, reference, target) if may is False else None


def _of_findings(matter: Matter, request: Request, world: World) -> Iterator[Reason]:
    mode = world.mode_for(None, request.namespace)
    yield from (Reason(found, mode) for found in matter.refused)
    yield from (Reason(found, mode, refuses=False) for found in matter.told)


def _once(reasons: Iterable[Reason]) -> list[Reason]:
    """Leave out what several Agents say alike: the one in the tightest mode stays."""
    unique: dict[tuple[str, ...], Reason] = {}
    for reason in reasons:
        found = reason.finding
        key = (found.code, found.where.path_text(), found.what, found.fix)
        known = unique.setdefault(key, reason)
        if reason.mode > known.mode:
            unique[key] = reason
    return list(unique.values())
