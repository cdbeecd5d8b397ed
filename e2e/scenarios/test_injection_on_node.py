"""Injection by the operator with Agents that run: one rollout brings our resolver, and nothing that goes wrong takes an Agent down."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.interface import Cluster
from e2e.scenarios.running_agents import CLUSTER_AGENT, NODE_AGENT, AgentImages, Agents
from e2e.scenarios.running_operator import installed, within

_RESOLVER, _SCRIPT = "/etc/enc/bin/resolver", "/readsecret_multiple_providers.sh"
_VALUE = "sk-of-the-shop"
_FILE = "file@/etc/enc/secrets/keys/api"
Manifest = dict[str, Any]


class Injected:
    """Agents that an operator injects."""

    def __init__(self, cluster: Cluster, agents: Agents) -> None:
        self.cluster, self.agents = cluster, agents
        self.place = ["-n", agents.namespace]

    def apply(self, *manifests: Manifest) -> None:
        """Apply objects."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
        self.cluster.kubectl("apply", "-f", "-", text=text)

    def stored(self, workload: str) -> Manifest:
        """Return a workload."""
        found: Manifest = json.loads(self.cluster.kubectl(*self.place, "get", workload, "-o", "json"))
        return found

    def condition(self) -> str:
        """Return the reason of the AgentTarget's condition on injection."""
        path = "-o=jsonpath={.status.conditions[?(@.type=='Injected')].reason}"
        return self.cluster.kubectl(*self.place, "get", "agt", "datadog", path, "--ignore-not-found")

    def command(self, workload: str) -> str:
        """Return the backend command that an Agent runs."""
        return str(self.agents.report(workload, "backend")["command"])


@pytest.fixture(scope="module")
def operated(
    node: Cluster, agent_images: AgentImages, base_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Injected]:
    """Have Agents with the built-in script, a pod that refers to Secrets, and the operator with the chart's rights and fence."""
    if isinstance(node, ExistingCluster):
        pytest.skip("the chart brings CRDs and policies: this cluster is somebody's")
    run = secrets.token_hex(3)
    agents, release = Agents(node, f"enc-injected-{run}", agent_images), f"enc-injector-{run}"
    found = Injected(node, agents)
    for name in (agents.namespace, release):
        node.kubectl("create", "namespace", name)
    agents.install()
    found.apply(*_objects(agents.namespace, base_image))
    accounts = {agents.namespace: ["datadog-agent", "datadog-cluster-agent"]}
    folder = tmp_path_factory.mktemp("injected")
    with (
        installed(node, release, folder, accounts, injection={"enabled": True}) as install,
        install.operator() as process,
    ):
        process.ready().leading()
        yield found
        node.kubectl(*found.place, "delete", "agt", "--all", "--timeout=120s")
    agents.remove()
    node.kubectl("delete", "namespace", "--wait=false", agents.namespace, release)


def _objects(name: str, image: str) -> Iterator[Manifest]:
    for secret, key in (("allowed", "key"), ("keys", "api")):
        yield _object("v1", "Secret", secret, name, stringData={key: _VALUE})
    nested = f"ENC[k8s_secret@{name}/allowed/key]"
    yield _object("v1", "Secret", "nested", name, stringData={"key": nested})
    container = {
        "name": "app",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sleep", "infinity"],
    }
    for pod, handle in (("same", f"k8s_secret@{name}/allowed/key"), ("mounted", _FILE)):
        spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
        yield _annotated(_object("v1", "Pod", pod, name, spec=spec), "app", handle)
    for service in ("allowed", "nested"):
        spec = {"ports": [{"port": 80}], "selector": {"app": "nobody"}}
        yield _annotated(
            _object("v1", "Service", service, name, spec=spec), "service", f"k8s_secret@{name}/{service}/key"
        )


def _object(version: str, kind: str, name: str, namespace: str, **content: Any) -> Manifest:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        **content,
    }


