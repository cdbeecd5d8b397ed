"""The operator on a real API server: what it lets the Agents read is what `assess` says, at every moment."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from e2e.cluster.interface import Cluster
from e2e.scenarios.running_operator import Install, OperatorProcess, installed, within
from enc_operator.core.rbac.planning import role_name

BUILT_IN = {"name": "DD_SECRET_BACKEND_COMMAND", "value": "/readsecret_multiple_providers.sh"}


class Clusterful:
    """Namespaces of Agents and tenants, and what a scenario does in them."""

    def __init__(self, cluster: Cluster, names: dict[str, str]) -> None:
        self.cluster, self.names = cluster, names

    def apply(self, *manifests: dict[str, Any]) -> None:
        """Apply objects."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
        self.cluster.kubectl("apply", "-f", "-", text=text)

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object, without waiting."""
        place = ["-n", self.names[namespace]] if namespace else []
        self.cluster.kubectl("delete", kind, name, *place, "--wait=false", "--ignore-not-found")

    def may(self, namespace: str, secret: str, account: str = "node", verb: str = "get") -> bool:
        """Ask the API server whether an Agent may read a Secret."""
        review = {
            "spec": {
                "user": f"system:serviceaccount:{self.names['agents']}:{account}",
                "groups": [
                    "system:serviceaccounts",
                    f"system:serviceaccounts:{self.names['agents']}",
                    "system:authenticated",
                ],
                "resourceAttributes": {
                    "verb": verb,
                    "resource": "secrets",
                    "namespace": self.names[namespace],
                    "name": secret,
                },
            }
        }
        with self.cluster.api() as api:
            found = client.AuthorizationV1Api(api).create_subject_access_review(review)
        return bool(found.status.allowed)

    def pod(
        self, name: str, handle: str, *, namespace: str = "shop", account: str = "default"
    ) -> dict[str, Any]:
        """Return a pod with a handle; nothing runs it."""
        check = {"redisdb": {"instances": [{"password": f"ENC[{handle}]"}]}}
        metadata = {
            "name": name,
            "namespace": self.names[namespace],
            "annotations": {"ad.datadoghq.com/app.checks": json.dumps(check)},
        }
        spec = {"serviceAccountName": account, "containers": [{"name": "app", "image": "redis:8"}]}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}

    def handle(self, namespace: str, secret: str, key: str = "password") -> str:
        """Return a handle without its brackets."""
        return f"k8s_secret@{self.names[namespace]}/{secret}/{key}"

    def grant(self, name: str, namespace: str, secret: str, **spec: Any) -> dict[str, Any]:
        """Return a SecretGrant that admits the shop's pods."""
        return {
            "apiVersion": "enc-operator.io/v1alpha1",
            "kind": "SecretGrant",
            "metadata": {"name": name, "namespace": self.names[namespace]},
            "spec": {
                "from": [{"namespace": self.names["shop"], "serviceAccounts": ["*"]}],
                "to": [{"secretName": secret, "keys": ["*"]}],
                **spec,
            },
        }

    def target(
        self, manage: str = "RBAC", name: str = "datadog", namespace: str = "agents"
    ) -> dict[str, Any]:
        """Return an AgentTarget."""
        return {
            "apiVersion": "enc-operator.io/v1alpha1",
            "kind": "AgentTarget",
            "metadata": {"name": name, "namespace": self.names[namespace]},
            "spec": {"manage": manage, "crossNamespace": True},
        }

    def status(self, name: str = "datadog", namespace: str = "agents") -> dict[str, Any]:
        """Return an AgentTarget's status."""
        text = self.cluster.kubectl("-n", self.names[namespace], "get", "agt", name, "-o", "json")
        found: dict[str, Any] = json.loads(text).get("status", {})
        return found

    def condition(self, kind: str, **where: str) -> tuple[str, str, str]:
        """Return status, reason and message of a condition."""
        for each in self.status(**where).get("conditions", ()):
            if each["type"] == kind:
                return each["status"], each["reason"], each["message"]
        return "", "", ""


