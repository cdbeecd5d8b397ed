"""A review from the document to its outcome. The server calls `review` again as long as it asks something."""

from collections.abc import Callable, Mapping
from typing import Any

from enc_operator.core.admission.annotated import gather_binding, gather_pods, gather_services
from enc_operator.core.admission.asking import Asking
from enc_operator.core.admission.configured import gather_config_maps, gather_instrumentations
from enc_operator.core.admission.consents import CLUSTER_SCOPED, GROUP, KINDS, weigh_consent
from enc_operator.core.admission.matter import Matter
from enc_operator.core.admission.model import Answer, Ask, Mode, Outcome, Reason, Request
from enc_operator.core.admission.reading import WRITES, Malformed, read_request
from enc_operator.core.admission.responses import (
    answer_failed,
    answer_judged,
    answer_unjudged,
    answer_unknown,
)
from enc_operator.core.admission.unread import gather_unread
from enc_operator.core.admission.weighing import weigh
from enc_operator.core.admission.world import World
from enc_operator.core.inventory import AnyQuestion

_Gather = Callable[[Request, World], Matter | None]
_GATHER: dict[tuple[str, str], _Gather] = {
    ("", "Pod"): gather_pods,
    ("", "PodTemplate"): gather_pods,
    ("", "ReplicationController"): gather_pods,
    ("apps", "DaemonSet"): gather_pods,
    ("apps", "Deployment"): gather_pods,
    ("apps", "ReplicaSet"): gather_pods,
    ("apps", "StatefulSet"): gather_pods,
    ("batch", "CronJob"): gather_pods,
    ("batch", "Job"): gather_pods,
    ("", "Binding"): gather_binding,
    ("", "Service"): gather_services,
    ("", "ConfigMap"): gather_config_maps,
    ("datadoghq.com", "DatadogInstrumentation"): gather_instrumentations,
}


def review(
    document: Any,
    world: World,
    answers: Mapping[AnyQuestion, bool],
    *,
    last: bool = False,
    whole: bool = True,
) -> Outcome:
    """Judge a decoded AdmissionReview (admission.k8s.io/v1) of any shape.

    `answers` are those to the questions of earlier calls; with `last` nothing more is asked, and what has no answer counts as a no.
    `whole` is False where the decoder left out what lay too deep.
    """
    request = read_request(document, whole=whole)
    if isinstance(request, Malformed):
        return answer_failed(request.uid, 400, "BadRequest", request.what)
    if request.operation not in WRITES:
        return answer_unjudged(request.uid)
    if not request.namespace and _needs_namespace(request):
        return answer_failed(request.uid, 400, "BadRequest", "the request does not say in which namespace")
    asking = Asking(answers, last=last)
    reasons = _reasons(request, world, asking)
    if asking.open:
        return Ask(tuple(asking.open))
    if reasons is None:
        return answer_unjudged(request.uid)
    return answer_judged(request.uid, reasons, unanswered=asking.unanswered)


def undecided(document: Any, world: World, why: str) -> Answer:
    """Answer a review that could not be decided (a deadline, an overload): refused where anything is enforced, let through elsewhere."""
    request = read_request(document)
    if isinstance(request, Malformed):
        return answer_failed(request.uid, 400, "BadRequest", request.what)
    if request.operation not in WRITES or (
        request.namespace in world.settings.excluded and not _is_ours(request)
    ):
        return answer_unjudged(request.uid)
    if _is_ours(request) or world.mode_for(None, request.namespace) is Mode.ENFORCE:
        what = f"it could not be judged: {why}; try again"
        return answer_failed(request.uid, 503, "ServiceUnavailable", what)
    return answer_unknown(request.uid, why)


def _reasons(request: Request, world: World, asking: Asking) -> list[Reason] | None:
    """Return what stands against a request, None where nothing of it is ours to judge."""
    if _is_ours(request):
        return weigh_consent(request, world, asking)
    if request.namespace in world.settings.excluded:
        return None
    gather = _GATHER.get((request.kind.group, request.kind.kind), gather_unread)
    matter = gather(request, world)
    if matter is None or matter.is_empty:
        return None
    return weigh(matter, request, world, asking)


def _is_ours(request: Request) -> bool:
    return request.kind.group == GROUP and request.kind.kind in KINDS


def _needs_namespace(request: Request) -> bool:
    if _is_ours(request):
        return request.kind.kind not in CLUSTER_SCOPED
    return (request.kind.group, request.kind.kind) in _GATHER
