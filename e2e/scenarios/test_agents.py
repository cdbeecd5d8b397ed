"""The Agent stand-in on a real node: it resolves, fails and refuses as the Agent does, with its built-in script."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster.interface import Cluster
from e2e.scenarios.running_agents import CLUSTER_AGENT, NODE_AGENT, AgentImages, Agents
from e2e.scenarios.running_pods import start_pod, wait_ready
from e2e.scenarios.secret_access import allow

ROOT = Path(__file__).parents[2]
_VALUE = "sk-of-the-shop"
_FIRST_HOP_ONLY = "only-the-cluster-agent-may"


@pytest.fixture
def agents(node: Cluster, node_namespace: str, agent_images: AgentImages) -> Iterator[Agents]:
    """Install both Agents in the test's namespace, with two Secrets of which one may be read."""
    kubectl = node.kubectl
    for name, value in (("allowed", _VALUE), ("other", _VALUE), ("dispatched", _FIRST_HOP_ONLY)):
        kubectl("-n", node_namespace, "create", "secret", "generic", name, f"--from-literal=key={value}")
    allow(node, node_namespace, "datadog-agent", "allowed")
    allow(node, node_namespace, "datadog-cluster-agent", "dispatched")
    installed = Agents(node, node_namespace, agent_images)
    installed.install()
    yield installed
    installed.remove()


def test_its_own_tests_pass(go: str) -> None:
    """The stand-in is tested in its own language."""
    ran = subprocess.run(
        [go, "test", "./..."], cwd=ROOT / "e2e/agent", capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_pods_handle_is_resolved_by_the_node_agent_with_its_own_permissions(
    node: Cluster, agents: Agents, base_image: str
) -> None:
    """What the Role names is resolved, its neighbour is not, and no value is in any log or report."""
    allowed, other = (f"k8s_secret@%%kube_namespace%%/{name}/key" for name in ("allowed", "other"))
    _annotated_pod(node, agents.namespace, base_image, "one", allowed)
    _annotated_pod(node, agents.namespace, base_image, "two", other)

    resolved = agents.wait_for(NODE_AGENT, f"k8s_secret@{agents.namespace}/allowed/key", "resolved")
    failed = agents.wait_for(NODE_AGENT, f"k8s_secret@{agents.namespace}/other/key", "failed")

    assert resolved["hash"] == agents.hash_of(_VALUE)
    assert (resolved["source"]["kind"], resolved["source"]["name"], resolved["hop"]) == ("pod", "one", 1)
    assert resolved["scheduled"]
    assert 'secrets "other" is forbidden' in failed["error"]
    assert not failed["scheduled"]
    everything = agents.logs(NODE_AGENT) + json.dumps(
        [agents.report(NODE_AGENT, what) for what in ("resolutions", "configurations", "backend")]
    )
    assert _VALUE not in everything


def test_a_services_handle_is_resolved_by_the_cluster_agent_and_its_check_runs_on_the_node(
    node: Cluster, agents: Agents
) -> None:
    """The Cluster Agent resolves and dispatches; the node Agent runs what it is given without any permission."""
    handle = f"k8s_secret@{agents.namespace}/dispatched/key"
    checks = {"http_check": {"instances": [{"url": "http://%%host%%", "password": f"ENC[{handle}]"}]}}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "site",
            "namespace": agents.namespace,
            "annotations": {"ad.datadoghq.com/service.checks": json.dumps(checks)},
        },
        "spec": {"ports": [{"port": 80}], "selector": {"app": "nobody"}},
    }
    node.kubectl("apply", "-f", "-", text=json.dumps(service))

    resolved = agents.wait_for(CLUSTER_AGENT, handle, "resolved")

    assert (resolved["source"]["kind"], resolved["source"]["name"]) == ("service", "site")
    scheduled = agents.wait_for_scheduled(NODE_AGENT, "http_check")
    assert f"hmac-sha256:{agents.hash_of(_FIRST_HOP_ONLY)}" in json.dumps(scheduled)
    assert handle not in agents.resolutions(NODE_AGENT)


def test_the_agents_scoping_leaves_other_namespaces_handles_as_they_are(
    node: Cluster, agents: Agents, base_image: str
) -> None:
    """With the Agent's own setting a handle of another namespace is neither resolved nor an error."""
    setting = "DD_SECRET_SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE=true"
    node.kubectl("-n", agents.namespace, "set", "env", NODE_AGENT, setting)
    agents.wait_ready()
    _annotated_pod(node, agents.namespace, base_image, "one", "k8s_secret@kube-system/any/key")

    refused = agents.wait_for(NODE_AGENT, "k8s_secret@kube-system/any/key", "refused")

    assert (refused["scheduled"], refused["hash"]) == (True, "")
    assert "secret_scope_integration_to_their_k8s_namespace" in refused["error"]


def _annotated_pod(cluster: Cluster, namespace: str, image: str, name: str, handle: str) -> None:
    checks = {"redisdb": {"instances": [{"host": "%%host%%", "password": f"ENC[{handle}]"}]}}
    container = {
        "name": name,
        "image": image,
        "command": ["sleep", "infinity"],
        "securityContext": {"runAsUser": 1000},
    }
    start_pod(
        cluster, namespace, container, annotations={f"ad.datadoghq.com/{name}.checks": json.dumps(checks)}
    )
    wait_ready(cluster, namespace, f"pod/{name}")
