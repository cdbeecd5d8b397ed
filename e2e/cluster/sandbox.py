"""The namespaces that a node's programs run in: processes, mounts and network of their own, gone when their first process is.

Ending that one process ends kubelet, container runtime and every pod, and with the last of them the kernel drops the mounts and
the network. A crash of the caller ends it too, since the first process waits for the end of its standard input.
"""

import ipaddress
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from e2e.cluster.folder import Folder, wait_until
from e2e.cluster.interface import Unavailable
from e2e.cluster.processes import Processes

_LINKS = ipaddress.ip_network("10.213.0.0/16")
_NAMESPACES = ("mount", "uts", "ipc", "net", "pid")
# It reaps what is left to it, and ends with its standard input unless the cluster is to outlive its maker.
_FIRST_PROCESS = """
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.write(1, b"up\\n")
while sys.argv[1] == "detached":
    signal.pause()
while os.read(0, 1):
    pass
"""


class Sandbox:
    """Namespaces joined to the machine by one link, with an address at each end."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._link = f"enc{folder.identity}"
        network = _free_network()
        self.outside, self.address = (str(host) for host in network.hosts())
        self._prefix_length = network.prefixlen
        self.first = self._enter()
        self.prefix = ["nsenter", f"--target={self.first}", *(f"--{name}" for name in _NAMESPACES), "--"]
        self._furnish()

    def _enter(self) -> int:
        """Start the first process and return its id as seen from outside."""
        mode = "detached" if self._folder.started.detached else "attached"
        command = [
            "unshare",
            "--fork",
            "--kill-child",
            "--mount-proc",
            *(f"--{name}" for name in _NAMESPACES),
            "--",
        ]
        self._keeper = subprocess.Popen(
            [*command, sys.executable, "-ISc", _FIRST_PROCESS, mode],
            stdin=subprocess.DEVNULL if mode == "detached" else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._folder.remember(self._keeper)
        assert self._keeper.stdout  # noqa: S101 - a pipe was asked for
        with self._keeper.stdout as output:
            if output.readline() != b"up\n":
                raise Unavailable(
                    "namespaces cannot be made here (unshare failed): a node needs a machine or a privileged container"
                )
        children = Path(f"/proc/{self._keeper.pid}/task/{self._keeper.pid}/children").read_text()
        first = int(children.split()[0])
        self._folder.started.namespace = str(Path(f"/proc/{first}/ns/pid").readlink())
        self._folder.remember(first)
        return first

    def _furnish(self) -> None:
        """Give the node the folders that its programs have fixed, and its end of the link."""
        inside = Processes(self._folder, self.prefix)
        for target in ("var/lib", "var/log"):
            own = self._folder.path / "node" / target
            own.mkdir(parents=True)
            inside.run("mount", "--bind", own, f"/{target}")
        inside.run("mount", "-t", "tmpfs", "tmpfs", "/run")
        inside.run("mount", "--make-rshared", "/")
        self._connect(inside)

    def _connect(self, inside: Processes) -> None:
        outside = Processes(self._folder)
        length = self._prefix_length
        outside.run(
            "ip", "link", "add", self._link, "type", "veth", "peer", "name", "eth0", "netns", str(self.first)
        )
        outside.run("ip", "address", "add", f"{self.outside}/{length}", "dev", self._link)
        outside.run("ip", "link", "set", self._link, "up")
        inside.run("ip", "link", "set", "lo", "up")
        inside.run("ip", "address", "add", f"{self.address}/{length}", "dev", "eth0")
        inside.run("ip", "link", "set", "eth0", "up")
        inside.run("ip", "route", "add", "default", "via", self.outside)


def link_is_gone(folder: Folder) -> bool:
    """Tell whether the link of a cluster that was ended is gone; the kernel takes it back with the namespace, soon after."""
    return f"enc{folder.identity}" not in {link["ifname"] for link in _ip("link")}


def wait_for_links_end(folder: Folder) -> None:
    """Wait until the link of a cluster that was ended is gone: with the network namespace, which the kernel clears away when it comes to it."""
    wait_until(lambda: link_is_gone(folder), f"the link enc{folder.identity} is gone", seconds=90)


def _free_network() -> ipaddress.IPv4Network:
    taken = list(_networks())
    for network in _LINKS.subnets(new_prefix=30):
        if not any(network.overlaps(other) for other in taken):
            return ipaddress.IPv4Network(network)
    raise Unavailable(f"no network for a link is free in {_LINKS}")


def _networks() -> Iterator[ipaddress.IPv4Network]:
    for route in _ip("route"):
        if route["dst"] != "default":
            yield ipaddress.IPv4Network(route["dst"], strict=False)


def _ip(what: str) -> list[dict[str, str]]:
    if not shutil.which("ip"):
        raise Unavailable("a node needs iproute2's ip")
    listed = subprocess.run(
        ["ip", "-json", "-4" if what == "route" else "-d", what, "show"],
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, str]] = json.loads(listed.stdout or "[]")
    return found
