"""The operator on a real API server: what it lets the Agents read is what `assess` says, at every moment."""

import json
from collections.abc import Iterator

import pytest

from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.running_operator import Install, OperatorProcess, within
from enc_operator.core.rbac.planning import role_name


@pytest.fixture
def operator(install: Install, tenants: Clusterful) -> Iterator[OperatorProcess]:
    """Run the operator with an AgentTarget that has RBAC written; tenants' objects end with the test."""
    tenants.apply(tenants.target())
    with install.operator() as process:
        process.ready().leading()
        yield process
        tenants.clear()


def test_a_permission_follows_its_reference(operator: OperatorProcess, tenants: Clusterful) -> None:
    """It is there when a pod is, for that Secret alone, and gone when the pod is."""
    assert not tenants.may("shop", "db")

    tenants.apply(tenants.pod("web", tenants.handle("shop", "db")))
    within(10, "the Agent may read it", lambda: tenants.may("shop", "db"))

    assert not tenants.may("shop", "other")
    assert not tenants.may("shop", "db", account="cluster")
    assert not tenants.may("shop", "db", verb="list")
    assert not tenants.may("bank", "db")
    assert operator.metric("enc_roles_managed") >= 0
    tenants.cluster.kubectl("-n", tenants.names["shop"], "delete", "pod", "web", "--force")
    within(10, "the Agent may not any more", lambda: not tenants.may("shop", "db"))


def test_a_grant_opens_and_its_end_closes(operator: OperatorProcess, tenants: Clusterful) -> None:
    """Consent of the Secret's owner decides, at once and both ways; a refusal is told on the pod."""
    tenants.apply(tenants.pod("web", tenants.handle("bank", "db")))
    within(20, "the refusal is told", lambda: "ReferenceDenied" in tenants.events("shop"))
    assert not tenants.may("bank", "db")

    tenants.apply(tenants.grant("g", "bank", "db"))
    within(10, "the Agent may read it", lambda: tenants.may("bank", "db"))
    within(20, "the grant tells", lambda: "ReferenceAdmitted" in tenants.events("bank"))

    tenants.delete("secretgrant", "bank", "g")
    within(10, "the Agent may not any more", lambda: not tenants.may("bank", "db"))
    assert operator.process.poll() is None


def test_the_pods_own_right_opens(operator: OperatorProcess, tenants: Clusterful) -> None:
    """RBAC of the pod's own ServiceAccount counts, and its end takes the permission away."""
    tenants.apply(tenants.pod("web", tenants.handle("bank", "db")))
    account = f"{tenants.names['shop']}:default"
    bank = ["-n", tenants.names["bank"]]
    tenants.cluster.kubectl(
        *bank, "create", "role", "reads", "--verb=get", "--resource=secrets", "--resource-name=db"
    )
    tenants.cluster.kubectl(
        *bank, "create", "rolebinding", "reads", "--role=reads", f"--serviceaccount={account}"
    )
    within(15, "the Agent may read it", lambda: tenants.may("bank", "db"))

    tenants.cluster.kubectl(*bank, "delete", "rolebinding", "reads")
    within(15, "the Agent may not any more", lambda: not tenants.may("bank", "db"))
    assert operator.process.poll() is None


