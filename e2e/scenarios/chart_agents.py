"""The stand-ins as the vendor's chart installs its Agents, by Helm: what its values change is changed as its users do."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from e2e.cluster.interface import Cluster
from e2e.scenarios.running_agents import AgentImages, Agents
from e2e.scenarios.running_pods import wait_ready

CHART = Path(__file__).parents[1] / "agent/chart"


class ChartAgents(Agents):
    """A release of the chart in a namespace of its own; `values` are those that its user gives."""

    def __init__(
        self, cluster: Cluster, namespace: str, names: AgentImages, values: Mapping[str, Any], folder: Path
    ) -> None:
        super().__init__(cluster, namespace, names)
        self.release = f"dd-{secrets.token_hex(3)}"
        self.node, self.cluster_agent = f"{self.release}-datadog", f"{self.release}-datadog-cluster-agent"
        self._values = folder / "agents.yaml"
        images = {"images": {"node": names.node, "cluster": names.cluster}}
        own = {"token": secrets.token_hex(16), "hashKey": self._key}
        self._values.write_text(yaml.safe_dump({**values, **images, **own}))

    @property
    def workloads(self) -> dict[str, str]:
        """Both workloads, by their ServiceAccounts."""
        return {
            self.node: f"daemonset/{self.node}",
            self.cluster_agent: f"deployment/{self.cluster_agent}",
        }

    def install(self) -> None:
        """Install the release, and wait until both Agents are ready."""
        self._helm("install", f"--values={self._values}")

    def upgrade(self, values: Path) -> None:
        """Change some values of the release, and wait until both Agents are rolled out."""
        self._helm("upgrade", "--reuse-values", f"--values={values}")

    def remove(self) -> None:
        """Take the release away."""
        place = f"--namespace={self.namespace}"
        self._cluster.helm("uninstall", self.release, place, "--wait", "--ignore-not-found")

    def wait_ready(self) -> None:
        """Wait until the newest version of both Agents is ready."""
        for workload in self.workloads.values():
            wait_ready(self._cluster, self.namespace, workload)

    def _helm(self, command: str, *arguments: str) -> None:
        self._cluster.helm(
            command, self.release, str(CHART), f"--namespace={self.namespace}", *arguments, "--timeout=3m"
        )
        self.wait_ready()
