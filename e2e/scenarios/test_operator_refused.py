"""Writes that a namespace refuses, names that somebody else has, and AgentTargets that contradict each other."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from e2e.cluster.folder import wait_until
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.running_operator import Install, OperatorProcess, within
from enc_operator.core.rbac.planning import role_name


@pytest.fixture(scope="module")
def running(install: Install, tenants: Clusterful) -> Iterator[OperatorProcess]:
    """Run the operator with an AgentTarget that has RBAC written."""
    tenants.apply(tenants.target())
    with install.operator() as process:
        yield process.ready().leading()


@pytest.fixture
def operator(running: OperatorProcess, tenants: Clusterful) -> Iterator[OperatorProcess]:
    """Have a tenant whose permission is written; tenants' objects end with the test, and the operator has lived through it."""
    yield running
    tenants.clear()
    within(30, "nothing is left", lambda: not tenants.written("shop") + tenants.written("bank"))
    within(20, "all is well", lambda: tenants.condition("PermissionsWritten")[1] == "Converged")
    assert running.process.poll() is None


def refused(tenants: Clusterful, *words: str) -> None:
    """Wait until the AgentTarget's conditions say what is not written, in these words."""
    within(30, f"it says {words}", lambda: all(word in said(tenants) for word in words))
    assert tenants.condition("Ready")[0] == "False"


def said(tenants: Clusterful) -> str:
    """Return what the AgentTarget says of the writes."""
    return tenants.condition("PermissionsWritten")[2]


def test_a_quota_refuses_roles(operator: OperatorProcess, tenants: Clusterful) -> None:
    """The condition names the namespace and the quota, others go on, and with room there is a permission."""
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few", "namespace": tenants.names["bank"]},
        "spec": {"hard": {"count/roles.rbac.authorization.k8s.io": "0"}},
    }
    bank = ["-n", tenants.names["bank"]]
    tenants.apply(quota)
    hard = "jsonpath={.status.hard}"
    wait_until(
        lambda: "roles" in tenants.cluster.kubectl(*bank, "get", "quota", "few", "-o", hard),
        "the quota counts",
        seconds=20,
    )

    tenants.apply(tenants.pod("own", tenants.handle("bank", "db"), namespace="bank"))
    refused(tenants, tenants.names["bank"], "exceeded quota: few", "quota that the message names")
    tenants.apply(tenants.pod("web", tenants.handle("shop", "db")))
    within(5, "others go on", lambda: tenants.may("shop", "db"))
    assert not tenants.may("bank", "db")

    tenants.cluster.kubectl(*bank, "delete", "quota", "few")
    within(65, "the Agent may read it", lambda: tenants.may("bank", "db"))
    assert operator.metric("enc_reconcile_errors_total") < 12


def test_a_policy_refuses_roles(operator: OperatorProcess, tenants: Clusterful) -> None:
    """A cluster's own policy is named; without it there is a permission."""
    name = f"no-roles-{tenants.names['bank']}"
    rule = {
        "apiGroups": ["rbac.authorization.k8s.io"], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["roles"],
    }  # fmt: skip
    selector = {"matchLabels": {"kubernetes.io/metadata.name": tenants.names["bank"]}}
    spec: dict[str, Any] = {
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": selector},
        "validations": [{"expression": "false", "message": "no Roles here, says the bank"}],
    }
    about = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}}
    binding = {"policyName": name, "validationActions": ["Deny"]}
    tenants.apply(
        {**about, "kind": "ValidatingAdmissionPolicy", "spec": spec},
        {**about, "kind": "ValidatingAdmissionPolicyBinding", "spec": binding},
    )
    trial = ["-n", tenants.names["bank"], "create", "role", "trial", "--verb=get", "--resource=secrets"]
    within(20, "the policy holds", lambda: not works(tenants, *trial, "--dry-run=server"))
    try:
        tenants.apply(tenants.pod("own", tenants.handle("bank", "db"), namespace="bank"))
        refused(tenants, tenants.names["bank"], "no Roles here, says the bank")
        tenants.apply(tenants.pod("web", tenants.handle("shop", "db")))
        within(5, "others go on", lambda: tenants.may("shop", "db"))
    finally:
        tenants.cluster.kubectl(
            "delete", "validatingadmissionpolicybindings,validatingadmissionpolicies", name
        )

    within(65, "the Agent may read it", lambda: tenants.may("bank", "db"))
    assert operator.process.poll() is None


def works(tenants: Clusterful, *arguments: str) -> bool:
    """Tell whether a command of kubectl succeeds."""
    try:
        tenants.cluster.kubectl(*arguments)
    except Exception as failed:  # noqa: BLE001 - whatever it says
        return not str(failed)
    return True