@pytest.mark.parametrize("how", ["role", "binding"])
def test_what_somebody_changes_is_put_right(how: str, operator: OperatorProcess, tenants: Clusterful) -> None:
    """A wider Role, or a binding that is gone, does not last."""
    tenants.apply(tenants.pod("web", tenants.handle("shop", "db")))
    within(10, "the Agent may read it", lambda: tenants.may("shop", "db"))
    name, shop = role_name(tenants.names["agents"], "node"), ["-n", tenants.names["shop"]]

    if how == "role":
        wide = json.dumps(
            {"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]}
        )
        tenants.cluster.kubectl(*shop, "patch", "role", name, "--type=merge", "-p", wide)
    else:
        tenants.cluster.kubectl(*shop, "delete", "rolebinding", name)

    within(
        10,
        "it is put right",
        lambda: tenants.may("shop", "db") and not tenants.may("shop", "db", verb="list"),
    )
    assert operator.process.poll() is None


def test_a_finalizer_keeps_no_right(install: Install, tenants: Clusterful) -> None:
    """RBAC counts what is only marked as deleted, so what somebody holds while nobody looks is let go and deleted."""
    tenants.apply(tenants.target(), tenants.pod("web", tenants.handle("shop", "db")))
    with install.operator() as first:
        first.ready()
        within(40, "the Agent may read it", lambda: tenants.may("shop", "db"))
    held = json.dumps({"metadata": {"finalizers": ["example.com/mine"]}})
    shop = ["-n", tenants.names["shop"]]
    for each in tenants.written("shop"):
        tenants.cluster.kubectl(*shop, "patch", each, "--type=merge", "-p", held)
    tenants.cluster.kubectl(*shop, "delete", *tenants.written("shop"), "--wait=false")
    tenants.cluster.kubectl(*shop, "delete", "pod", "web", "--force")
    assert tenants.may("shop", "db")

    with install.operator() as second:
        second.ready()
        within(40, "the Agent may not any more", lambda: not tenants.may("shop", "db"))
        within(10, "nothing is left", lambda: not tenants.written("shop"))


def test_status_says_what_is(operator: OperatorProcess, tenants: Clusterful) -> None:
    """Counts, components and conditions, and that nothing more is written when nothing changes."""
    tenants.apply(
        tenants.pod("web", tenants.handle("shop", "db")), tenants.pod("two", tenants.handle("bank", "db"))
    )

    within(
        20,
        "it is counted",
        lambda: tenants.status().get("references") == {"allowed": 1, "denied": 1, "residual": 0},
    )
    assert tenants.condition("Ready")[:2] == ("True", "Converged")
    assert tenants.condition("ReferencesAllowed")[:2] == ("False", "Denied")
    assert {each["name"] for each in tenants.status()["components"]} == {"agent", "cluster-agent"}
    assert operator.get("/healthz") == (200, "ok\n")


def test_plan_writes_nothing(operator: OperatorProcess, tenants: Clusterful) -> None:
    """`manage: Plan` has a status that says what would be written; going back to it takes everything away."""
    tenants.apply(tenants.pod("web", tenants.handle("shop", "db")))
    within(10, "the Agent may read it", lambda: tenants.may("shop", "db"))

    tenants.apply(tenants.target("Plan"))

    within(10, "the Agent may not any more", lambda: not tenants.may("shop", "db"))
    within(20, "it says so", lambda: tenants.condition("PermissionsWritten")[1] == "Planned")
    assert "1 Role would be" in tenants.condition("PermissionsWritten")[2]
    assert operator.process.poll() is None


def test_an_agent_target_that_goes_takes_everything_back(
    operator: OperatorProcess, tenants: Clusterful
) -> None:
    """It stays until the permissions are gone."""
    tenants.apply(tenants.pod("web", tenants.handle("shop", "db")))
    within(10, "the Agent may read it", lambda: tenants.may("shop", "db"))

    tenants.cluster.kubectl("-n", tenants.names["agents"], "delete", "agt", "datadog", "--timeout=30s")

    assert not tenants.may("shop", "db")
    assert "enc-" not in tenants.cluster.kubectl(
        "-n", tenants.names["shop"], "get", "roles,rolebindings", "-o", "name"
    )
    assert operator.process.poll() is None


def test_an_install_of_some_namespaces(install: Install, tenants: Clusterful) -> None:
    """Elsewhere nothing is given, whoever consents; that the vendor's resource is not there hinders nothing."""
    tenants.apply(tenants.target(), tenants.pod("web", tenants.handle("shop", "db")))
    tenants.apply(tenants.pod("two", tenants.handle("bank", "db")), tenants.grant("g", "bank", "db"))

    with install.operator(namespaces=[tenants.names["agents"], tenants.names["shop"]]) as process:
        process.ready().leading()
        within(10, "the Agent may read it", lambda: tenants.may("shop", "db"))
        assert tenants.written("bank") == []
        tenants.clear()
        within(10, "the Agent may not any more", lambda: not tenants.may("shop", "db"))


def test_an_agent_target_where_no_agents_are_listed_is_refused(
    operator: OperatorProcess, tenants: Clusterful
) -> None:
    """It says what to do."""
    tenants.apply(tenants.target(namespace="shop"))

    within(20, "it is refused", lambda: tenants.condition("Accepted", namespace="shop")[1] == "NotListed")
    tenants.cluster.kubectl("-n", tenants.names["shop"], "delete", "agt", "datadog", "--timeout=30s")
    assert operator.process.poll() is None
