"""Installs of the Agents from a rendering of a chart: what of it runs on a test's node, and that it does."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.agent_renderings import adapt
from e2e.scenarios.rendered_agents import RenderedAgents, rendered_agents
from e2e.scenarios.running_agents import AgentImages

_IMAGES = AgentImages("stand-in/agent:e2e", "stand-in/cluster-agent:e2e")


def _workload(kind: str = "DaemonSet", replicas: int | None = None, **spec: Any) -> dict[str, Any]:
    template = {"spec": {"containers": [_container()], **spec}}
    found: dict[str, Any] = {"kind": kind, "metadata": {"name": "dd"}, "spec": {"template": template}}
    found["spec"] |= {"replicas": replicas} if replicas else {}
    return found


def _container(
    name: str = "agent", image: str = "registry.example.com/agent:7", **more: Any
) -> dict[str, Any]:
    return {"name": name, "image": image, **more}


@pytest.mark.parametrize(
    ("manifest", "notes"),
    [
        (_workload(), ()),
        ({"kind": "MutatingWebhookConfiguration", "metadata": {"name": "w"}}, ("MutatingWebhookConfiguration w: left out",)),
        ({"kind": "Secret", "metadata": {"name": "s", "annotations": {"helm.sh/hook": "test"}}}, ("Secret s: left out",)),
        (_workload(hostPID=True, hostNetwork=False), ("DaemonSet dd: no hostPID",)),
        (
            _workload(containers=[_container(), _container("fips-proxy", "registry.example.com/fips@sha256:0")]),
            ("DaemonSet dd: no container fips-proxy, whose image is not at hand",),
        ),
        (
            _workload("Deployment", 2, containers=[_container("cluster-agent", "cluster-agent")]),
            ("Deployment dd: one replica, since the stand-in has no leader election",),
        ),
        (_workload("Deployment", 2), ()),
        (_workload(containers=[_container(ports=[{"hostPort": 8126}])]), ("DaemonSet dd: no ports of the node",)),
        (
            _workload(containers=[_container(readinessProbe={"periodSeconds": 15}, livenessProbe={})]),
            ("DaemonSet dd: probes every second, from the start",),
        ),
        (
            _workload(containers=[_container(securityContext={"capabilities": {"add": ["SYS_ADMIN"]}, "seccompProfile": {"type": "Localhost"}})]),
            ("DaemonSet dd: no seccompProfile", "DaemonSet dd: no added capabilities"),
        ),
        (
            _workload(
                containers=[_container(volumeMounts=[{"name": "run"}, {"name": "proc", "readOnly": True}])],
                volumes=[{"name": each, "hostPath": {}} for each in ("run", "proc", "unused")] + [{"name": "tmp"}],
            ),
            ("DaemonSet dd: an empty folder in place of the node's for run",
             "DaemonSet dd: no volume proc, which is the node's", "DaemonSet dd: no volume unused, which is the node's"),
        ),
        (
            _workload(containers=[_container(env=[{"name": "DD_API_KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "api-key"}}}])]),
            ("Secret keys: made, with a value that opens nothing",),
        ),
    ],
    ids=["nothing", "another webhook", "a test of the chart's", "the node's processes", "a container of another image",
         "a second Cluster Agent", "a second runner is kept", "a port of the node", "slow probes", "security profiles", "the node's files",
         "a Secret that the user makes"],
)  # fmt: skip
def test_what_is_not_as_in_the_rendering_is_said(manifest: dict[str, Any], notes: tuple[str, ...]) -> None:
    """One sentence for each thing; what runs as it is says nothing."""
    assert adapt([manifest], _IMAGES, {}).notes == notes


def test_the_stand_ins_run_in_place_of_the_agents() -> None:
    """By the image's name, with the tests' own variables over the rendering's; a volume that is gone is mounted nowhere."""
    env = [{"name": "A", "value": "chart"}, {"name": "B", "value": "chart"}]
    main = _container(env=env, volumeMounts=[{"name": "proc", "readOnly": True}, {"name": "tmp"}])
    first = _container("init-config", "registry.example.com/agent@sha256:0")
    volumes = [{"name": "proc", "hostPath": {"path": "/proc"}}, {"name": "tmp", "emptyDir": {}}]
    rendering = _workload(containers=[main], initContainers=[first], volumes=volumes)

    spec = adapt([rendering], _IMAGES, {"A": "test"}).manifests[0]["spec"]["template"]["spec"]

    assert [each["image"] for each in (*spec["initContainers"], *spec["containers"])] == [_IMAGES.node] * 2
    assert spec["containers"][0]["env"] == [env[1], {"name": "A", "value": "test"}]
    assert spec["containers"][0]["volumeMounts"] == [{"name": "tmp"}]
    assert spec["volumes"] == volumes[1:]
    assert "hostPath" in rendering["spec"]["template"]["spec"]["volumes"][0]


@pytest.fixture
def agents(
    node: Cluster, agent_images: AgentImages, tmp_path: Path, tell: Callable[[str], None]
) -> Iterator[RenderedAgents]:
    """Install the rendering."""
    found = rendered_agents(node, agent_images, tmp_path)
    for note in found.notes:
        tell(f"Agents, {note}")
    node.kubectl("create", "namespace", found.namespace)
    found.install()
    yield found
    found.remove()
    node.kubectl("delete", "namespace", "--timeout=120s", found.namespace)


def test_every_agent_of_a_rendering_runs_and_reports(node: Cluster, agents: RenderedAgents) -> None:
    """A Service's handle reaches the Cluster Agent; a rollout replaces every pod."""
    for workload in agents.workloads.values():
        assert agents.report(workload, "configurations")["errors"] == []
    handle = f"k8s_secret@{agents.namespace}/none/key"
    check = json.dumps({"http_check": {"instances": [{"password": f"ENC[{handle}]"}]}})
    place = ("-n", agents.namespace)
    node.kubectl(*place, "create", "service", "clusterip", "checked", "--tcp=80")
    node.kubectl(*place, "annotate", "service", "checked", f"ad.datadoghq.com/service.checks={check}")

    cluster_agent = agents.workloads[agents.cluster_agent]
    wait_until(lambda: handle in agents.resolutions(cluster_agent), "it is met", seconds=60)
    before = {*node.kubectl(*place, "get", "pods", "-o", "name").split()}
    agents.roll_out()

    wait_until(
        lambda: not before & {*node.kubectl(*place, "get", "pods", "-o", "name").split()},
        "the old pods are gone",
        seconds=60,
    )
