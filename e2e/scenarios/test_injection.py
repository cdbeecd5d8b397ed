"""Injection by the operator on a real API server, with the chart's own rights and fence: workloads that are there, and who else writes them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.running_operator import Install, OperatorProcess, installed, within

COMMAND = "DD_SECRET_BACKEND_COMMAND"
OURS = "/etc/enc/bin/resolver"
PAYLOAD = re.compile(r"enc-resolver-[0-9a-f]{64}")
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def injecting(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """Install the chart with injection."""
    names, folder = tenants.names, tmp_path_factory.mktemp("injecting")
    agents = {names["agents"]: ["node", "cluster"]}
    with installed(tenants.cluster, names["operator"], folder, agents, injection={"enabled": True}) as found:
        yield found


@pytest.fixture
def operator(injecting: Install, tenants: Clusterful) -> Iterator[OperatorProcess]:
    """Run the operator; AgentTargets and what they left end with the test."""
    with injecting.operator() as process:
        process.ready().leading()
        yield process
        agents = ["-n", tenants.names["agents"]]
        tenants.cluster.kubectl(*agents, "delete", "agt", "--all", "--timeout=60s")
        tenants.clear()


def stored(tenants: Clusterful, kind: str = "daemonset", name: str = "agent") -> Manifest:
    """Return what is stored."""
    text = tenants.cluster.kubectl(
        "-n", tenants.names["agents"], "get", kind, name, "-o", "json", "--show-managed-fields"
    )
    found: Manifest = json.loads(text)
    return found


def spec_of(manifest: Manifest) -> Manifest:
    """Return the pods' specification."""
    found: Manifest = manifest["spec"]["template"]["spec"]
    return found


def command_of(manifest: Manifest) -> list[str]:
    """Return every backend command of a workload's first container."""
    return [
        each["value"] for each in spec_of(manifest)["containers"][0].get("env", []) if each["name"] == COMMAND
    ]


def payloads(tenants: Clusterful) -> list[str]:
    """Return the ConfigMaps with a resolver."""
    found = tenants.cluster.kubectl("-n", tenants.names["agents"], "get", "configmaps", "-o", "name")
    return [name for name in found.replace("configmap/", "").split() if PAYLOAD.fullmatch(name)]


def inject(tenants: Clusterful, **spec: Any) -> None:
    """Ask for the injection and wait until both workloads have it."""
    tenants.apply(tenants.target("Full", **spec))
    within(60, "it is injected", lambda: tenants.condition("Injected")[:2] == ("True", "Injected"))


def test_there_and_back(operator: OperatorProcess, tenants: Clusterful) -> None:
    """Workloads are injected in one write each, with the ConfigMap that they name, and are as they were when the AgentTarget goes."""
    before = {
        kind: stored(tenants, *kind) for kind in (("daemonset", "agent"), ("deployment", "cluster-agent"))
    }

    inject(tenants)

    for kind, old in before.items():
        new = stored(tenants, *kind)
        assert command_of(new) == [OURS]
        assert new["metadata"]["generation"] == old["metadata"]["generation"] + 1
        volumes = {each["name"]: each for each in spec_of(new)["volumes"]}
        assert [volumes["enc-payload"]["configMap"]["name"]] == payloads(tenants)
    injected = {each["name"]: each["injected"]["resolver"] for each in tenants.status()["components"]}
    assert injected == {"agent": "bundled", "cluster-agent": "builtin"}
    tenants.cluster.kubectl("-n", tenants.names["agents"], "delete", "agt", "datadog", "--timeout=60s")
    for kind, old in before.items():
        new = stored(tenants, *kind)
        assert new["spec"] == old["spec"]
        assert "enc-operator.io/injected" not in new["metadata"].get("annotations", {})
    assert operator.process.poll() is None
