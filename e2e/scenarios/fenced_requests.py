"""Requests that nobody needs the operator's token for: one for each kind of thing that a cluster's administrator can do."""

from collections.abc import Iterator
from typing import Any

from e2e.scenarios.fenced_writes import World

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_POD = {"containers": [{"name": "a", "image": "a"}]}
_MERGE = "application/merge-patch+json"

Request = tuple[str, str, str, Any, str]
"""What it is, method, path, body, and the type of a patch."""


def misuses(world: World) -> Iterator[Request]:
    """Yield requests that must all be refused."""
    yield from _of_rbac(world)
    yield from _of_workloads(world)
    yield from _of_admission()
    yield from _of_leases(world)
    yield from _of_epochs(world)
    yield from _of_others(world)


def _made(what: str, path: str, kind: str, **content: Any) -> Request:
    return f"creates {what}", "POST", path, {"kind": kind, "metadata": {"name": "mutant"}, **content}, ""


def _of_rbac(world: World) -> Iterator[Request]:
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    admin = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    yield _made("a ClusterRole", f"{_RBAC}/clusterroles", "ClusterRole", rules=rules)
    yield _made("a ClusterRoleBinding", f"{_RBAC}/clusterrolebindings", "ClusterRoleBinding", roleRef=admin)
    yield (
        "changes a ClusterRole",
        "PATCH",
        f"{_RBAC}/clusterroles/view",
        {"metadata": {"labels": {"a": "b"}}},
        _MERGE,
    )
    yield "deletes a ClusterRole", "DELETE", f"{_RBAC}/clusterroles/view", None, ""
    yield "deletes a ClusterRoleBinding", "DELETE", f"{_RBAC}/clusterrolebindings/system:discovery", None, ""
    foreign = f"{_RBAC}/namespaces/{world.tenant}/roles/foreign"
    yield "changes a foreign Role", "PATCH", foreign, {"rules": rules}, _MERGE
    label = {"enc-operator.io/managed-by": world.install}
    yield "adopts a foreign Role", "PATCH", foreign, {"metadata": {"labels": label}, "rules": []}, _MERGE
    yield "deletes a foreign Role", "DELETE", foreign, None, ""
    yield "deletes all Roles of a namespace", "DELETE", f"{_RBAC}/namespaces/{world.tenant}/roles", None, ""


def _of_workloads(world: World) -> Iterator[Request]:
    within, apps = f"namespaces/{world.agents}", f"/apis/apps/v1/namespaces/{world.agents}"
    template = {"metadata": {"labels": {"a": "b"}}, "spec": _POD}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    for kind in ("DaemonSet", "Deployment", "ReplicaSet"):
        yield _made(f"a {kind}", f"{apps}/{kind.lower()}s", kind, spec=spec)
    yield _made("a StatefulSet", f"{apps}/statefulsets", "StatefulSet", spec={**spec, "serviceName": "a"})
    once = {"template": {"spec": {**_POD, "restartPolicy": "Never"}}}
    yield _made("a Job", f"/apis/batch/v1/{within}/jobs", "Job", spec=once)
    cron = {"schedule": "* * * * *", "jobTemplate": {"spec": once}}
    yield _made("a CronJob", f"/apis/batch/v1/{within}/cronjobs", "CronJob", spec=cron)
    yield _made("a pod", f"/api/v1/{within}/pods", "Pod", spec=_POD)
    yield "changes a DaemonSet", "PATCH", f"{apps}/daemonsets/agent", {"spec": {"minReadySeconds": 3}}, _MERGE
    yield (
        "changes a DaemonSet's status",
        "PATCH",
        f"{apps}/daemonsets/agent/status",
        {"status": {"numberReady": 3}},
        _MERGE,
    )
    yield "deletes a DaemonSet", "DELETE", f"{apps}/daemonsets/agent", None, ""
    yield "runs a command in a pod", "POST", f"/api/v1/{within}/pods/a/exec?command=id&stdout=true", None, ""
    yield "attaches to a pod", "POST", f"/api/v1/{within}/pods/a/attach?stdout=true", None, ""
    yield "forwards a pod's port", "POST", f"/api/v1/{within}/pods/a/portforward?ports=80", None, ""
    own = f"/apis/apps/v1/namespaces/{world.operator}/deployments/enc-operator"
    yield "stops the operator, as the operator", "PATCH", f"{own}/scale", {"spec": {"replicas": 0}}, _MERGE
    yield "changes the operator's Deployment", "PATCH", own, {"spec": {"replicas": 0}}, _MERGE


