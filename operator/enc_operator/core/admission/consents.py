"""Grants and AgentTargets: their author must be able to `get` every Secret that they open, or they would give away what is not theirs.

Denied in every mode: a consent takes effect in every mode.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from enc_operator.core.admission.asking import Asking
from enc_operator.core.admission.matter import place, same
from enc_operator.core.admission.model import Mode, Reason, Request
from enc_operator.core.admission.world import World
from enc_operator.core.findings import Finding, Severity, Where, finding
from enc_operator.core.inventory import UserQuestion
from enc_operator.core.objects.consents import read_grant, read_target
from enc_operator.core.objects.shapes import text
from enc_operator.core.schemas import check_resource
from enc_operator.core.templates.strings import depth_of

GROUP = "enc-operator.io"
KINDS = ("SecretGrant", "ClusterSecretGrant", "AgentTarget")
CLUSTER_SCOPED = ("ClusterSecretGrant",)
_DEEPEST = 20  # what the schemas allow has 8 levels


def weigh_consent(request: Request, world: World, asking: Asking) -> list[Reason] | None:
    """Return why a consent may not be given; None where its specification stands already as it is."""
    if request.old is not None and same(request.object.get("spec"), request.old.get("spec")):
        return None
    where = place(request.kind.kind, request.namespace, request.name)
    found = [*_faults(request, world, where)] or [*_refusals(request, world, where, asking)]
    return [Reason(item, Mode.ENFORCE) for item in found]


def _faults(request: Request, world: World, where: Where) -> Iterator[Finding]:
    spec = request.object.get("spec")
    if depth_of(spec) > _DEEPEST:
        yield finding("resource-invalid", where.at("spec"), "it is nested too deeply", "flatten it")
        return
    document = {
        "apiVersion": text(request.object, "apiVersion"),
        "kind": request.kind.kind,
        "metadata": {"name": "checked-by-the-api-server"},
        "spec": spec,
    }
    for fault in check_resource(document, world.settings.crds):
        yield finding("resource-invalid", where.at(*fault.path), fault.message, fault.fix)


def _refusals(request: Request, world: World, where: Where, asking: Asking) -> Iterator[Finding]:
    if request.kind.kind == "AgentTarget":
        yield from _misplaced(request, world, where)
    for path, secret, namespaces in _opened(request.kind.kind, request.object, where):
        for namespace in namespaces:
            if _may_get(request, namespace, secret, asking) is False:
                yield _exceeding(request.user.name, namespace, secret, where.at(*path))


def _misplaced(request: Request, world: World, where: Where) -> Iterator[Finding]:
    """Refuse an AgentTarget where the install says that no Agent runs, or where nobody judges what it would resolve."""
    settings = world.settings
    if request.namespace in settings.excluded:
        what = f"no review comes from namespace {request.namespace}, so nothing that Agents resolve there would be judged"
        yield _refused("target-refused", where, what, "install the Agents in a namespace of their own")
    elif request.namespace not in settings.agent_namespaces:
        what = f"the installation of enc-operator lists no Agents in namespace {request.namespace}"
        yield _refused("target-refused", where, what, "add them to `agents` in the chart's values")


_Opened = tuple[tuple[str | int, ...], str, tuple[str, ...]]


def _opened(kind: str, manifest: Mapping[str, Any], where: Where) -> Iterator[_Opened]:
    """Yield what a consent opens: the path, the Secret's name and its namespaces, of which an empty one means all."""
    ref = where.ref
    if kind == "AgentTarget":
        for index, volume in enumerate(read_target(manifest, where, ref.namespace, ref.name).volumes):
            yield ("spec", "secretVolumes", index), volume.secret_name, (ref.namespace,)
        return
    for index, opened in enumerate(read_grant(manifest, where, ref.namespace, ref.name).opens):
        every = opened.selector is not None or "*" in opened.namespaces
        yield ("spec", "to", index), opened.secret_name, ("",) if every else opened.namespaces


def _may_get(request: Request, namespace: str, secret: str, asking: Asking) -> bool | None:
    """Ask for all Secrets of the namespace first, which is one question for whoever owns it."""
    for name in ("", secret):
        answer = asking.answer(UserQuestion(request.user, "get", "secrets", namespace, name))
        if answer is not False:
            return answer
    return False


def _exceeding(user: str, namespace: str, secret: str, where: Where) -> Finding:
    which = f"Secret {namespace}/{secret}" if namespace else f"Secret {secret} of every namespace"
    what = f"{user} may not get {which}, and so may not let others use it"
    role = f"a Role in namespace {namespace}" if namespace else "a ClusterRole"
    fix = f'have it applied by somebody who may, or let {user} `get` secrets with resourceNames ["{secret}"] by {role}'
    return _refused("grant-exceeds", where, what, fix)


def _refused(code: str, where: Where, what: str, fix: str) -> Finding:
    return Finding(code, Severity.ERROR, where, what, fix)
