"""What can be broken of an install, each for a while, and what `encctl doctor` says of it."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta

from e2e.scenarios.doctored_install import Doctored, make_ready
from e2e.scenarios.fenced_install import authority
from e2e.scenarios.operated_world import agent
from e2e.scenarios.rendered_chart import applied
from e2e.scenarios.webhook_way import without_repair, write_bundles
from enc_operator.webhook.certificates import Lives, plan_certificates

Breaking = Callable[[Doctored], AbstractContextManager[None]]


def _without(kind: str, ending: str = "") -> Breaking:
    return lambda patient: patient.without(kind, ending)


def _replaced(kind: str, ending: str, path: str, value: object, before: object) -> Breaking:
    def operation(value: object) -> list[dict[str, object]]:
        return [{"op": "replace", "path": path, "value": value}]

    return lambda patient: patient.changed(kind, ending, operation(value), operation(before))


@contextmanager
def _scaled_to_nothing(patient: Doctored) -> Iterator[None]:
    scale = ("-n", patient.install.namespace, "scale", "deployment/enc-operator")
    patient.cluster.kubectl(*scale, "--replicas=0")
    yield
    patient.cluster.kubectl(*scale, "--replicas=2")
    make_ready(patient.install)


@contextmanager
def _not_ready(patient: Doctored) -> Iterator[None]:
    waiting = {"reason": "ImagePullBackOff", "message": "no such image"}
    container = {"name": "operator", "image": "a", "imageID": "", "ready": False, "restartCount": 0}
    make_ready(
        patient.install,
        conditions=[{"type": "Ready", "status": "False"}],
        containerStatuses=[{**container, "state": {"waiting": waiting}}],
    )
    yield
    make_ready(patient.install)


@contextmanager
def _no_account(patient: Doctored) -> Iterator[None]:
    here = ("-n", patient.tenants.names["agents"])
    patient.cluster.kubectl(*here, "delete", "serviceaccount", "cluster")
    yield
    patient.cluster.kubectl(*here, "create", "serviceaccount", "cluster")


@contextmanager
def _nobody_leads(patient: Doctored) -> Iterator[None]:
    lease = ("-n", patient.install.namespace, "patch", "lease", "enc-operator", "--type=merge")
    holder = patient.cluster.kubectl(
        "-n",
        patient.install.namespace,
        "get",
        "lease",
        "enc-operator",
        "-o",
        "jsonpath={.spec.holderIdentity}",
    )
    patient.cluster.kubectl(*lease, '-p={"spec": {"holderIdentity": ""}}')
    yield
    patient.cluster.kubectl(*lease, f"-p={json.dumps({'spec': {'holderIdentity': holder}})}")


@contextmanager
def _trusting(patient: Doctored, bundle: str) -> Iterator[None]:
    """Have the API server trust something else, which the replica cannot repair."""
    before = next(iter(patient.admitting.bundles()))
    with without_repair(patient.admitting):
        write_bundles(patient.admitting, bundle)
        yield
        write_bundles(patient.admitting, before)


def _expired() -> str:
    day = timedelta(days=1)
    past = plan_certificates(None, ["a"], datetime(2025, 1, 1, tzinfo=UTC), Lives(day, day / 2, day / 24))
    return base64.b64encode(past.bundle).decode()


@contextmanager
def _unheard_target(patient: Doctored) -> Iterator[None]:
    workload = {"kind": "DaemonSet", "name": "another", "component": "agent"}
    with applied(patient.cluster, [patient.tenants.target(name="second", workloads=[workload])]):
        yield


@contextmanager
def _stranger(patient: Doctored) -> Iterator[None]:
    found = agent(patient.tenants.names["agents"], "cluster-checks-runner")
    found["spec"]["template"]["spec"]["serviceAccountName"] = "other"
    with applied(patient.cluster, [found]):
        yield


@contextmanager
def _reads_everything(patient: Doctored) -> Iterator[None]:
    name = f"{patient.install.namespace}-all"
    rule = ("create", "clusterrole", name, "--verb=get", "--resource=secrets")
    patient.cluster.kubectl(*rule)
    account = f"--serviceaccount={patient.tenants.names['agents']}:node"
    patient.cluster.kubectl("create", "clusterrolebinding", name, f"--clusterrole={name}", account)
    yield
    patient.cluster.kubectl("delete", "clusterrolebinding,clusterrole", name)


@contextmanager
def _denied(patient: Doctored) -> Iterator[None]:
    tenants = patient.tenants
    with applied(patient.cluster, [tenants.pod("spy", tenants.handle("bank", "vault"))]):
        yield


@contextmanager
def _residual(patient: Doctored) -> Iterator[None]:
    """Have a pod that the grant does not admit name what the Agent reads for another."""
    tenants = patient.tenants
    with applied(
        patient.cluster,
        [tenants.pod("spy", tenants.handle("bank", "db"), namespace="agents", account="node")],
    ):
        yield


@contextmanager
def _no_role(patient: Doctored) -> Iterator[None]:
    here = ("-n", patient.tenants.names["bank"])
    role = patient.cluster.kubectl(*here, "get", "rolebindings", "-o", "json")
    patient.cluster.kubectl(*here, "delete", "rolebindings", "--all")
    yield
    kept = json.loads(role)
    for each in kept["items"]:
        each["metadata"] = {
            key: each["metadata"][key] for key in ("name", "namespace", "labels", "annotations")
        }
    patient.cluster.kubectl("create", "-f", "-", text=json.dumps(kept))


@contextmanager
def _no_backend(patient: Doctored) -> Iterator[None]:
    here = ("-n", patient.tenants.names["agents"], "set", "env", "daemonset/agent")
    patient.cluster.kubectl(*here, "DD_SECRET_BACKEND_COMMAND-")
    yield
    patient.cluster.kubectl(*here, "DD_SECRET_BACKEND_COMMAND=/readsecret_multiple_providers.sh")


@contextmanager
def _other_agents(patient: Doctored) -> Iterator[None]:
    path = "/spec/variables/0/expression"
    before = patient.part(_FENCE[0], "rbac")["spec"]["variables"][0]["expression"]
    with _replaced(_FENCE[0], "rbac", path, "[]", before)(patient):
        yield


_FENCE = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
_HOOKS = "ValidatingWebhookConfiguration"
WRONGS: Mapping[str, Breaking] = {
    "an operator that is scaled to nothing": _scaled_to_nothing,
    "pods whose image cannot be pulled": _not_ready,
    "another version": _replaced(
        "Deployment", "enc-operator", "/metadata/labels/app.kubernetes.io~1version", "0.0.9", "0.1.0"
    ),
    "settings that are gone": _without("ConfigMap"),
    "a ServiceAccount of the list that is gone": _no_account,
    "a policy that is gone": _without(_FENCE[0], "epoch"),
    "a policy that lets through what it cannot judge": _replaced(
        _FENCE[0], "others", "/spec/failurePolicy", "Ignore", "Fail"
    ),
    "a policy of other Agents": _other_agents,
    "a binding that is gone": _without(_FENCE[1], "rbac"),
    "a binding that only audits": _replaced(
        _FENCE[1], "workloads", "/spec/validationActions", ["Audit"], ["Deny"]
    ),
    "nobody who leads": _nobody_leads,
    "a webhook that nobody is asked by": _without(_HOOKS),
    "a webhook that refuses while it is away": _replaced(
        _HOOKS, "", "/webhooks/0/failurePolicy", "Fail", "Ignore"
    ),
    "a foreign CA": lambda patient: _trusting(patient, authority()),
    "no CA": lambda patient: _trusting(patient, ""),
    "a CA that has ended": lambda patient: _trusting(patient, _expired()),
    "an AgentTarget that the operator has not seen": _unheard_target,
    "an Agent that the install does not list": _stranger,
    "an Agent that may read everything": _reads_everything,
    "an Agent whose binding is gone": _no_role,
    "an Agent without a secret backend": _no_backend,
    "a reference that is denied": _denied,
    "a reference that is denied and resolves": _residual,
}
"""By what it is, which names its golden text."""