def agent(namespace: str, component: str = "agent") -> dict[str, Any]:
    """Return an Agent's workload with the built-in script; nothing runs it."""
    labels = {"app": component, "agent.datadoghq.com/component": component}
    account = "node" if component == "agent" else "cluster"
    container = {"name": component, "image": f"example.com/{component}:7", "env": [BUILT_IN]}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet" if component == "agent" else "Deployment",
        "metadata": {"name": component, "namespace": namespace, "labels": labels},
        "spec": {
            "selector": {"matchLabels": {"app": component}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"serviceAccountName": account, "containers": [container]},
            },
        },
    }


@pytest.fixture(scope="module")
def world(api_server: Cluster) -> Iterator[Clusterful]:
    """Make the namespaces of an install, two tenants and the operator, with an Agent."""
    run = secrets.token_hex(3)
    names = {name: f"enc-{name}-{run}" for name in ("agents", "shop", "bank", "operator")}
    for name in names.values():
        api_server.kubectl("create", "namespace", name)
    found = Clusterful(api_server, names)
    for account in ("node", "cluster"):
        api_server.kubectl("-n", names["agents"], "create", "serviceaccount", account)
    found.apply(agent(names["agents"]), agent(names["agents"], "cluster-agent"))
    yield found
    for name in names.values():
        api_server.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def install(
    api_server: Cluster, world: Clusterful, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Install]:
    """Have the chart's objects in the cluster."""
    folder: Path = tmp_path_factory.mktemp("operator")
    agents = {world.names["agents"]: ["node", "cluster"]}
    with installed(api_server, world.names["operator"], folder, agents) as found:
        yield found


@pytest.fixture
def operator(install: Install, world: Clusterful) -> Iterator[OperatorProcess]:
    """Run the operator with an AgentTarget that has RBAC written; tenants' objects end with the test."""
    world.apply(world.target())
    with install.operator() as process:
        process.ready().leading()
        yield process
        for kind in ("pods", "services", "secretgrants.enc-operator.io", "rolebindings", "roles"):
            for name in ("shop", "bank"):
                world.cluster.kubectl(
                    "-n", world.names[name], "delete", kind, "--all", "--force", "--ignore-not-found"
                )


def test_a_permission_follows_its_reference(operator: OperatorProcess, world: Clusterful) -> None:
    """It is there when a pod is, for that Secret alone, and gone when the pod is."""
    assert not world.may("shop", "db")

    world.apply(world.pod("web", world.handle("shop", "db")))
    within(10, "the Agent may read it", lambda: world.may("shop", "db"))

    assert not world.may("shop", "other")
    assert not world.may("shop", "db", account="cluster")
    assert not world.may("shop", "db", verb="list")
    assert not world.may("bank", "db")
    assert operator.metric("enc_roles_managed") >= 0
    world.cluster.kubectl("-n", world.names["shop"], "delete", "pod", "web", "--force")
    within(10, "the Agent may not any more", lambda: not world.may("shop", "db"))


def test_a_grant_opens_and_its_end_closes(operator: OperatorProcess, world: Clusterful) -> None:
    """Consent of the Secret's owner decides, at once and both ways; a refusal is told on the pod."""
    world.apply(world.pod("web", world.handle("bank", "db")))
    within(20, "the refusal is told", lambda: "ReferenceDenied" in events(world, "shop"))
    assert not world.may("bank", "db")

    world.apply(world.grant("g", "bank", "db"))
    within(10, "the Agent may read it", lambda: world.may("bank", "db"))
    within(20, "the grant tells", lambda: "ReferenceAdmitted" in events(world, "bank"))

    world.delete("secretgrant", "bank", "g")
    within(10, "the Agent may not any more", lambda: not world.may("bank", "db"))
    assert operator.process.poll() is None


