"""The Agent stand-in in a cluster: its images, an install of both flavours, and what the Agents report."""

import hashlib
import hmac
import json
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from e2e.cluster import binaries, images
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster, CommandFailed
from e2e.scenarios.running_pods import wait_ready

_SOURCE = Path(__file__).parents[1] / "agent"
NODE_AGENT = "daemonset/datadog-agent"
CLUSTER_AGENT = "deployment/datadog-cluster-agent"
_REPORT_PORT = 5555


@dataclass(frozen=True)
class AgentImages:
    """The names of the stand-in's images."""

    node: str
    cluster: str


def build_images(cluster: Cluster) -> AgentImages:
    """Build both images and bring them to the cluster's node."""
    names = AgentImages("enc-operator.io/agent:e2e", "enc-operator.io/cluster-agent:e2e")
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        binaries.build_program(_SOURCE, context, "-ldflags=-s -w")
        (context / "agent").rename(context / "agent-stand-in")
        shutil.copytree(_SOURCE / "image", context / "image")
        shutil.copy(_SOURCE / "Dockerfile", context)
        for target, name in (("node", names.node), ("cluster", names.cluster)):
            cluster.load_image(images.build(name, context, target=target))
    return names


class Agents:
    """One install of node Agent and Cluster Agent in a namespace."""

    def __init__(self, cluster: Cluster, namespace: str, names: AgentImages) -> None:
        self._cluster = cluster
        self.namespace = namespace
        self._key = secrets.token_hex(16)
        self.manifests = Template((_SOURCE / "install.yaml").read_text()).substitute(
            namespace=namespace,
            node_image=names.node,
            cluster_image=names.cluster,
            token=secrets.token_hex(16),
            hash_key=self._key,
        )

    def install(self) -> None:
        """Apply the manifests and wait until both Agents are ready."""
        self._cluster.kubectl("apply", "-f", "-", text=self.manifests)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until the newest version of both Agents is ready."""
        for workload in (NODE_AGENT, CLUSTER_AGENT):
            wait_ready(self._cluster, self.namespace, workload)

    def remove(self) -> None:
        """Delete what was applied, cluster-wide objects too."""
        self._cluster.kubectl("delete", "--wait=false", "--ignore-not-found", "-f", "-", text=self.manifests)

    def hash_of(self, value: str) -> str:
        """Return what the Agents report in place of a value."""
        return hmac.new(self._key.encode(), value.encode(), hashlib.sha256).hexdigest()

    def resolutions(self, workload: str) -> dict[str, dict[str, Any]]:
        """Map each handle that an Agent met to what became of it."""
        return {each["handle"]: each for each in self.report(workload, "resolutions")}

    def wait_for(self, workload: str, handle: str, outcome: str) -> dict[str, Any]:
        """Wait until a handle has come to an outcome, and return what the Agent says of it."""
        seen: dict[str, dict[str, Any]] = {}

        def there() -> bool:
            try:
                seen.update(self.resolutions(workload))
            except CommandFailed:  # the pod is being replaced
                return False
            return seen.get(handle, {}).get("outcome") == outcome

        try:
            wait_until(there, f"{handle} is {outcome}", seconds=60, every=0.2)
        except TimeoutError as late:
            raise TimeoutError(
                f"{late}; the Agent says: {json.dumps(list(seen.values()), indent=1)}"
            ) from None
        return seen[handle]

    def wait_for_scheduled(self, workload: str, check: str) -> dict[str, Any]:
        """Wait until an Agent runs a check, and return its configuration with hashes in place of values."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            scheduled = self.report(workload, "configurations")["scheduled"]
            found[:] = [each for each in scheduled if each["name"] == check]
            return bool(found)

        wait_until(there, f"{check} is scheduled", seconds=60, every=0.2)
        return found[0]

    def report(self, workload: str, what: str) -> Any:
        """Ask an Agent for its report `what` (`resolutions`, `configurations`, `backend`) through the API server."""
        place = f"{self._pod(workload)}:{self._report_port(workload)}"
        path = f"/api/v1/namespaces/{self.namespace}/pods/{place}/proxy/{what}"
        return json.loads(self._cluster.kubectl("get", "--raw", path))

    def logs(self, workload: str) -> str:
        """Return everything that an Agent has logged."""
        return self._cluster.kubectl("-n", self.namespace, "logs", self._pod(workload), "--all-containers")

    def _report_port(self, _: str) -> int:
        return _REPORT_PORT

    def _selector(self, workload: str) -> str:
        return f"app={workload.partition('/')[2]}"

    def _pod(self, workload: str) -> str:
        selector = self._selector(workload)
        found = self._cluster.kubectl("-n", self.namespace, "get", "pods", "-l", selector, "-o", "json")
        pods = [pod for pod in json.loads(found)["items"] if not pod["metadata"].get("deletionTimestamp")]
        return str(max(pods, key=lambda pod: pod["metadata"]["creationTimestamp"])["metadata"]["name"])
