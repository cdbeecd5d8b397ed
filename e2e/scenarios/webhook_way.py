"""What stands between the API server and the webhook, for scenarios that break it: RBAC, whom it trusts, who is in the Service."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from e2e.cluster.interface import CommandFailed
from e2e.scenarios.fenced_install import send
from e2e.scenarios.rendered_chart import Manifest, applied
from e2e.scenarios.running_operator import within
from e2e.scenarios.running_webhook import ACCOUNT, AdmissionInstall

CONFIGURATION = "validatingwebhookconfiguration"
TRIAL = {"name": "enc-operator-trial"}
_GRANT = {"from": [{"namespace": "a", "serviceAccounts": ["*"]}], "to": [{"secretName": "a", "keys": ["*"]}]}


def tried(
    install: AdmissionInstall,
    namespace: str,
    query: str,
    metadata: Manifest,
    account: str = ACCOUNT,
    kind: str = "SecretGrant",
) -> str:
    """Return what the API server answers to who creates a grant, or an AgentTarget, with a ServiceAccount's token."""
    path = f"/apis/enc-operator.io/v1alpha1/namespaces/{namespace}/{kind.lower()}s{query}"
    manifest = {
        "apiVersion": "enc-operator.io/v1alpha1",
        "kind": kind,
        "metadata": metadata,
        "spec": _GRANT if kind == "SecretGrant" else {"manage": "Full"},
    }
    with install.cluster.api_of(install.install.namespace, account) as stolen:
        return send(stolen, "POST", path, manifest)[1]


def grants(install: AdmissionInstall) -> str:
    """Return the grants that there are."""
    return install.cluster.kubectl("get", "secretgrants", "--all-namespaces", "--output=name")


def may(install: AdmissionInstall, verb: str, what: str, *options: str) -> bool:
    """Tell whether RBAC lets the webhook do something."""
    user = f"--as=system:serviceaccount:{install.install.namespace}:{ACCOUNT}"
    try:
        return install.cluster.kubectl("auth", "can-i", verb, what, user, *options).strip() == "yes"
    except CommandFailed:
        return False


def write_bundles(install: AdmissionInstall, bundle: str) -> None:
    """Have the API server trust a CA (in base64), whichever webhook it calls."""
    place = (CONFIGURATION, install.configuration)
    webhooks = json.loads(install.cluster.kubectl("get", *place, "--output=json"))["webhooks"]
    patch = [
        {"op": "add", "path": f"/webhooks/{index}/clientConfig/caBundle", "value": bundle}
        for index in range(len(webhooks))
    ]
    install.cluster.kubectl("patch", *place, "--type=json", f"-p={json.dumps(patch)}")


@contextmanager
def without_repair(install: AdmissionInstall) -> Iterator[None]:
    """Let the webhook write its configuration no more, for a while."""
    role = ("clusterrole", f"{install.configuration}.webhook")
    what = f"validatingwebhookconfigurations/{install.configuration}"
    with _without(install, role, "admissionregistration.k8s.io"):
        within(10, "RBAC allows it no more", lambda: not may(install, "patch", what))
        yield


@contextmanager
def without_trials(install: AdmissionInstall) -> Iterator[None]:
    """Let the webhook try nothing, for a while."""
    place = f"--namespace={install.install.namespace}"
    with _without(install, ("role", ACCOUNT, place), "enc-operator.io"):
        within(10, "RBAC allows it no more", lambda: not may(install, "create", "secretgrants", place))
        yield


@contextmanager
def _without(install: AdmissionInstall, role: tuple[str, ...], group: str) -> Iterator[None]:
    rules = json.loads(install.cluster.kubectl("get", *role, "--output=json"))["rules"]

    def write(written: list[Manifest]) -> None:
        patch = json.dumps([{"op": "replace", "path": "/rules", "value": written}])
        install.cluster.kubectl("patch", *role, "--type=json", f"-p={patch}")

    write([rule for rule in rules if group not in rule["apiGroups"]])
    try:
        yield
    finally:
        write(rules)


@contextmanager
def in_service(install: AdmissionInstall) -> Iterator[None]:
    """Have a ready replica in the Service, as the API server is told."""
    slices = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "told",
            "namespace": install.install.namespace,
            "labels": {"kubernetes.io/service-name": ACCOUNT},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["192.0.2.1"], "conditions": {"ready": True}}],
    }
    with applied(install.cluster, [slices]):
        yield
