"""The chart on a real node, with the image built from the Dockerfile: installed, tested, upgraded, and gone without a trace."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.fenced_install import exchange, path_of, send
from e2e.scenarios.fenced_writes import Manifest, World
from e2e.scenarios.rendered_chart import CHART

# What comes and goes by itself, or belongs to something that is compared.
_PASSING = {"events", "events.events.k8s.io", "endpointslices.discovery.k8s.io", "endpoints", "leases.coordination.k8s.io",
            "componentstatuses", "pods", "apiservices.apiregistration.k8s.io", "controllerrevisions.apps", "secrets"}  # fmt: skip
_CRDS = ("agenttargets", "clustersecretgrants", "secretgrants")


@dataclass(frozen=True)
class Installed:
    """A release, and everything that was in the cluster before it."""

    world: World
    before: frozenset[str]


@pytest.fixture
def release(node: Cluster, operator_image: str, tmp_path: Path) -> Iterator[Installed]:
    """Install the chart by Helm; the operator itself is not started, these are tests of what surrounds it."""
    if isinstance(node, ExistingCluster):
        pytest.skip("everything in the cluster is compared: this one is somebody's")
    run = secrets.token_hex(3)
    world = World(f"enc-chart-{run}", f"enc-agents-{run}", f"enc-tenant-{run}")
    names = (world.operator, world.agents, world.tenant)
    for name in names:
        node.kubectl("create", "namespace", name)
    wait_until(lambda: all(has_account(node, name) for name in names), "the namespaces are ready", seconds=30)
    before = everything(node)
    repository, _, tag = operator_image.rpartition(":")
    agents = [{"namespace": world.agents, "serviceAccounts": list(world.accounts)}]
    values = {"agents": agents, "image": {"repository": repository, "tag": tag}, "replicas": 0,
              "metrics": {"service": {"enabled": False}}}  # fmt: skip
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    node.helm(
        "install", "enc-operator", str(CHART), f"--namespace={world.operator}", f"--values={file}", "--wait"
    )
    yield Installed(world, before)
    node.kubectl("delete", "--ignore-not-found", "crd", *(f"{name}.enc-operator.io" for name in _CRDS))
    node.kubectl("delete", "namespace", "--timeout=120s", *names)  # the next test compares everything


def has_account(cluster: Cluster, namespace: str) -> bool:
    """Tell whether a namespace has the ServiceAccount that every namespace gets."""
    return "default" in cluster.kubectl("-n", namespace, "get", "serviceaccounts", "-o", "name")


def everything(cluster: Cluster) -> frozenset[str]:
    """Return every object of the cluster as kind, namespace and name."""
    kinds = cluster.kubectl("api-resources", "--verbs=list", "--output=name").split()
    listed = json.loads(
        cluster.kubectl("get", ",".join(sorted(set(kinds) - _PASSING)), "--all-namespaces", "--output=json")
    )
    named = [
        (each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"])
        for each in listed["items"]
    ]
    return frozenset("/".join(parts) for parts in named)


def given(cluster: Cluster, world: World) -> Manifest:
    """Give what an operator gives: a Role and a binding under the current epoch, an AgentTarget that is held; return the target."""
    target = world.target()
    target["metadata"] = {
        "name": "agents",
        "namespace": world.agents,
        "finalizers": ["enc-operator.io/take-back"],
    }
    count = ["annotate", "serviceaccount", "enc-operator-epoch", "enc-operator.io/epoch=7"]
    cluster.kubectl("-n", world.operator, *count)
    with cluster.api_of(world.operator, "enc-operator") as operator, cluster.api() as administrator:
        assert send(administrator, "POST", path_of(target), target)[0] == 201
        for manifest in (world.role(), world.binding()):
            wait_until(
                lambda manifest=manifest: send(operator, "POST", path_of(manifest), manifest)[0] in {201, 409},  # type: ignore[misc]
                "the operator may write", seconds=10,
            )  # fmt: skip
    return target


def test_a_release_comes_and_goes_without_a_trace(node: Cluster, release: Installed) -> None:
    """`helm test` finds the fence up; `helm uninstall` takes back what was given, and leaves grants, AgentTargets and CRDs."""
    world = release.world
    target = given(node, world)

    tested = node.helm("test", "enc-operator", f"--namespace={world.operator}")
    node.helm("uninstall", "enc-operator", f"--namespace={world.operator}", "--wait")

    with node.api() as administrator:
        stored = exchange(administrator, "GET", path_of(target, named=True))[1]
    ours = {f"CustomResourceDefinition//{name}.enc-operator.io" for name in _CRDS}
    assert "Succeeded" in tested
    assert "finalizers" not in stored["metadata"]
    assert everything(node) - release.before == {*ours, f"AgentTarget/{world.agents}/agents"}
    assert release.before - everything(node) == set()


def test_an_upgrade_brings_the_crds_up_to_date(node: Cluster, release: Installed) -> None:
    """A field that an earlier chart's CRD did not have is there after `helm upgrade`, which by itself leaves CRDs alone.

    With crds.remove an uninstall takes them along, with every resource of theirs.
    """
    target = given(node, release.world)
    namespace = f"--namespace={release.world.operator}"
    older = yaml.safe_load((CHART / "crds/agenttargets.yaml").read_text())
    del older["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"][
        "crossNamespace"
    ]
    node.kubectl("replace", "-f", "-", text=json.dumps(older))

    node.helm(
        "upgrade", "enc-operator", str(CHART), namespace, "--reuse-values", "--set=crds.remove=true", "--wait"
    )

    assert "crossNamespace" in node.kubectl("get", "crd", "agenttargets.enc-operator.io", "--output=json")
    assert "crds" not in node.kubectl(
        "-n", release.world.operator, "get", "serviceaccounts,jobs", "-o", "name"
    )
    node.helm("uninstall", "enc-operator", namespace, "--wait")
    wait_until(lambda: everything(node) == release.before, "nothing is left", seconds=30)
    assert target["kind"] == "AgentTarget"
