"""May the requester bring this in? The rule for text that somebody can write who cannot make pods.

The rules of access take whoever refers for somebody who could make a pod there. For who edits Services, annotates pods that exist or
writes configuration that must be asked first. It only ever denies.
"""

from enc_operator.core.admission.asking import Asking
from enc_operator.core.findings import Finding, Severity
from enc_operator.core.inventory import User, UserQuestion
from enc_operator.core.references.model import Reference, SecretTarget

_CONTROLLERS = (
    "cronjob-controller",
    "daemon-set-controller",
    "deployment-controller",
    "endpoint-controller",
    "endpointslice-controller",
    "generic-garbage-collector",
    "job-controller",
    "namespace-controller",
    "node-controller",
    "pod-garbage-collector",
    "replicaset-controller",
    "replication-controller",
    "service-controller",
    "statefulset-controller",
    "taint-eviction-controller",
)
BUILT_IN = frozenset(
    {
        "system:kube-controller-manager",
        "system:kube-scheduler",
        *(f"system:serviceaccount:kube-system:{name}" for name in _CONTROLLERS),
    }
)
"""The users as whom Kubernetes' own controllers act; who owns an object says nothing."""


NODES = "system:nodes"
"""The group of kubelets. The pods that they make are mirrors, which mount no Secret (the NodeRestriction plugin)."""


def makes_pods(user: User) -> bool:
    """Tell whether the pods that a user makes could read Secrets anyway."""
    return NODES not in user.groups


def may_refer(user: User, namespace: str, target: SecretTarget, asking: Asking) -> bool | None:
    """Tell whether a user may make pods in a namespace, or get the Secret; None where that must be asked first."""
    if user.name in BUILT_IN:
        return True
    if makes_pods(user):
        answer = asking.answer(UserQuestion(user, "create", "pods", namespace))
        if answer is not False:
            return answer
    return asking.answer(UserQuestion(user, "get", "secrets", target.namespace, target.name or ""))


def requester_refused(user: User, namespace: str, reference: Reference, target: SecretTarget) -> Finding:
    """Say that the requester could not use the Secret himself, and what would let him."""
    secret = f"Secret {target.namespace}/{target.name}" if target.name else f"Secrets of {target.namespace}"
    what = f"{reference.title}: {user.name} may neither create pods in namespace {namespace} nor get {secret}"
    named = f' with resourceNames ["{target.name}"]' if target.name else ""
    fix = (
        f"have it applied by somebody who may, or let {user.name} `create` pods in namespace {namespace} "
        f"or `get` secrets{named} in namespace {target.namespace}"
    )
    return Finding("requester-denied", Severity.ERROR, reference.place, what, fix)
