"""What a scan says of a cluster that may only be read in part."""

import json
from typing import Any

import pytest

from assessing import NODE_AGENT, pod
from enc_operator.cli.main import main
from enc_operator.cli.scan.kinds import TARGETS
from kubectl_stand_in import StandIn, kinds
from scanning import DENIED, Captured, data_of

RBAC = kinds("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")


def test_missing_rights(kubectl: StandIn, capsys: Captured) -> None:
    """What may not be listed is said with what is not judged for want of it; the rest is judged, and nothing guessed."""
    kubectl.hold(pod())
    kubectl.forbid(kinds("DaemonSet", "Service"))

    assert main(["scan"]) == 2
    told = capsys.readouterr()
    assert told.err == (
        'encctl: daemonsets may not be listed (User "u" cannot list resource "daemonsets" at the cluster scope);'
        " not judged: Agents that they run\n"
        'encctl: services may not be listed (User "u" cannot list resource "services" at the cluster scope);'
        " not judged: handles in annotations of Services\n"
    )
    assert "[no-agent]" not in told.out
    assert "1 reference, 0 denied" in told.out
    assert data_of(capsys, "scan")["complete"] is False


def test_configuration_of_agents(kubectl: StandIn, capsys: Captured) -> None:
    """An Agent's namespace whose ConfigMaps may not be listed is named."""
    kubectl.hold(NODE_AGENT, pod())
    kubectl.forbid(kinds("ConfigMap"), "dd")

    assert main(["scan"]) == 2
    assert "configmaps of namespace dd may not be listed" in capsys.readouterr().err


def test_custom_resources_that_are_not_there(kubectl: StandIn, capsys: Captured) -> None:
    """Without our CRDs or the vendor's nothing is missing, whether the API server says so or only forbids."""
    kubectl.hold(NODE_AGENT, pod())
    missing = "Error from server (NotFound): the server could not find the requested resource\n"
    kubectl.refuse(TARGETS.path(), missing)
    kubectl.forbid(kinds("SecretGrant", "DatadogInstrumentation"))
    kubectl.answer("/apis/enc-operator.io/v1alpha1", {"resources": [{"name": "secretgrants"}]})
    kubectl.refuse("/apis/datadoghq.com/v1alpha1", missing)

    assert main(["scan"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("encctl: secretgrants may not be listed")
    assert err.count("\n") == 1


def test_a_server_that_is_none(kubectl: StandIn, capsys: Captured) -> None:
    """Where there are no pods at all, that is no API server."""
    kubectl.refuse("/api/v1/pods", "Error from server (NotFound): not found\n")

    assert main(["scan"]) == 2
    assert "knows no pods" in capsys.readouterr().err


def test_rights_in_some_namespaces(kubectl: StandIn, capsys: Captured) -> None:
    """Who may look at one namespace and that of the Agents gets an answer about it, and is told what it lacks."""
    kubectl.hold(NODE_AGENT, pod())
    kubectl.forbid(kinds("DaemonSet", "Deployment", "Namespace"))
    kubectl.forbid(kinds("Deployment"), "dd")

    assert main(["scan", "-n", "shop", "--agent", "dd/ds/node"]) == 2
    told = capsys.readouterr()
    assert "node Agent dd/node" in told.out
    assert "daemonsets outside namespace dd, shop may not be listed" in told.err
    assert "deployments outside namespace shop may not be listed" in told.err
    assert "encctl: namespaces may not be listed" in told.err


@pytest.mark.parametrize(
    ("allowed", "code", "access"),
    [
        pytest.param(True, 0, "allowed: RBAC lets", id="allowed"),
        pytest.param(False, 1, "denied: pods of", id="denied"),
    ],
)
def test_access_reviews(allowed: bool, code: int, access: str, kubectl: StandIn, capsys: Captured) -> None:  # noqa: FBT001
    """Who may not list RBAC has the cluster asked, and that is enough but for Roles that nothing needs."""
    kubectl.hold(NODE_AGENT, DENIED)
    kubectl.forbid(RBAC)
    reviews = [_review("shop:web", allowed=allowed), _review("dd:node", allowed=False)]
    (kubectl.folder / "reviews").write_text(json.dumps({"items": reviews}))

    assert main(["scan"]) == code
    told = capsys.readouterr()
    assert access in told.out
    assert told.err == (
        "encctl: clusterroles, clusterrolebindings, roles, rolebindings may not be listed;"
        " not judged: Roles that nothing needs\n"
    )


def _review(account: str, *, allowed: bool) -> dict[str, Any]:
    asked = {"namespace": "db", "name": "orders"}
    spec = {"user": f"system:serviceaccount:{account}", "resourceAttributes": asked}
    return {"spec": spec, "status": {"allowed": allowed}}


def test_no_access_reviews(kubectl: StandIn, capsys: Captured) -> None:
    """Who may neither list RBAC nor ask it is told that denials may be more than there are."""
    kubectl.hold(NODE_AGENT, DENIED)
    kubectl.forbid(RBAC)
    (kubectl.folder / "reviews.err").write_text(
        "Error: subjectaccessreviews.authorization.k8s.io is forbidden\n"
    )

    assert main(["scan"]) == 2
    assert "and 2 access reviews (the cluster could not be asked" in capsys.readouterr().err


def test_unused_roles_are_not_guessed(kubectl: StandIn, capsys: Captured) -> None:
    """A Role that nothing of one namespace needs may be needed by another."""
    role = """
kind: Role
metadata: {name: r, namespace: shop}
rules: [{apiGroups: [""], resources: [secrets], resourceNames: [old], verbs: [get]}]
---
kind: RoleBinding
metadata: {name: r, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
subjects: [{kind: ServiceAccount, name: node, namespace: dd}]
"""
    kubectl.hold(NODE_AGENT, pod(), role)

    assert "role-unused" in {item["code"] for item in data_of(capsys, "scan")["findings"]}
    assert data_of(capsys, "scan", "-n", "shop")["findings"] == []