def _annotated(manifest: Manifest, identifier: str, handle: str) -> Manifest:
    checks = {"http_check": {"instances": [{"host": "%%host%%", "password": f"ENC[{handle}]"}]}}
    manifest["metadata"]["annotations"] = {f"ad.datadoghq.com/{identifier}.checks": json.dumps(checks)}
    return manifest


def _target(name: str) -> Manifest:
    pods = {"namespace": name, "serviceAccounts": ["default"]}
    volume = {"name": "keys", "secretName": "keys", "keys": ["api"], "allowedFrom": [pods]}
    spec = {"manage": "Full", "crossNamespace": True, "secretVolumes": [volume]}
    return _object("enc-operator.io/v1alpha1", "AgentTarget", "datadog", name, spec=spec)


def test_one_rollout_brings_the_resolver(operated: Injected) -> None:
    """The Agents' own check of the executable's rights is content; a Secret, and a key of a declared volume, are resolved by it."""
    before = {workload: operated.stored(workload) for workload in (NODE_AGENT, CLUSTER_AGENT)}
    name, agents = operated.agents.namespace, operated.agents
    assert operated.command(NODE_AGENT) == _SCRIPT

    operated.apply(_target(name))
    within(120, "they are injected", lambda: operated.condition() == "Injected")
    agents.wait_ready()

    for workload, old in before.items():
        backend = agents.report(workload, "backend")
        assert (backend["command"], backend["rights"]) == (_RESOLVER, "ok")
        assert operated.stored(workload)["metadata"]["generation"] == old["metadata"]["generation"] + 1
        assert "falling back" not in agents.logs(workload)
    for handle in (f"k8s_secret@{name}/allowed/key", _FILE):
        assert agents.wait_for(NODE_AGENT, handle, "resolved")["hash"] == agents.hash_of(_VALUE)


def test_the_cluster_agent_resolves_behind_the_guard(operated: Injected) -> None:
    """The built-in helper answers, and a value that is a handle is an error."""
    name, agents = operated.agents.namespace, operated.agents

    resolved = agents.wait_for(CLUSTER_AGENT, f"k8s_secret@{name}/allowed/key", "resolved")
    refused = agents.wait_for(CLUSTER_AGENT, f"k8s_secret@{name}/nested/key", "failed")

    assert resolved["hash"] == agents.hash_of(_VALUE)
    assert "the value is itself a secret handle" in refused["error"]


def test_a_resolver_that_is_gone_keeps_no_agent_down(operated: Injected) -> None:
    """A pod that finds no ConfigMap falls back to the built-in script, says so, and resolves.

    It is a copy beside the Agent's own: a kubelet keeps an immutable ConfigMap as long as any of its pods names it.
    """
    agents, place = operated.agents, operated.place
    template = operated.stored(NODE_AGENT)["spec"]["template"]
    metadata = {"name": "without", "namespace": agents.namespace, "labels": {"app": "without"}}
    spec = json.loads(json.dumps(template["spec"]))
    payload = next(each for each in spec["volumes"] if each["name"] == "enc-payload")
    payload["configMap"]["name"] = f"enc-resolver-{'0' * 64}"

    operated.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    operated.cluster.kubectl(*place, "wait", "pod/without", "--for=condition=Ready", "--timeout=120s")
    resolved = agents.wait_for("pod/without", f"k8s_secret@{agents.namespace}/allowed/key", "resolved")

    assert resolved["hash"] == agents.hash_of(_VALUE)
    assert "falling back to the built-in" in agents.logs("pod/without")
    operated.cluster.kubectl(*place, "delete", "pod", "without", "--timeout=120s")


def test_the_end_leaves_agents_running(operated: Injected) -> None:
    """Without its AgentTarget an Agent runs the built-in script as before."""
    operated.cluster.kubectl(*operated.place, "delete", "agt", "datadog", "--timeout=120s")
    operated.agents.wait_ready()

    for workload in (NODE_AGENT, CLUSTER_AGENT):
        assert operated.command(workload) == _SCRIPT
        assert "initContainers" not in operated.stored(workload)["spec"]["template"]["spec"]