def test_the_pods_own_right_opens(operator: OperatorProcess, world: Clusterful) -> None:
    """RBAC of the pod's own ServiceAccount counts, and its end takes the permission away."""
    world.apply(world.pod("web", world.handle("bank", "db")))
    account = f"{world.names['shop']}:default"
    bank = ["-n", world.names["bank"]]
    world.cluster.kubectl(
        *bank, "create", "role", "reads", "--verb=get", "--resource=secrets", "--resource-name=db"
    )
    world.cluster.kubectl(
        *bank, "create", "rolebinding", "reads", "--role=reads", f"--serviceaccount={account}"
    )
    within(15, "the Agent may read it", lambda: world.may("bank", "db"))

    world.cluster.kubectl(*bank, "delete", "rolebinding", "reads")
    within(15, "the Agent may not any more", lambda: not world.may("bank", "db"))
    assert operator.process.poll() is None


@pytest.mark.parametrize("how", ["role", "binding"])
def test_what_somebody_changes_is_put_right(how: str, operator: OperatorProcess, world: Clusterful) -> None:
    """A wider Role, or a binding that is gone, does not last."""
    world.apply(world.pod("web", world.handle("shop", "db")))
    within(10, "the Agent may read it", lambda: world.may("shop", "db"))
    name, shop = role_name(world.names["agents"], "node"), ["-n", world.names["shop"]]

    if how == "role":
        wide = json.dumps(
            {"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]}
        )
        world.cluster.kubectl(*shop, "patch", "role", name, "--type=merge", "-p", wide)
    else:
        world.cluster.kubectl(*shop, "delete", "rolebinding", name)

    within(
        10, "it is put right", lambda: world.may("shop", "db") and not world.may("shop", "db", verb="list")
    )
    assert operator.process.poll() is None


def test_status_says_what_is(operator: OperatorProcess, world: Clusterful) -> None:
    """Counts, components and conditions, and that nothing more is written when nothing changes."""
    world.apply(world.pod("web", world.handle("shop", "db")), world.pod("two", world.handle("bank", "db")))

    within(
        20,
        "it is counted",
        lambda: world.status().get("references") == {"allowed": 1, "denied": 1, "residual": 0},
    )
    assert world.condition("Ready")[:2] == ("True", "Converged")
    assert world.condition("ReferencesAllowed")[:2] == ("False", "Denied")
    assert {each["name"] for each in world.status()["components"]} == {"agent", "cluster-agent"}
    assert operator.get("/healthz") == (200, "ok\n")


def test_plan_writes_nothing(operator: OperatorProcess, world: Clusterful) -> None:
    """`manage: Plan` has a status that says what would be written; going back to it takes everything away."""
    world.apply(world.pod("web", world.handle("shop", "db")))
    within(10, "the Agent may read it", lambda: world.may("shop", "db"))

    world.apply(world.target("Plan"))

    within(10, "the Agent may not any more", lambda: not world.may("shop", "db"))
    within(20, "it says so", lambda: world.condition("PermissionsWritten")[1] == "Planned")
    assert "1 Role would be" in world.condition("PermissionsWritten")[2]
    assert operator.process.poll() is None


def test_an_agent_target_that_goes_takes_everything_back(
    operator: OperatorProcess, world: Clusterful
) -> None:
    """It stays until the permissions are gone."""
    world.apply(world.pod("web", world.handle("shop", "db")))
    within(10, "the Agent may read it", lambda: world.may("shop", "db"))

    world.cluster.kubectl("-n", world.names["agents"], "delete", "agt", "datadog", "--timeout=30s")

    assert not world.may("shop", "db")
    assert "enc-" not in world.cluster.kubectl(
        "-n", world.names["shop"], "get", "roles,rolebindings", "-o", "name"
    )
    assert operator.process.poll() is None


def test_an_agent_target_where_no_agents_are_listed_is_refused(
    operator: OperatorProcess, world: Clusterful
) -> None:
    """It says what to do."""
    world.apply(world.target(namespace="shop"))

    within(20, "it is refused", lambda: world.condition("Accepted", namespace="shop")[1] == "NotListed")
    world.cluster.kubectl("-n", world.names["shop"], "delete", "agt", "datadog", "--timeout=30s")
    assert operator.process.poll() is None


def events(world: Clusterful, namespace: str) -> str:
    """Return the Events of a namespace as text."""
    return world.cluster.kubectl("-n", world.names[namespace], "get", "events", "-o", "json")
