"""Agents of a rendering that an install by Helm injects: the tenants' objects, the AgentTarget, and what the pods and the cluster look like."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.next_release import Release
from e2e.scenarios.platform_team import VALUE, Manifest, Platform
from e2e.scenarios.rendered_agents import RenderedAgents

FILE = "file@/etc/enc/secrets/keys/api"
_OF_DEPLOYMENT = "deployment.kubernetes.io/revision"
_OF_DAEMON_SET = "deprecated.daemonset.template.generation"
_MARK = "enc-operator.io/injected"
_REPLICAS = "app.kubernetes.io/component in (operator, webhook)"
_KINDS = (
    "serviceaccounts,secrets,configmaps,services,roles,rolebindings,clusterroles,clusterrolebindings,leases,jobs,"
    "daemonsets,deployments,poddisruptionbudgets,networkpolicies,validatingadmissionpolicies,"
    "validatingadmissionpolicybindings,validatingwebhookconfigurations,mutatingwebhookconfigurations"
)


class Injected(Platform):
    """A release, Agents, and a tenant whose pods and Services refer to Secrets."""

    agents: RenderedAgents

    def __init__(self, cluster: Cluster, agents: RenderedAgents, release: str, folder: Path) -> None:
        super().__init__(cluster, agents, release)
        self._values, self._place = folder / "values.yaml", f"--namespace={release}"
        self.home = ("-n", agents.namespace)
        self.own, self.served, self.nested = (
            f"k8s_secret@{self.shop}/{name}/key" for name in ("own", "served", "nested")
        )

    def helm(self, command: str, release: Release, *options: str) -> None:
        """Install or upgrade enc-operator with the injection and the webhook, everything else as the chart has it."""
        listed = [{"namespace": self.agents.namespace, "serviceAccounts": [*self.agents.workloads]}]
        image = dict(zip(("repository", "tag"), release.image.rsplit(":", 1), strict=True))
        enabled = {"enabled": True}
        values = {"agents": listed, "image": image, "injection": enabled, "webhook": enabled}
        self._values.write_text(yaml.safe_dump(values))
        where = ("enc-operator", str(release.chart), self._place, f"--values={self._values}")
        self.cluster.helm(command, *where, "--wait", "--timeout=4m", *options)
        # The API server keeps asking a replica of the release before until that one has ended, which Helm does not wait for.
        wait_until(lambda: self._images() == {release.image}, "the release before has ended", seconds=120)

    def wait_for_resolver(self, release: Release) -> None:
        """Wait for the ConfigMap of a release: a rollout before it is there brings no newer resolver."""
        get = (
            *self.home,
            "get",
            "configmaps",
            f"--field-selector=metadata.name=enc-resolver-{release.digest}",
            "-o=name",
        )
        wait_until(lambda: self.cluster.kubectl(*get), "its ConfigMap is there", seconds=60)

    def _images(self) -> set[str]:
        found = self.cluster.kubectl("-n", self.release, "get", "pods", "-l", _REPLICAS, "-o", "json")
        return {
            container["image"]
            for pod in json.loads(found)["items"]
            for container in pod["spec"]["containers"]
        }

    def uninstall(self) -> None:
        """Uninstall enc-operator."""
        self.cluster.helm("uninstall", "enc-operator", self._place, "--wait", "--ignore-not-found")

    def tenants(self, image: str) -> Iterator[Manifest]:
        """Yield the tenant's objects, and the Secret of the AgentTarget's volume."""
        for name in ("own", "served"):
            yield self.secret(self.shop, name)
        yield {**self.secret(self.shop, "nested"), "stringData": {"key": f"ENC[{self.served}]"}}
        yield {**self.secret(self.agents.namespace, "keys"), "stringData": {"api": VALUE}}
        yield self.pod("own", "k8s_secret@%%kube_namespace%%/own/key", image)
        yield self.pod("mounted", FILE, image)
        yield self.service("served", self.served)
        yield self.service("nested", self.nested)

    def agent_target(self) -> Manifest:
        """Return the AgentTarget that asks for the injection, with a volume that the tenant's pods may use."""
        pods = {"namespace": self.shop, "serviceAccounts": ["default"]}
        volume = {"name": "keys", "secretName": "keys", "keys": ["api"], "allowedFrom": [pods]}
        metadata = {"name": "datadog", "namespace": self.agents.namespace}
        spec = {"manage": "Full", "secretVolumes": [volume]}
        return {
            "apiVersion": "enc-operator.io/v1alpha1",
            "kind": "AgentTarget",
            "metadata": metadata,
            "spec": spec,
        }

    def wait_for_injection(self, reason: str = "Injected") -> None:
        """Wait until the AgentTarget says how the injections stand, of this generation and all of them."""
        try:
            wait_until(lambda: self._standing() == (reason, True), reason, seconds=120, every=0.5)
        except TimeoutError as late:
            logs = self.cluster.kubectl("-n", self.release, "logs", "deploy/enc-operator", "--all-pods")
            raise TimeoutError(f"{late}: {json.dumps(self.target(), indent=1)}\n{logs[-5000:]}") from None

    def _standing(self) -> tuple[str, bool]:
        found = self.target().get("status", {})
        reasons = {each["type"]: each["reason"] for each in found.get("conditions", ())}
        marked = all(
            _MARK in self.stored(each)["metadata"].get("annotations", {})
            for each in self.agents.workloads.values()
        )
        return reasons.get("Injected", ""), marked

    def stored(self, workload: str) -> Manifest:
        """Return a workload."""
        found: Manifest = json.loads(self.cluster.kubectl(*self.home, "get", workload, "-o", "json"))
        return found

    def rollouts(self) -> dict[str, int]:
        """Return how many versions of its pods each workload has had."""
        annotations = {
            each: self.stored(each)["metadata"]["annotations"] for each in self.agents.workloads.values()
        }
        return {
            workload: int(found.get(_OF_DEPLOYMENT) or found[_OF_DAEMON_SET])
            for workload, found in annotations.items()
        }

    def pods(self, workload: str) -> list[Manifest]:
        """Return a workload's pods that are to last."""
        labels = self.stored(workload)["spec"]["selector"]["matchLabels"].items()
        selector = ",".join(f"{key}={value}" for key, value in labels)
        listed = self.cluster.kubectl(*self.home, "get", "pods", "-l", selector, "-o", "json")
        return [each for each in json.loads(listed)["items"] if "deletionTimestamp" not in each["metadata"]]

    def lives(self) -> dict[str, int]:
        """Map each Agent's pod to how often its containers were started anew."""
        return {
            pod["metadata"]["uid"]: sum(each["restartCount"] for each in pod["status"]["containerStatuses"])
            for workload in self.agents.workloads.values()
            for pod in self.pods(workload)
        }

    def payloads(self, workload: str) -> set[str]:
        """Return the digests of the resolvers that a workload's pods were given."""
        volumes = [volume for pod in self.pods(workload) for volume in pod["spec"]["volumes"]]
        names = [each["configMap"]["name"] for each in volumes if each["name"] == "enc-payload"]
        return {name.removeprefix("enc-resolver-") for name in names}

    def command(self, workload: str) -> str:
        """Return the backend command that an Agent runs."""
        return str(self.agents.report(workload, "backend")["command"])

    def shown(self, pod: str, container: str) -> str:
        """Return how a container sees the file of the declared volume: its rights and owner, and who runs there; empty where it is not."""
        script = f"[ ! -e {FILE[5:]} ] || echo $(stat -Lc '%a %u' {FILE[5:]}) $(id -u)"
        return self.cluster.kubectl(
            *self.home, "exec", pod, "-c", container, "--", "sh", "-c", script
        ).strip()

    def objects(self) -> set[tuple[str, str, str]]:
        """Return all that an install may leave behind, but for the Agents' own; what Kubernetes makes by itself is of no matter."""
        listed = self.cluster.kubectl("get", _KINDS, "--all-namespaces", "-o", "json")
        everything = {_key(each) for each in json.loads(listed)["items"]}
        return everything - {_key(each) for each in json.loads(self.agents.manifests)["items"]}

    def plain(self) -> dict[str, Any]:
        """Return the pods' specifications as they are stored when nobody changes them, by workload; nothing is written."""
        create = ("create", "--dry-run=server", *self.home, "-o", "json", "-f", "-")
        found = {}
        for each in json.loads(self.agents.manifests)["items"]:
            name = f"{each['kind'].lower()}/{each['metadata']['name']}"
            if name in self.agents.workloads.values():
                stored = json.loads(self.cluster.kubectl(*create, text=json.dumps(each)))
                found[name] = stored["spec"]["template"]["spec"]
        return found


def _key(manifest: Manifest) -> tuple[str, str, str]:
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]
