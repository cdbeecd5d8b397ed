"""A whole install as kubectl shows it, for the tests of `encctl doctor`: what the chart renders, running."""

from copy import deepcopy
from typing import Any

import yaml

from assessing import ROOT
from enc_operator.cli.doctor.install import Install
from enc_operator.packaged_crds import crd_texts
from enc_operator.process.settings import parse_settings
from kubectl_stand_in import StandIn

INSTALL = Install("enc-operator", "enc-operator", "enc-operator")
CHART = [each for each in yaml.safe_load_all((ROOT / "manifests/install.yaml").read_text()) if each]
SETTINGS_TEXT = next(each for each in CHART if each["kind"] == "ConfigMap")["data"]["settings.yaml"]
SETTINGS = parse_settings(SETTINGS_TEXT)
FORBIDDEN = 'Error from server (Forbidden): it is forbidden: User "u" may not\n'
NOT_FOUND = "Error from server (NotFound): not found\n"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"


def of_chart(kind: str, ending: str = "") -> dict[str, Any]:
    """Return a copy of an object of the chart by its kind and the end of its name."""
    found = (each for each in CHART if each["kind"] == kind and each["metadata"]["name"].endswith(ending))
    return deepcopy(next(found))


def all_of(kind: str) -> list[dict[str, Any]]:
    """Return copies of all objects of a kind of the chart."""
    return [deepcopy(each) for each in CHART if each["kind"] == kind]


def deployment(ready: int = 2) -> dict[str, Any]:
    """Return the operator's Deployment, with so many ready pods."""
    return {**of_chart("Deployment"), "status": {"readyReplicas": ready}}


def crd(text: str) -> dict[str, Any]:
    """Return a CRD that the API server serves."""
    found: dict[str, Any] = yaml.safe_load(text)
    return {**found, "status": {"conditions": [{"type": "Established", "status": "True"}]}}


def running(kubectl: StandIn, now: str) -> None:
    """Have a kubectl show the install, clean, with a Lease that was renewed `now` and the Agents' ServiceAccounts."""
    kubectl.answer("/version", {"major": "1", "minor": "36", "gitVersion": "v1.36.0"})
    for text in crd_texts():
        found = crd(text)
        kubectl.answer(
            f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{found['metadata']['name']}", found
        )
    kubectl.answer("/apis/apps/v1/deployments", listed([deployment()]))
    kubectl.answer("/api/v1/namespaces/enc-operator/configmaps/enc-operator", of_chart("ConfigMap"))
    for namespace, name in SETTINGS.accounts:
        kubectl.answer(f"/api/v1/namespaces/{namespace}", {"kind": "Namespace"})
        kubectl.answer(f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}", {"kind": "ServiceAccount"})
    for kind in ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"):
        plural = f"{kind.lower()[:-1]}ies" if kind.endswith("y") else f"{kind.lower()}s"
        kubectl.answer(f"{ADMISSION}/{plural}", listed(all_of(kind)))
    kubectl.answer("/apis/coordination.k8s.io/v1/namespaces/enc-operator/leases/enc-operator", lease(now))


def lease(renewed: str, holder: str = "a") -> dict[str, Any]:
    """Return the leader's Lease."""
    return {"spec": {"holderIdentity": holder, "renewTime": renewed}}


def listed(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a list as the API server answers it."""
    return {"items": items, "metadata": {}}
