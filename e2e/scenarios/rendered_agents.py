"""The stand-ins as a rendering of the vendor's chart installs its Agents: the file that ENC_E2E_AGENTS names, else one of `e2e/agent/chart`."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from e2e.cluster.interface import Cluster
from e2e.scenarios.agent_renderings import WORKLOADS, Manifest, adapt
from e2e.scenarios.chart_agents import CHART
from e2e.scenarios.running_agents import AgentImages, Agents

AGENTS = "ENC_E2E_AGENTS"
_COMPONENT = "agent.datadoghq.com/component"
_ROLLOUT = "enc-operator.io/e2e-rollout"


class RenderedAgents(Agents):
    """One install; `node` and `cluster_agent` are the ServiceAccounts of its Agents, which `workloads` leads from.

    Its namespace is the rendering's, which must exist when `install` is called. `notes` say what is not as in the rendering; who uses it tells them.
    """

    def __init__(self, cluster: Cluster, names: AgentImages, rendering: str) -> None:
        self._cluster, self._key = cluster, secrets.token_hex(16)
        variables = {
            "DD_KUBELET_TLS_VERIFY": "false",
            "ENC_E2E_HASH_KEY": self._key,
            "ENC_E2E_POLL_INTERVAL": "200ms",
        }
        adapted = adapt(list(yaml.safe_load_all(rendering)), names, variables)
        self._objects, self.notes = adapted.manifests, adapted.notes
        self._workloads = {_name(each): each for each in self._objects if each["kind"] in WORKLOADS}
        self.node, self.cluster_agent = self._account("agent"), self._account("cluster-agent")
        self.namespace = str(self._workloads[self.workloads[self.node]]["metadata"]["namespace"])
        for each in self._objects:
            if not each["kind"].startswith("Cluster"):
                each["metadata"].setdefault("namespace", self.namespace)
        self.manifests = _listed(self._objects)

    @property
    def workloads(self) -> dict[str, str]:
        """All workloads, runners too, by their ServiceAccounts."""
        return {
            each["spec"]["template"]["spec"]["serviceAccountName"]: name
            for name, each in self._workloads.items()
        }

    def install(self) -> None:
        """Apply the manifests, and wait until all Agents are ready."""
        self._apply(self.manifests)
        self.wait_ready()

    def roll_out(self) -> None:
        """Apply the manifests with new pods, as the chart does whose checksums have changed, and wait until all are ready."""
        objects: list[Manifest] = json.loads(self.manifests)["items"]
        for each in objects:
            if each["kind"] in WORKLOADS:
                metadata = each["spec"]["template"]["metadata"]
                metadata["annotations"] = {**metadata.get("annotations", {}), _ROLLOUT: secrets.token_hex(4)}
        self.manifests = _listed(objects)
        self.install()

    def wait_ready(self) -> None:
        """Wait until the newest version of all Agents is ready."""
        for workload in self._workloads:
            place = f"--namespace={self.namespace}"
            self._cluster.kubectl("rollout", "status", place, workload, "--timeout=180s")

    def _apply(self, manifests: str) -> None:
        self._cluster.kubectl("apply", "-f", "-", text=manifests)

    def _account(self, component: str) -> str:
        for each in self._workloads.values():
            template = each["spec"]["template"]
            if template["metadata"]["labels"].get(_COMPONENT) == component:
                return str(template["spec"]["serviceAccountName"])
        raise ValueError(f"the rendering has no workload whose pods are labelled {_COMPONENT}: {component}")

    def _selector(self, workload: str) -> str:
        found = self._workloads.get(workload)
        if not found:
            return super()._selector(workload)
        return ",".join(f"{key}={value}" for key, value in found["spec"]["selector"]["matchLabels"].items())

    def _report_port(self, workload: str) -> int:
        """Return the Agent's health port, which the rendering's probes name too."""
        found = self._workloads.get(workload) or self._workloads[self.workloads[self.node]]
        variables = {
            each["name"]: each.get("value")
            for container in found["spec"]["template"]["spec"]["containers"]
            if container["name"] in ("agent", "cluster-agent")
            for each in container["env"]
        }
        return int(variables.get("DD_HEALTH_PORT") or super()._report_port(workload))


def rendered_agents(
    cluster: Cluster, names: AgentImages, folder: Path, values: Mapping[str, Any] | None = None
) -> RenderedAgents:
    """Read the rendering that ENC_E2E_AGENTS names; otherwise render the stand-ins' own chart with some values, for a new namespace."""
    file = os.environ.get(AGENTS)
    if file:
        return RenderedAgents(cluster, names, Path(file).read_text())
    run = secrets.token_hex(3)
    own = {
        "images": {"node": names.node, "cluster": names.cluster},
        "token": secrets.token_hex(16),
        "datadog": {"beside": ["trace-agent", "system-probe"]},
    }
    (folder / "agents.yaml").write_text(yaml.safe_dump(own))
    (folder / "more.yaml").write_text(yaml.safe_dump(dict(values or {})))
    options = (f"--values={folder / name}.yaml" for name in ("agents", "more"))
    place = f"--namespace=enc-agents-{run}"
    return RenderedAgents(cluster, names, cluster.helm("template", "dd", str(CHART), place, *options))


def _name(manifest: Manifest) -> str:
    return f"{manifest['kind'].lower()}/{manifest['metadata']['name']}"


def _listed(manifests: Any) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
