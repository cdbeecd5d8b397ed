"""Templates on pods, on what makes pods, and on Services: which of them a request brings in or changes.

"Unchanged" is byte for byte: all Autodiscovery annotations together, since one can bring another to life, with the ServiceAccount
that they would be allowed for, and of a Service the selector that says whose address they reach. Nothing else exempts, deletion
and ownership neither.
"""

from collections.abc import Mapping
from typing import Any

from enc_operator.core.admission.matter import Matter, place, unread
from enc_operator.core.admission.model import Request
from enc_operator.core.admission.predicate import have_too_many
from enc_operator.core.admission.refusing import refuses_annotation
from enc_operator.core.admission.world import World
from enc_operator.core.inventory import PodFact
from enc_operator.core.objects.pods import read_pod, read_service
from enc_operator.core.objects.shapes import labels
from enc_operator.core.references.annotations import gather_pod, gather_service
from enc_operator.core.templates.autodiscovery import parse_key


def gather_pods(request: Request, world: World) -> Matter | None:
    """Gather the templates of a pod or of what makes pods; None where they stand already as they are."""
    kind = request.kind.kind
    pod = _pod(request, request.object)
    if request.old is not None and _judged(pod) == _judged(_pod(request, request.old)):
        return None
    if have_too_many(_templates(pod.annotations)):
        return unread(pod.where)
    matter = Matter(pod_made=kind != "Pod" or request.operation == "CREATE")
    gather_pod(matter.gathered, pod, world.agents)
    matter.sort(lambda found: refuses_annotation(found, pod.annotations))
    return matter


def gather_binding(request: Request, world: World) -> Matter | None:
    """Gather the annotations of a Binding, which the API server puts on the pod that it binds.

    Source: `setPodNodeAndMetadata` in Kubernetes' `pkg/registry/core/pod/storage`. The pod is not in the request, so it counts as
    one of an unknown ServiceAccount, and nothing is told about its containers.
    """
    where = place("Pod", request.namespace, request.name)
    pod = PodFact(where, request.namespace, "", (), labels(request.object, "metadata", "annotations"))
    if have_too_many(_templates(pod.annotations)):
        return unread(pod.where)
    matter = Matter()
    gather_pod(matter.gathered, pod, world.agents)
    matter.sort(lambda found: refuses_annotation(found, pod.annotations))
    matter.told.clear()
    return matter


def gather_services(request: Request, world: World) -> Matter | None:
    """Gather the templates of a Service; None where they stand already as they are."""
    if request.old is not None and _of_service(request.object) == _of_service(request.old):
        return None
    where = place("Service", request.namespace, request.name)
    service = read_service(request.object, where, request.namespace)
    if have_too_many(_templates(service.annotations)):
        return unread(where)
    matter = Matter()
    gather_service(matter.gathered, service, world.agents)
    matter.sort(lambda found: refuses_annotation(found, service.annotations))
    return matter


def _pod(request: Request, manifest: Mapping[str, Any]) -> PodFact:
    kind = request.kind.kind
    return read_pod(kind, manifest, place(kind, request.namespace, request.name), request.namespace)


def _judged(pod: PodFact) -> tuple[object, ...]:
    return _templates(pod.annotations), pod.service_account


def _of_service(manifest: Mapping[str, Any]) -> tuple[object, ...]:
    annotations = labels(manifest, "metadata", "annotations")
    return _templates(annotations), labels(manifest, "spec", "selector")


def _templates(annotations: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in annotations.items() if parse_key(key)}
