"""A cluster in containers, made by kind (https://kind.sigs.k8s.io): the way where Docker is, on any system.

Both levels are the same here, since a kind cluster always has a node.
"""

import json
import secrets
import shutil
import tempfile
from pathlib import Path

from e2e.cluster import binaries
from e2e.cluster.control_plane import AUDIT_POLICY
from e2e.cluster.interface import Cluster, CommandFailed, Level, Unavailable, run

_PREFIX = "enc-e2e-"
_DETACHED = "enc-kept-"
_POLICY_IN_NODE = "/etc/kubernetes/enc-e2e"
_LOG_IN_NODE = "/var/log/enc-e2e"


class KindCluster(Cluster):
    """A cluster of one kind node."""

    def __init__(self, level: Level, *, version: str | None = None, detached: bool = False) -> None:
        """Create the cluster and wait until it is ready.

        `version` is that of one of kind's images, such as `1.34.0`; kind's own choice otherwise. Raises Unavailable without an engine or kind.
        """
        require()
        self.level = level
        self._name = f"{_DETACHED if detached else _PREFIX}{secrets.token_hex(3)}"
        self.name = f"kind {self._name}"
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self._name}-"))
        self.kubeconfig = self.folder / "kubeconfig"
        self.audit_log = self.folder / "log/audit.log"
        try:
            self._create(version)
        except BaseException:
            self.close()
            raise

    def _create(self, version: str | None) -> None:
        (self.folder / "log").mkdir()
        (self.folder / "policy.json").write_text(json.dumps(AUDIT_POLICY))
        (self.folder / "kind.json").write_text(json.dumps(configuration(self.folder), indent=1))
        run(create_command(self._name, self.folder, version))

    def program(self, name: str) -> str:
        """Return the program that is installed, or the pinned one."""
        return installed_or_built(name)

    def load_image(self, archive: Path) -> None:
        """Load an image archive onto the node."""
        run([installed_or_built("kind"), "load", "image-archive", str(archive), f"--name={self._name}"])

    def close(self) -> None:
        """Delete the cluster and its folder."""
        run([installed_or_built("kind"), "delete", "cluster", f"--name={self._name}"])
        shutil.rmtree(self.folder)


def delete_detached() -> list[str]:
    """Delete the clusters that were made to outlive their maker, and return their names."""
    try:
        require()
    except Unavailable:
        return []
    names = [
        name
        for name in run([installed_or_built("kind"), "get", "clusters"]).split()
        if name.startswith(_DETACHED)
    ]
    for name in names:
        run([installed_or_built("kind"), "delete", "cluster", f"--name={name}"])
    return names


def require() -> None:
    """Raise Unavailable unless kind can run here: an engine answers, and kind is installed or can be built."""
    require_engine()
    if not shutil.which("kind") and not shutil.which("go"):
        raise Unavailable("kind is not installed, nor is Go, to build it with (https://kind.sigs.k8s.io)")


def require_engine() -> None:
    """Raise Unavailable unless a Docker engine answers; a client without one is common."""
    if not shutil.which("docker"):
        raise Unavailable("kind needs docker, which is not installed")
    try:
        run(["docker", "info", "--format={{.ServerVersion}}"])
    except CommandFailed as failure:
        raise Unavailable(f"kind needs a Docker engine: {failure}") from None


def configuration(folder: Path) -> dict[str, object]:
    """Return the configuration of a one-node cluster with an audit log in `folder`/log (kind.x-k8s.io/v1alpha4)."""
    mounts = [
        {
            "hostPath": str(folder / "policy.json"),
            "containerPath": f"{_POLICY_IN_NODE}/policy.json",
            "readOnly": True,
        },
        {"hostPath": str(folder / "log"), "containerPath": _LOG_IN_NODE},
    ]
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "nodes": [
            {"role": "control-plane", "extraMounts": mounts, "kubeadmConfigPatches": [json.dumps(_audited())]}
        ],
    }


def _audited() -> dict[str, object]:
    """Patch kubeadm's configuration so that the API server, a pod on the node, sees policy and log."""
    return {
        "kind": "ClusterConfiguration",
        "apiServer": {
            "extraArgs": {"audit-policy-file": f"{_POLICY_IN_NODE}/policy.json", "audit-log-path": f"{_LOG_IN_NODE}/audit.log"},
            "extraVolumes": [
                {"name": "audit-policy", "hostPath": _POLICY_IN_NODE, "mountPath": _POLICY_IN_NODE, "readOnly": True},
                {"name": "audit-log", "hostPath": _LOG_IN_NODE, "mountPath": _LOG_IN_NODE},
            ],
        },
    }  # fmt: skip


def create_command(name: str, folder: Path, version: str | None) -> list[str]:
    """Return the command that creates a cluster from the files in `folder`."""
    image = [f"--image=kindest/node:v{version}"] if version else []
    return [
        installed_or_built("kind"), "create", "cluster", f"--name={name}", f"--config={folder}/kind.json", f"--kubeconfig={folder}/kubeconfig",
        "--wait=120s", *image,
    ]  # fmt: skip


def installed_or_built(name: str) -> str:
    """Return the path of kind, kubectl or helm: the machine's own, otherwise built from the pinned modules."""
    installed = shutil.which(name)
    folder = binaries.kubernetes if name == "kubectl" else binaries.tools
    return installed or str(folder() / name)
