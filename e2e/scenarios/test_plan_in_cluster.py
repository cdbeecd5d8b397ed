"""What `encctl plan` prints, applied to a cluster: both Agents resolve what is allowed with the resolver it brings, and nothing else."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from e2e.cluster.interface import Cluster
from e2e.scenarios.running_agents import CLUSTER_AGENT, NODE_AGENT, AgentImages, Agents

ENCCTL = Path(sys.executable).parent / "encctl"
_RESOLVER = "/etc/enc/bin/resolver"
_VALUE = "sk-of-the-shop"

Objects = list[dict[str, Any]]


@pytest.fixture(scope="module")
def shop(
    node: Cluster, agent_images: AgentImages, base_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Agents]:
    """Make two namespaces with Secrets, Agents, and pods and Services that refer to them; plan; apply the plan."""
    name = f"enc-e2e-plan-{secrets.token_hex(3)}"
    agents = Agents(node, name, agent_images)
    namespaces = [name, f"{name}-b"]
    _create(node, [_object("v1", "Namespace", each) for each in namespaces])
    _create(node, list(_secrets(name)))
    agents.install()
    _create(node, list(_referring(name, base_image)))
    folder = tmp_path_factory.mktemp("plan")
    (folder / "agents.yaml").write_text(agents.manifests)
    _write(folder / "shop.json", [*_referring(name, base_image), *_consents(name)])
    planned = subprocess.run(
        [ENCCTL, "plan", "-o", "yaml", folder], capture_output=True, text=True, check=False
    )
    assert planned.returncode == 1, planned.stderr  # some references are denied
    node.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=planned.stdout)
    agents.wait_ready()
    yield agents
    agents.remove()
    with node.api() as api:
        for each in namespaces:
            client.CoreV1Api(api).delete_namespace(each)


def test_both_agents_run_the_resolver_that_was_installed(shop: Agents) -> None:
    """The Agents' own check of the executable's rights is content, and nothing fell back to the built-in script."""
    for workload in (NODE_AGENT, CLUSTER_AGENT):
        backend = shop.report(workload, "backend")

        assert (backend["command"], backend["rights"]) == (_RESOLVER, "ok")
        assert "falling back" not in shop.logs(workload)


@pytest.mark.parametrize(
    "handle",
    [
        pytest.param("k8s_secret@{name}/allowed/key", id="a Secret of the pod's namespace"),
        pytest.param(
            "k8s_secret@{name}-b/granted/key", id="a Secret of another namespace with its owner's grant"
        ),
        pytest.param("file@/etc/enc/secrets/keys/api", id="a key of a declared volume"),
    ],
)
def test_what_is_allowed_is_resolved(shop: Agents, handle: str) -> None:
    """The node Agent has the value."""
    resolved = shop.wait_for(NODE_AGENT, handle.format(name=shop.namespace), "resolved")

    assert resolved["hash"] == shop.hash_of(_VALUE)


@pytest.mark.parametrize(
    ("handle", "error"),
    [
        pytest.param(
            "k8s_secret@{name}-b/ungranted/key",
            "needs a Role in namespace {name}-b that allows get",
            id="no grant",
        ),
        pytest.param(
            "k8s_secret@{name}/nested/key",
            "the value is itself a secret handle",
            id="a value that is a handle",
        ),
        pytest.param(
            "k8s_secret@{name}/allowed/gone", "key gone not found in secret {name}/allowed", id="no such key"
        ),
        pytest.param(
            "file@/var/run/secrets/kubernetes.io/serviceaccount/token",
            "nothing under /var/run",
            id="the Agent's token",
        ),
        pytest.param("file@/etc/enc/secrets/keys/../../bin/resolver", "", id="a path that climbs"),
    ],
)
def test_what_is_not_allowed_fails_with_the_reason(shop: Agents, handle: str, error: str) -> None:
    """The Agent has no value, and its own report says why."""
    failed = shop.wait_for(NODE_AGENT, handle.format(name=shop.namespace), "failed")

    assert error.format(name=shop.namespace) in failed["error"]
    assert failed["hash"] == ""


def test_the_cluster_agent_resolves_behind_the_guard(shop: Agents) -> None:
    """Its image has no Python: the built-in helper answers, and the guard turns a value that is a handle into an error."""
    resolved = shop.wait_for(CLUSTER_AGENT, f"k8s_secret@{shop.namespace}/dispatched/key", "resolved")
    refused = shop.wait_for(CLUSTER_AGENT, f"k8s_secret@{shop.namespace}/nested/key", "failed")

    assert resolved["hash"] == shop.hash_of(_VALUE)
    assert "the value is itself a secret handle" in refused["error"]


def test_no_value_is_in_any_log(shop: Agents) -> None:
    """Neither the Agents' logs nor those of the step that installs the resolver hold a value."""
    shop.wait_for(NODE_AGENT, f"k8s_secret@{shop.namespace}/allowed/key", "resolved")

    assert _VALUE not in shop.logs(NODE_AGENT) + shop.logs(CLUSTER_AGENT)


