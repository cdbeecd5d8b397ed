"""A cluster of plain processes: its control plane on the loopback interface, or everything with a node in a sandbox."""

import os
import shutil
import sys
from pathlib import Path

from e2e.cluster import binaries, debian
from e2e.cluster.control_plane import ControlPlane, Place
from e2e.cluster.folder import Folder
from e2e.cluster.interface import Cluster, Level, Unavailable
from e2e.cluster.node import Node
from e2e.cluster.processes import Processes
from e2e.cluster.sandbox import Sandbox, wait_for_links_end


class NativeCluster(Cluster):
    """Kubernetes's own programs, built from their Go modules."""

    def __init__(self, level: Level, *, version: str | None = None, detached: bool = False) -> None:
        """Start the cluster; the programs are built first where the cache does not have them (some minutes).

        Raises Unavailable where this machine cannot.
        """
        require(level)
        self.level = level
        self.minor = version or binaries.newest()
        self.name = f"native Kubernetes {self.minor}, level {level.value}"
        self._programs = binaries.kubernetes(self.minor)
        self._tools = binaries.tools() if level is Level.NODE else None
        self.folder = Folder.make(detached=detached)
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        self.audit_log = self.folder.path / "audit.log"
        if detached:
            self.folder.release()

    def _start(self) -> None:
        sandbox = Sandbox(self.folder) if self.level is Level.NODE else None
        place = Place(sandbox.address, in_sandbox=True) if sandbox else Place("127.0.0.1", in_sandbox=False)
        processes = Processes(self.folder, sandbox.prefix if sandbox else ())
        self.control_plane = control_plane = ControlPlane(self.folder, self._programs, processes, place)
        self.kubeconfig = control_plane.kubeconfig
        control_plane.start()
        if sandbox and self._tools:
            control_plane.start_scheduler()
            self._node = Node(self.folder, sandbox, control_plane, self._tools)
            self._node.start(self._programs, self.minor)

    def program(self, name: str) -> str:
        """Return kubectl of the cluster's own version, or the pinned Helm."""
        return str(self._programs / name) if name == "kubectl" else binaries.helm()

    def load_image(self, archive: Path) -> None:
        """Import an image archive into the node's container runtime."""
        if self.level is not Level.NODE:
            raise Unavailable("a cluster without a node runs no images")
        self._node.load(archive)

    def close(self) -> None:
        """End every process, and wait until nothing is left: no mount, no link, no cgroup, no file."""
        self.folder.clear()
        if self.level is Level.NODE:
            wait_for_links_end(self.folder)


def require(level: Level) -> None:
    """Raise Unavailable unless this machine can run a native cluster of a level, after installing Debian's packages for it."""
    if not shutil.which("go"):
        raise Unavailable("a native cluster is built with Go, which is not installed (https://go.dev/dl)")
    if level is Level.API_SERVER:
        return
    if not sys.platform.startswith("linux"):
        raise Unavailable(f"a native node needs Linux, this is {sys.platform}: use kind, with Docker")
    if os.geteuid() != 0:
        raise Unavailable("a native node needs root: run as root, or use kind, with Docker")
    debian.install_missing("ip", "mount", "nft", "nsenter", "runc", "unshare")