def _of_admission() -> Iterator[Request]:
    group = "/apis/admissionregistration.k8s.io/v1"
    yield _made("a webhook", f"{group}/validatingwebhookconfigurations", "ValidatingWebhookConfiguration")
    yield _made(
        "a mutating webhook", f"{group}/mutatingwebhookconfigurations", "MutatingWebhookConfiguration"
    )
    foreign = f"{group}/validatingwebhookconfigurations/enc-foreign"
    yield "changes a foreign webhook", "PATCH", foreign, {"metadata": {"labels": {"a": "b"}}}, _MERGE
    yield "deletes a foreign webhook", "DELETE", foreign, None, ""


def _of_leases(world: World) -> Iterator[Request]:
    leases = "/apis/coordination.k8s.io/v1/namespaces/{}/leases"
    ours = f"{leases.format(world.operator)}/enc-operator"
    yield _made("another Lease", leases.format(world.operator), "Lease", spec={})
    yield _made("a Lease elsewhere", leases.format("kube-system"), "Lease", spec={})
    yield "deletes the Lease", "DELETE", ours, None, ""


def _of_epochs(world: World) -> Iterator[Request]:
    accounts = f"/api/v1/namespaces/{world.operator}/serviceaccounts"
    for what, epoch in (("goes back an epoch", "6"), ("keeps the epoch", "7"), ("forgets the epoch", None),
                        ("writes no number", "8 ")):  # fmt: skip
        notes = {"metadata": {"annotations": {"enc-operator.io/epoch": epoch}}}
        yield what, "PATCH", f"{accounts}/enc-operator-epoch", notes, _MERGE
    next_one: dict[str, Any] = {"annotations": {"enc-operator.io/epoch": "8"}}
    for more in ({"labels": {"a": "b"}}, {"finalizers": ["example.com/stay"]}):
        patch = {"metadata": {**next_one, **more}}
        yield f"counts with {more}", "PATCH", f"{accounts}/enc-operator-epoch", patch, _MERGE
    noted = {"metadata": {"annotations": {**next_one["annotations"], "example.com/a": "b"}}}
    yield "counts with an annotation", "PATCH", f"{accounts}/enc-operator-epoch", noted, _MERGE
    secret = {"metadata": next_one, "imagePullSecrets": [{"name": "a"}]}
    yield "counts with a Secret", "PATCH", f"{accounts}/enc-operator-epoch", secret, _MERGE
    yield "counts elsewhere", "PATCH", f"{accounts}/enc-operator", {"metadata": next_one}, _MERGE
    yield "deletes the count", "DELETE", f"{accounts}/enc-operator-epoch", None, ""


def _of_others(world: World) -> Iterator[Request]:
    within, group = f"/api/v1/namespaces/{world.tenant}", "/apis/enc-operator.io/v1alpha1"
    yield _made("a Secret", f"{within}/secrets", "Secret")
    yield _made("a ConfigMap", f"{within}/configmaps", "ConfigMap")
    yield _made("a ServiceAccount", f"{within}/serviceaccounts", "ServiceAccount")
    yield _made("a namespace", "/api/v1/namespaces", "Namespace")
    service = {"spec": {"ports": [{"port": 80}]}}
    yield _made("a Service", f"{within}/services", "Service", **service)
    label = {"metadata": {"labels": {"team": "other"}}}
    yield "labels a namespace", "PATCH", f"/api/v1/namespaces/{world.tenant}", label, _MERGE
    yield "deletes a namespace", "DELETE", f"/api/v1/namespaces/{world.tenant}", None, ""
    yield "labels a namespace's status", "PATCH", f"/api/v1/namespaces/{world.tenant}/status", label, _MERGE
    token = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": {}}
    yield (
        "makes an Agent's token",
        "POST",
        f"/api/v1/namespaces/{world.agents}/serviceaccounts/node/token",
        token,
        "",
    )
    crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/secretgrants.enc-operator.io"
    yield "changes a CRD", "PATCH", crd, {"metadata": {"labels": {"a": "b"}}}, _MERGE
    yield "deletes a CRD", "DELETE", crd, None, ""
    grant = {
        "apiVersion": "enc-operator.io/v1alpha1",
        "spec": {
            "from": [{"namespace": "a", "serviceAccounts": ["*"]}],
            "to": [{"secretName": "a", "keys": ["*"]}],
        },
    }
    yield _made("a SecretGrant", f"{group}/namespaces/{world.tenant}/secretgrants", "SecretGrant", **grant)
    target = {"apiVersion": "enc-operator.io/v1alpha1", "spec": {"manage": "Full"}}
    yield _made("an AgentTarget", f"{group}/namespaces/{world.agents}/agenttargets", "AgentTarget", **target)
    yield (
        "deletes an AgentTarget",
        "DELETE",
        f"{group}/namespaces/{world.agents}/agenttargets/agents",
        None,
        "",
    )
    yield "deletes Events", "DELETE", f"{within}/events", None, ""
