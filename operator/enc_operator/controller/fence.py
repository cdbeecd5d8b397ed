"""Does the fence hold? Writes that the API server must refuse, sent on trial, and what its answers mean.

The fence itself is the chart's (`templates/fence`). A policy without its binding, or with half of its rules, is silent: so it is
asked, and only a refusal in the fence's own words counts. Requests that RBAC refuses anyway are no evidence and not sent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from enc_operator.cluster.calls import MERGE_PATCH, ApiError, Call
from enc_operator.cluster.gateway import Gateway
from enc_operator.controller.epoch import read_epoch
from enc_operator.core.objects.authorization import MANAGED_BY
from enc_operator.core.rbac.convergence import EPOCH
from enc_operator.core.rbac.planning import role_name
from enc_operator.process.settings import Settings

PREFIX = "enc-operator fence: "
"""How every refusal of the fence begins."""

_POLICY = "'enc-operator-fence."  # how the API server names a policy of the fence that refuses
_RBAC = "rbac.authorization.k8s.io"
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/{}/leases"
_TARGETS = "/apis/enc-operator.io/v1alpha1/namespaces/{}/agenttargets"
_DAEMON_SETS = "/apis/apps/v1/namespaces/{}/daemonsets"
_TRIAL = {"dryRun": "All"}
_FORBIDDEN, _NOT_FOUND = 403, 404
_NOT_THE_EPOCH = -1


@dataclass(frozen=True, slots=True)
class Probe:
    """A write that only `policy` of the fence refuses; it is never more than a trial."""

    policy: str
    what: str
    call: Call


@dataclass(frozen=True, slots=True)
class Holds:
    """Everything forbidden was refused by the fence."""


@dataclass(frozen=True, slots=True)
class Missing:
    """What was let through, or refused by something else: one line for each."""

    reasons: tuple[str, ...]

    def __str__(self) -> str:
        fix = "install the chart's templates/fence as they are, or say fence.enabled=false to do without"
        return f"the fence does not hold: {'; '.join(self.reasons)}: {fix}"


class FenceCheck:
    """The self-test: nothing is written unless it holds."""

    def __init__(self, gateway: Gateway, settings: Settings) -> None:
        self._gateway = gateway
        self._settings = settings

    def check(self, epoch: int | None = None) -> Holds | Missing:
        """Send every probe; `epoch` is the newest leader's, which is read where it is not given.

        Raise ApiError when the API server cannot be asked.
        """
        if not self._settings.fence:
            return Holds()
        now = read_epoch(self._gateway, self._settings) if epoch is None else epoch
        probes = [*probes_of(self._settings, now), *map(probe_of_target, self._found(_TARGETS))]
        if self._settings.injection:
            probes += [probe_of_payload(self._settings), *map(probe_of_workload, self._found(_DAEMON_SETS))]
        found = [reason for probe in probes if (reason := self._ask(probe))]
        if epoch is not None:
            found += self._ask_control(control_of(self._settings, epoch))
        return Missing(tuple(found)) if found else Holds()

    def _ask(self, probe: Probe) -> str:
        try:
            self._gateway.call(probe.call)
        except ApiError as refusal:
            if refusal.passing or refusal.status == 401:
                raise
            return explain(probe, refusal)
        return explain(probe, None)

    def _ask_control(self, control: Probe) -> list[str]:
        """Ask for what a leader may write: only the fence's own refusal counts, others' have nothing to do with it."""
        try:
            self._gateway.call(control.call)
        except ApiError as refusal:
            return [f"{control.what} is refused: {refusal.said}"] if _POLICY in refusal.said else []
        return []

    def _found(self, path: str) -> Iterator[Mapping[str, Any]]:
        """Yield one object of a collection, if there is any where the Agents are: without one there is none to change."""
        for agent in self._settings.agents:
            try:
                listed = self._gateway.call(Call("GET", path.format(agent.namespace), {"limit": "1"}))
            except ApiError as error:
                if error.status == _NOT_FOUND:
                    return
                raise
            if listed["items"]:
                yield listed["items"][0]
                return


def explain(probe: Probe, refusal: ApiError | None) -> str:
    """Say why an answer is no evidence for the fence; empty where it is."""
    if refusal is None:
        return f"{probe.what} was let through (policy {probe.policy})"
    if refusal.status == _FORBIDDEN and PREFIX in refusal.said:
        return ""
    if refusal.status == _NOT_FOUND and probe.policy in ("resources", "workloads"):
        return ""  # the object has gone in the meantime
    return f"{probe.what} was refused, but not by the fence (policy {probe.policy}): {refusal.said}"


def probes_of(settings: Settings, epoch: int) -> tuple[Probe, ...]:
    """Return what must be refused: each is as it should be but for one thing, so that each shows one rule to hold."""
    namespace = _probed(settings)
    name = role_name("", "fence-check")
    own = settings.lease.namespace
    return (
        _probe("rbac", "a Role that lists Secrets", _role(settings, name, namespace, epoch, verbs=["get", "list"])),
        _probe("rbac", "a Role that gets every Secret", _role(settings, name, namespace, epoch, resourceNames=[])),
        _probe("rbac", "a Role that gets ConfigMaps", _role(settings, name, namespace, epoch, resources=["configmaps"])),
        _probe("rbac", "a Role of another name", _role(settings, "fence-check", namespace, epoch)),
        _probe("rbac", "a Role in a protected namespace", _role(settings, name, own, epoch)),
        _probe("rbac", "a binding to a ServiceAccount that is no Agent's", _binding(settings, name, namespace, epoch)),
        _probe("epoch", "a Role of another leader", _role(settings, name, namespace, _NOT_THE_EPOCH)),
        _probe("others", "a Lease that is not ours", _lease(own, f"{settings.lease.name}-fence-check")),
    )  # fmt: skip


def control_of(settings: Settings, epoch: int) -> Probe:
    """Return what must pass: the API server may not know yet who leads."""
    role = _role(settings, role_name("", "fence-check"), _probed(settings), epoch)
    return _probe("epoch", "a Role of this leader", role)


def probe_of_target(target: Mapping[str, Any]) -> Probe:
    """Return the probe that changes the spec of an AgentTarget that there is."""
    namespace, name = target["metadata"]["namespace"], target["metadata"]["name"]
    spec = {"crossNamespace": not target["spec"].get("crossNamespace", False)}
    path = f"{_TARGETS.format(namespace)}/{name}"
    return Probe(
        "resources",
        "another spec of an AgentTarget",
        Call("PATCH", path, _TRIAL, {"spec": spec}, MERGE_PATCH),
    )


def probe_of_workload(workload: Mapping[str, Any]) -> Probe:
    """Return the probe that lets the pods of a DaemonSet that there is see the node's processes talk."""
    namespace, name = workload["metadata"]["namespace"], workload["metadata"]["name"]
    spec = {"hostIPC": not workload["spec"]["template"]["spec"].get("hostIPC", False)}
    path = f"{_DAEMON_SETS.format(namespace)}/{name}"
    body = {"spec": {"template": {"spec": spec}}}
    return Probe(
        "workloads", "more rights for an Agent's pods", Call("PATCH", path, _TRIAL, body, MERGE_PATCH)
    )


