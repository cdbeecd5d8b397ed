"""Injection by the operator on a real API server, with the chart's own rights and fence: workloads that are there, and who else writes them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from e2e.scenarios.injected_workloads import (
    COMMAND,
    OURS,
    Manifest,
    command_of,
    payloads,
    spec_of,
    stored,
)
from e2e.scenarios.operated_world import Clusterful, agent
from e2e.scenarios.rendered_chart import applied
from e2e.scenarios.running_operator import Install, OperatorProcess, installed, within
from enc_operator.cluster.gateway import Gateway
from enc_operator.controller.removal import Removal
from enc_operator.errors import EncError
from enc_operator.process.settings import parse_settings


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


def test_uninstalling_takes_it_out(injecting: Install, tenants: Clusterful) -> None:
    """The chart's Job, with its own rights inside the fence, leaves workloads as they were and no ConfigMap."""
    before = stored(tenants)
    with injecting.operator() as process:
        process.ready().leading()
        inject(tenants)
    rights = [each for each in injecting.manifests if is_right(each)]
    settings = parse_settings(yaml.safe_dump(injecting.settings))
    with (
        applied(tenants.cluster, rights),
        tenants.cluster.api_of(tenants.names["operator"], "enc-operator-take-back") as job,
    ):
        said: list[str] = []
        removal = Removal(Gateway(job.configuration), settings, said.append)
        within(30, "the rights are known", lambda: allowed(removal))
        removal.take_back()

    assert stored(tenants)["spec"] == before["spec"]
    assert payloads(tenants) == []
    assert said[0].startswith("take the injection out of DaemonSet")
    # Nobody is left who would write its status: the next test would read that of this one.
    tenants.cluster.kubectl("-n", tenants.names["agents"], "delete", "agt", "--all", "--timeout=60s")


def is_right(manifest: Manifest) -> bool:
    """Tell whether a manifest gives a Job its rights."""
    hook = "helm.sh/hook" in manifest["metadata"].get("annotations", {})
    return hook and manifest["kind"] in {
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
    }


def allowed(removal: Removal) -> bool:
    """Tell whether a removal can be planned."""
    try:
        return bool(removal.plan())
    except EncError:
        return False


def test_an_older_resolver_waits_for_the_next_rollout(operator: OperatorProcess, tenants: Clusterful) -> None:
    """With Next it stays, whatever release of the operator begins to lead, and its ConfigMap too; Now brings the newer one."""
    inject(tenants)
    name, older = payloads(tenants)[0], f"enc-resolver-{'e' * 64}"
    agents = ["-n", tenants.names["agents"]]
    tenants.apply(older_payload(tenants, name, older))
    text = json.dumps(spec_of(stored(tenants))).replace(name, older)
    patch = json.dumps([{"op": "replace", "path": "/spec/template/spec", "value": json.loads(text)}])
    tenants.cluster.kubectl(*agents, "patch", "daemonset", "agent", "--type=json", "-p", patch)

    within(60, "it is told of", lambda: tenants.condition("Injected")[:2] == ("True", "Outdated"))
    generation = stored(tenants)["metadata"]["generation"]
    inject(tenants, resolver={"rollout": "Now"})

    assert name in json.dumps(stored(tenants)["spec"])
    assert stored(tenants)["metadata"]["generation"] == generation + 1
    assert operator.process.poll() is None


def older_payload(tenants: Clusterful, name: str, older: str) -> Manifest:
    """Return the ConfigMap of another release."""
    text = tenants.cluster.kubectl("-n", tenants.names["agents"], "get", "configmap", name, "-o", "json")
    found: Manifest = json.loads(text)
    labels = found["metadata"]["labels"]
    return {**found, "metadata": {"name": older, "namespace": tenants.names["agents"], "labels": labels}}


@pytest.mark.parametrize(
    ("container", "pod", "said"),
    [
        ({"env": [{"name": COMMAND, "value": "/mine"}]}, {}, "a secret backend of its own"),
        ({}, {"nodeSelector": {"kubernetes.io/os": "windows"}}, "runs on Windows"),
        ({}, {"nodeSelector": {"autopilot.gke.io/a": "b"}}, "GKE Autopilot"),
    ],
    ids=["a command of the user's own", "Windows", "Autopilot"],
)
def test_what_is_refused_is_left(
    container: Manifest, pod: Manifest, said: str, operator: OperatorProcess, tenants: Clusterful
) -> None:
    """It stays as it is, the condition says why, and the other workload is injected all the same."""
    manifest = agent(tenants.names["agents"])
    spec_of(manifest)["containers"][0] |= container
    spec_of(manifest).update(pod)
    tenants.apply(manifest)
    before = stored(tenants)

    tenants.apply(tenants.target("Full"))
    within(60, "it is refused", lambda: said in tenants.condition("Injected")[2])
    within(
        60,
        "the other one is injected",
        lambda: command_of(stored(tenants, "deployment", "cluster-agent")) == [OURS],
    )

    assert tenants.condition("Injected")[:2] == ("False", "Refused")
    assert stored(tenants)["spec"] == before["spec"]
    tenants.cluster.kubectl("replace", "-f", "-", text=json.dumps(agent(tenants.names["agents"])))
    assert operator.process.poll() is None
