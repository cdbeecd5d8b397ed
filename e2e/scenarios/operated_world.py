"""What the operator's scenarios share: namespaces of Agents and tenants on a real API server, and what is done in them."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kubernetes import client

from e2e.cluster.interface import Cluster
from e2e.scenarios.running_operator import within

BUILT_IN = {"name": "DD_SECRET_BACKEND_COMMAND", "value": "/readsecret_multiple_providers.sh"}
TENANTS = ("shop", "bank")


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
        self, manage: str = "RBAC", name: str = "datadog", namespace: str = "agents", **spec: Any
    ) -> dict[str, Any]:
        """Return an AgentTarget."""
        return {
            "apiVersion": "enc-operator.io/v1alpha1",
            "kind": "AgentTarget",
            "metadata": {"name": name, "namespace": self.names[namespace]},
            "spec": {"manage": manage, "crossNamespace": True, **spec},
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

    def open(self) -> None:
        """Have a pod of the shop refer to a Secret of the bank, whose grant `g` admits it, and wait for the permission."""
        self.apply(self.pod("web", self.handle("bank", "db")), self.grant("g", "bank", "db"))
        within(20, "the Agent may read it", lambda: self.may("bank", "db"))

    def written(self, namespace: str) -> list[str]:
        """Return the names of the operator's Roles and bindings in a namespace."""
        found = self.cluster.kubectl("-n", self.names[namespace], "get", "roles,rolebindings", "-o", "name")
        return [name for name in found.split() if "/enc-" in name]

    def clear(self) -> None:
        """Take away what the tenants have."""
        kinds = "pods,services,secretgrants.enc-operator.io,resourcequotas,rolebindings,roles"
        for name in TENANTS:
            self.cluster.kubectl("-n", self.names[name], "delete", kinds, "--all", "--force")

    def events(self, namespace: str) -> str:
        """Return the Events of a namespace as text."""
        return self.cluster.kubectl("-n", self.names[namespace], "get", "events", "-o", "json")


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


@contextmanager
def clusterful(cluster: Cluster) -> Iterator[Clusterful]:
    """Make the namespaces of an install, two tenants and the operator, with an Agent."""
    run = secrets.token_hex(3)
    names = {name: f"enc-{name}-{run}" for name in ("agents", *TENANTS, "operator")}
    for name in names.values():
        cluster.kubectl("create", "namespace", name)
    found = Clusterful(cluster, names)
    for account in ("node", "cluster"):
        cluster.kubectl("-n", names["agents"], "create", "serviceaccount", account)
    found.apply(agent(names["agents"]), agent(names["agents"], "cluster-agent"))
    yield found
    for name in names.values():
        # Pods that were bound wait for a kubelet, and keep their namespace.
        cluster.kubectl("-n", name, "delete", "pods", "--all", "--force")
        cluster.kubectl("delete", "namespace", name, "--wait=false")
