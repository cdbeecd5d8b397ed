"""What a platform team and its tenants have in a cluster: a release, Agents, Secrets, and pods and Services that refer to them."""

import json
from typing import Any

from kubernetes import client

from e2e.cluster.interface import Cluster
from e2e.scenarios.running_agents import Agents

VALUE = "sk-of-the-shop"

Manifest = dict[str, Any]


class Platform:
    """A release, Agents, two tenants."""

    def __init__(self, cluster: Cluster, agents: Agents, release: str) -> None:
        self.cluster, self.agents, self.release = cluster, agents, release
        self.shop, self.bank = f"{agents.namespace}-shop", f"{agents.namespace}-bank"

    @property
    def namespaces(self) -> tuple[str, ...]:
        """All of them."""
        return (self.agents.namespace, self.shop, self.bank, self.release)

    def apply(self, *manifests: Manifest) -> None:
        """Apply objects."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
        self.cluster.kubectl("apply", "-f", "-", text=text)

    def secret(self, namespace: str, name: str) -> Manifest:
        """Return a Secret."""
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace},
            "stringData": {"key": VALUE, "other": VALUE},
        }

    def pod(self, name: str, handle: str, image: str, *, account: str = "default") -> Manifest:
        """Return a pod of the shop that refers to a Secret."""
        check = {"http_check": {"instances": [{"password": f"ENC[{handle}]"}]}}
        container = {
            "name": "app",
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            "command": ["sleep", "infinity"],
        }
        metadata = {
            "name": name,
            "namespace": self.shop,
            "annotations": {"ad.datadoghq.com/app.checks": json.dumps(check)},
        }
        spec = {
            "serviceAccountName": account,
            "terminationGracePeriodSeconds": 0,
            "containers": [container],
        }
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}

    def service(self, name: str, handle: str) -> Manifest:
        """Return a Service of the shop that refers to a Secret."""
        check = {"http_check": {"instances": [{"password": f"ENC[{handle}]"}]}}
        metadata = {
            "name": name,
            "namespace": self.shop,
            "annotations": {"ad.datadoghq.com/service.checks": json.dumps(check)},
        }
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"ports": [{"port": 80}]},
        }

    def grant(self, secret: str) -> Manifest:
        """Return the bank's consent for one Secret."""
        spec = {
            "from": [{"namespace": self.shop, "serviceAccounts": ["default"]}],
            "to": [{"secretName": secret, "keys": ["key"]}],
        }
        metadata = {"name": secret, "namespace": self.bank}
        return {
            "apiVersion": "enc-operator.io/v1alpha1",
            "kind": "SecretGrant",
            "metadata": metadata,
            "spec": spec,
        }

    def may(self, account: str, namespace: str, secret: str) -> bool:
        """Ask the API server whether an Agent may read a Secret."""
        spec = {
            "user": f"system:serviceaccount:{self.agents.namespace}:{account}",
            "groups": [
                "system:serviceaccounts",
                f"system:serviceaccounts:{self.agents.namespace}",
                "system:authenticated",
            ],
            "resourceAttributes": {
                "verb": "get",
                "resource": "secrets",
                "namespace": namespace,
                "name": secret,
            },
        }
        with self.cluster.api() as api:
            review = client.AuthorizationV1Api(api).create_subject_access_review({"spec": spec})
        return bool(review.status.allowed)

    def target(self) -> Manifest:
        """Return the AgentTarget as it is stored."""
        found: Manifest = json.loads(
            self.cluster.kubectl("-n", self.agents.namespace, "get", "agt", "datadog", "-o", "json")
        )
        return found
