"""Injection by the operator on a real API server, with the chart's own rights and fence: workloads that are there, and who else writes them."""

import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

from e2e.scenarios.fenced_install import exchange
from e2e.scenarios.operated_world import Clusterful, agent
from e2e.scenarios.rendered_chart import applied
from e2e.scenarios.running_operator import Install, OperatorProcess, installed, within
from enc_operator.cluster.gateway import Gateway
from enc_operator.controller.removal import Removal
from enc_operator.errors import EncError
from enc_operator.process.settings import parse_settings

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


def test_a_writer_that_undoes_it_is_not_fought(operator: OperatorProcess, tenants: Clusterful) -> None:
    """Whoever resets the workload, on every change and in between, meets ever fewer writes, and is named."""
    bare = spec_of(stored(tenants))
    reset = {"op": "replace", "path": "/spec/template/spec", "value": bare}
    path = (
        f"/apis/apps/v1/namespaces/{tenants.names['agents']}/daemonsets/agent?fieldManager=argocd-controller"
    )
    before = operator.metric("enc_injection_writes_total")
    tenants.apply(tenants.target("Full"))
    with every(
        0.05,
        0.5,
        2,
        5,
        do=lambda api: exchange(api, "PATCH", path, [reset], "application/json-patch+json"),
        tenants=tenants,
    ):
        within(90, "it is told of", lambda: tenants.condition("Injected")[1] == "InjectionContested")
        began, first = time.monotonic(), operator.metric("enc_injection_writes_total")
        within(60, "time passes", lambda: time.monotonic() - began > 30)
        last = operator.metric("enc_injection_writes_total")

    assert "argocd-controller" in tenants.condition("Injected")[2]
    assert first - before <= 8
    assert last - first <= 3
    assert "InjectionContested" in tenants.events("agents")


@contextmanager
def every(*seconds: float, do: Callable[[Any], Any], tenants: Clusterful) -> Iterator[None]:
    """Do something again and again, after each of some times in turn, until left."""
    ended = threading.Event()

    def go_on() -> None:
        with tenants.cluster.api() as api:
            for number in itertools.count():
                if ended.wait(seconds[number // 40 % len(seconds)] if number < 200 else seconds[0]):
                    return
                do(api)

    thread = threading.Thread(target=go_on)
    thread.start()
    yield
    ended.set()
    thread.join()


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


@pytest.mark.parametrize("options", [[], ["--server-side"]], ids=["as Helm merges", "on the server"])
def test_an_apply_by_somebody_else_keeps_it(
    options: list[str], operator: OperatorProcess, tenants: Clusterful
) -> None:
    """A new label of the pods is one rollout, and the injection in it is as it was."""
    inject(tenants)
    once = stored(tenants)
    manifest = agent(tenants.names["agents"])
    del spec_of(manifest)["containers"][0]["env"]  # the command is ours by now
    manifest["spec"]["template"]["metadata"]["labels"] |= {"rolled": "out"}

    tenants.cluster.kubectl("apply", *options, "--field-manager=helm", "-f", "-", text=json.dumps(manifest))
    within(60, "it is as planned", lambda: tenants.condition("Injected")[:2] == ("True", "Injected"))

    again = stored(tenants)
    assert again["spec"]["template"]["spec"]["initContainers"] == spec_of(once)["initContainers"]
    assert command_of(again) == [OURS]
    assert operator.process.poll() is None