def _secrets(name: str) -> Iterator[dict[str, Any]]:
    values = {"allowed": _VALUE, "dispatched": _VALUE, "nested": f"ENC[k8s_secret@{name}-b/ungranted/key]"}
    for secret, value in values.items():
        yield _object("v1", "Secret", secret, name, stringData={"key": value})
    yield _object("v1", "Secret", "keys", name, stringData={"api": _VALUE})
    for secret in ("granted", "ungranted"):
        yield _object("v1", "Secret", secret, f"{name}-b", stringData={"key": _VALUE})


def _referring(name: str, image: str) -> Iterator[dict[str, Any]]:
    handles = {
        "same": "k8s_secret@%%kube_namespace%%/allowed/key",
        "granted": f"k8s_secret@{name}-b/granted/key",
        "ungranted": f"k8s_secret@{name}-b/ungranted/key",
        "nested": f"k8s_secret@{name}/nested/key",
        "gone": f"k8s_secret@{name}/allowed/gone",
        "mounted": "file@/etc/enc/secrets/keys/api",
        "token": "file@/var/run/secrets/kubernetes.io/serviceaccount/token",
        "climbing": "file@/etc/enc/secrets/keys/../../bin/resolver",
    }
    for pod, handle in handles.items():
        container = {
            "name": "app",
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            "command": ["sleep", "infinity"],
        }
        spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
        yield _annotated(_object("v1", "Pod", pod, name, spec=spec), "app", handle)
    for service in ("dispatched", "nested"):
        site = _object(
            "v1", "Service", service, name, spec={"ports": [{"port": 80}], "selector": {"app": "nobody"}}
        )
        yield _annotated(site, "service", f"k8s_secret@{name}/{service}/key")


def _consents(name: str) -> Iterator[dict[str, Any]]:
    pods = {"namespace": name, "serviceAccounts": ["default"]}
    target = {"secretName": "granted", "keys": ["key"]}
    yield _object(
        "enc-operator.io/v1alpha1", "SecretGrant", "shop", f"{name}-b", spec={"from": [pods], "to": [target]}
    )
    volume = {"name": "keys", "secretName": "keys", "keys": ["api"], "allowedFrom": [pods]}
    settings = {"crossNamespace": True, "secretVolumes": [volume]}
    yield _object("enc-operator.io/v1alpha1", "AgentTarget", "datadog", name, spec=settings)


def _annotated(manifest: dict[str, Any], identifier: str, handle: str) -> dict[str, Any]:
    checks = {"http_check": {"instances": [{"host": "%%host%%", "password": f"ENC[{handle}]"}]}}
    manifest["metadata"]["annotations"] = {f"ad.datadoghq.com/{identifier}.checks": json.dumps(checks)}
    return manifest


def _object(
    version: str, kind: str, name: str, namespace: str | None = None, **content: Any
) -> dict[str, Any]:
    metadata = {"name": name} if namespace is None else {"name": name, "namespace": namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}


def _create(cluster: Cluster, objects: Objects) -> None:
    cluster.kubectl(
        "apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    )


def _write(path: Path, objects: Objects) -> None:
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
