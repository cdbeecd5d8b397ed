"""Pods for scenarios: starting one under the restricted pod security standard, and reading what it prints."""

from typing import Any

from kubernetes import client

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster

PYTHON = "/opt/enc/bin/python"
"""Where the project's own image has its Python."""
_ENDED = ("Succeeded", "Failed")


def start_pod(
    cluster: Cluster,
    namespace: str,
    container: dict[str, Any],
    annotations: dict[str, str] | None = None,
    **spec: Any,
) -> None:
    """Create a pod of one container, called as the container is; `spec` has more fields of its specification."""
    restricted = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    pod = {
        "metadata": {
            "name": container["name"],
            "labels": {"app": container["name"]},
            "annotations": annotations,
        },
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    **container,
                    "securityContext": {**restricted, **container.get("securityContext", {})},
                    "imagePullPolicy": "IfNotPresent",
                }
            ],
            **spec,
        },
    }
    with cluster.api() as api:
        client.CoreV1Api(api).create_namespaced_pod(namespace, pod)


def run_pod(cluster: Cluster, namespace: str, container: dict[str, Any]) -> list[str]:
    """Start a pod, wait for its end and return the lines that it printed."""
    start_pod(cluster, namespace, container)
    with cluster.api() as api:
        core = client.CoreV1Api(api)
        wait_until(
            lambda: core.read_namespaced_pod(container["name"], namespace).status.phase in _ENDED,
            f"pod {container['name']} has ended",
            seconds=60,
        )
    return logs(cluster, namespace, f"pod/{container['name']}", lines=1)


def wait_ready(cluster: Cluster, namespace: str, what: str) -> None:
    """Wait until a pod is ready or a workload rolled out."""
    if what.startswith("pod/"):
        cluster.kubectl("-n", namespace, "wait", "--for=condition=Ready", what, "--timeout=60s")
    else:
        cluster.kubectl("-n", namespace, "rollout", "status", what, "--timeout=60s")


def logs(cluster: Cluster, namespace: str, what: str, *, lines: int) -> list[str]:
    """Return what a pod printed, as soon as it is that many lines."""
    seen: list[str] = []

    def enough() -> bool:
        seen[:] = cluster.kubectl("-n", namespace, "logs", what).splitlines()
        return len(seen) >= lines

    wait_until(enough, f"{what} has printed {lines} lines", seconds=30)
    return seen
