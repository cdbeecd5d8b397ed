"""The chart with its webhook, installed by Helm on a cluster with a node: pods of its own image behind a Service."""

import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster, CommandFailed
from e2e.scenarios.operated_world import Clusterful, clusterful
from e2e.scenarios.rendered_chart import CHART

WEBHOOK = "deployment/enc-operator-webhook"
_RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"
_SELECTOR = "app.kubernetes.io/component=webhook"


@contextmanager
def admitting_on_node(node: Cluster, image: str, folder: Path, **webhook: Any) -> Iterator[Clusterful]:
    """Install the chart with a webhook that enforces; the operator itself is not started."""
    if isinstance(node, ExistingCluster):
        pytest.skip("the chart brings CRDs and policies: this cluster is somebody's")
    repository, _, tag = image.rpartition(":")
    with clusterful(node) as tenants:
        names = tenants.names
        node.kubectl("label", "namespace", names["operator"], _RESTRICTED)
        values = {
            "agents": [{"namespace": names["agents"], "serviceAccounts": ["node", "cluster"]}],
            "image": {"repository": repository, "tag": tag},
            "replicas": 0,
            "webhook": {"enabled": True, "mode": "enforce", **webhook},
        }
        file = folder / "values.yaml"
        file.write_text(yaml.safe_dump(values))
        place = f"--namespace={names['operator']}"
        try:
            node.helm(
                "install", "enc-operator", str(CHART), place, f"--values={file}", "--wait", "--timeout=4m"
            )
            asked = tenants.pod("asked", tenants.handle("bank", "db"))
            wait_until(lambda: "access" in refusal(tenants, asked), "the API server asks", seconds=30)
            yield tenants
        finally:
            node.helm("uninstall", "enc-operator", place, "--wait", "--ignore-not-found")
            node.kubectl("delete", "crd", "--ignore-not-found", *(
                f"{name}.enc-operator.io" for name in ("agenttargets", "clustersecretgrants", "secretgrants")
            ))  # fmt: skip


def refusal(tenants: Clusterful, manifest: dict[str, Any]) -> str:
    """Return why an object is refused now; empty where it is not. Nothing is stored."""
    try:
        tenants.cluster.kubectl("create", "--dry-run=server", "-f", "-", text=json.dumps(manifest))
    except CommandFailed as refused:
        return str(refused)
    return ""


def replicas(tenants: Clusterful) -> list[dict[str, Any]]:
    """Return the status of the webhook's container in each of its pods that is to last, by the pods' names."""
    listed = tenants.cluster.kubectl(
        "-n", tenants.names["operator"], "get", "pods", "-l", _SELECTOR, "-o", "json"
    )
    lasting = [pod for pod in json.loads(listed)["items"] if "deletionTimestamp" not in pod["metadata"]]
    pods = sorted(lasting, key=lambda pod: str(pod["metadata"]["name"]))
    return [pod["status"]["containerStatuses"][0] for pod in pods]


def kill(container: Mapping[str, Any]) -> None:
    """End the first process of a container as the kernel does that needs its memory: at once, and nobody is told."""
    identity = str(container["containerID"]).rpartition("/")[2]
    found = min(
        int(each.parent.name) for each in Path("/proc").glob("[0-9]*/cgroup") if identity in _text(each)
    )
    os.kill(found, signal.SIGKILL)


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # the process is gone
        return ""