def probe_of_payload(settings: Settings) -> Probe:
    """Return the probe that creates a ConfigMap which is no resolver."""
    namespace = settings.agents[0].namespace if settings.agents else settings.lease.namespace
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "fence-check", "namespace": namespace, "labels": {MANAGED_BY: settings.install}},
        "immutable": True,
    }
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    return Probe("others", "a ConfigMap that is no resolver", Call("POST", path, _TRIAL, manifest))


def _probed(settings: Settings) -> str:
    """Return a namespace in which the operator may write, so that nothing but the probe's own fault is refused."""
    known = [*sorted(settings.namespaces)] or ["default", *(agent.namespace for agent in settings.agents)]
    free = [name for name in known if name not in settings.protected_namespaces]
    return free[0] if free else settings.lease.namespace


def _probe(policy: str, what: str, manifest: Mapping[str, Any]) -> Probe:
    plural = f"{manifest['kind'].lower()}s"
    path = f"/apis/{manifest['apiVersion']}/namespaces/{manifest['metadata']['namespace']}/{plural}"
    return Probe(policy, what, Call("POST", path, _TRIAL, manifest))


def _role(settings: Settings, name: str, namespace: str, epoch: int, **fault: Any) -> dict[str, Any]:
    rule = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["fence-check"], "verbs": ["get"]}
    metadata = _metadata(settings, name, namespace, epoch)
    return {"apiVersion": f"{_RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": [rule | fault]}


def _binding(settings: Settings, name: str, namespace: str, epoch: int) -> dict[str, Any]:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": _metadata(settings, name, namespace, epoch),
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": name},
        "subjects": [
            {"kind": "ServiceAccount", "name": "fence-check", "namespace": settings.lease.namespace}
        ],
    }


def _metadata(settings: Settings, name: str, namespace: str, epoch: int) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": namespace,
        "labels": {MANAGED_BY: settings.install},
        "annotations": {EPOCH: str(epoch)},
    }


def _lease(namespace: str, name: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": {}}