def test_a_foreign_role_under_our_name(operator: OperatorProcess, tenants: Clusterful) -> None:
    """It is neither adopted nor changed nor bound; once it is gone, ours is there."""
    name, shop = role_name(tenants.names["agents"], "node"), ["-n", tenants.names["shop"]]
    tenants.cluster.kubectl(*shop, "create", "role", name, "--verb=get", "--resource=secrets")
    before = stored(tenants, "role", name)

    tenants.apply(tenants.pod("web", tenants.handle("shop", "db")))
    refused(tenants, f"{tenants.names['shop']}/{name}", "somebody else's", "delete or rename it")

    assert stored(tenants, "role", name) == before
    assert tenants.written("shop") == [f"role.rbac.authorization.k8s.io/{name}"]
    assert not tenants.may("shop", "db")
    tenants.cluster.kubectl(*shop, "delete", "role", name)
    within(65, "the Agent may read it", lambda: tenants.may("shop", "db"))
    assert operator.process.poll() is None


def test_our_role_becomes_somebody_elses(operator: OperatorProcess, tenants: Clusterful) -> None:
    """Without our label it is not ours any more: our binding does not stay over it."""
    name, shop = role_name(tenants.names["agents"], "node"), ["-n", tenants.names["shop"]]
    tenants.apply(tenants.pod("web", tenants.handle("shop", "db")))
    within(10, "the Agent may read it", lambda: tenants.may("shop", "db"))

    tenants.cluster.kubectl(*shop, "label", "role", name, "enc-operator.io/managed-by-")
    refused(tenants, f"{tenants.names['shop']}/{name}", "somebody else's")
    within(10, "the binding is gone", lambda: len(tenants.written("shop")) == 1)
    assert not tenants.may("shop", "db")

    tenants.cluster.kubectl(*shop, "delete", "role", name)
    within(65, "the Agent may read it", lambda: tenants.may("shop", "db"))
    assert operator.process.poll() is None


def stored(tenants: Clusterful, kind: str, name: str) -> dict[str, Any]:
    """Return an object of the shop."""
    found: dict[str, Any] = json.loads(
        tenants.cluster.kubectl("-n", tenants.names["shop"], "get", kind, name, "-o", "json")
    )
    return found


def test_a_namespace_that_ends_and_comes_back(operator: OperatorProcess, tenants: Clusterful) -> None:
    """While it ends nothing is tried for ever and others go on; the new one starts without any consent of the old."""
    bank = tenants.names["bank"]
    tenants.open()
    held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "namespace": bank, "finalizers": ["example.com/hold"]}}  # fmt: skip
    tenants.apply(held)
    tenants.cluster.kubectl("delete", "namespace", bank, "--wait=false")
    within(20, "the Agent may not any more", lambda: not tenants.may("bank", "db"))
    errors = operator.metric("enc_reconcile_errors_total")
    tenants.apply(tenants.pod("own", tenants.handle("shop", "db")))
    within(10, "others go on", lambda: tenants.may("shop", "db"))
    within(20, "all is well", lambda: tenants.condition("PermissionsWritten")[1] == "Converged")
    assert operator.metric("enc_reconcile_errors_total") == errors

    tenants.cluster.kubectl("-n", bank, "patch", "configmap", "held", "--type=merge", "-p", '{"metadata": {"finalizers": null}}')  # fmt: skip
    tenants.cluster.kubectl("wait", "--for=delete", f"namespace/{bank}", "--timeout=30s")
    tenants.cluster.kubectl("create", "namespace", bank)
    tenants.apply(tenants.pod("two", tenants.handle("bank", "db")))
    within(20, "both are refused", lambda: tenants.status()["references"]["denied"] == 2)
    assert not tenants.may("bank", "db")

    tenants.apply(tenants.grant("g", "bank", "db"))
    within(10, "with new consent the Agent may", lambda: tenants.may("bank", "db"))


def test_two_agent_targets_that_contradict_each_other(operator: OperatorProcess, tenants: Clusterful) -> None:
    """Both say so; the first by name is followed, and the other one as soon as it is alone."""
    tenants.apply(tenants.pod("web", tenants.handle("shop", "db")))
    within(10, "the Agent may read it", lambda: tenants.may("shop", "db"))

    tenants.apply(tenants.target("Plan", name="another"))
    within(10, "the first by name is followed", lambda: not tenants.may("shop", "db"))
    for name in ("another", "datadog"):
        within(20, f"{name} says so", partial(conflicts, tenants, name))

    tenants.cluster.kubectl("-n", tenants.names["agents"], "delete", "agt", "another", "--timeout=30s")
    within(10, "the other one is followed", lambda: tenants.may("shop", "db"))
    within(20, "it says so", lambda: tenants.condition("Accepted")[0] == "True")
    assert operator.process.poll() is None


def conflicts(tenants: Clusterful, name: str) -> bool:
    """Tell whether an AgentTarget says that another one wants the same."""
    return tenants.condition("Accepted", name=name)[:2] == ("False", "Conflict")


def test_a_secret_that_is_not_there_yet(operator: OperatorProcess, tenants: Clusterful) -> None:
    """Its name may be read: a Secret that comes later resolves at once, and whether it is there is nobody's business."""
    tenants.apply(tenants.pod("web", tenants.handle("shop", "later")))

    within(10, "the Agent may read it", lambda: tenants.may("shop", "later"))
    assert operator.process.poll() is None
