"""A node in a sandbox: containerd with runc, the pod network, the kubelet and kube-proxy, and images for them."""

import json
import shutil
from pathlib import Path

from kubernetes import client

from e2e.cluster.archive import write_image
from e2e.cluster.control_plane import ControlPlane
from e2e.cluster.folder import Folder
from e2e.cluster.interface import Unavailable
from e2e.cluster.processes import Processes
from e2e.cluster.sandbox import Sandbox

NAME = "enc-node"
_PODS = "10.244.0.0/24"
_PAUSE = "enc-operator.io/pause:1"
_SOCKET = "/run/containerd/containerd.sock"
_CONTAINERD = """\
version = 3
[grpc]
address = "{socket}"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{pause}"
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true  # without CAP_SYS_RESOURCE a container's score cannot be lowered
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{tools}"]
conf_dir = "{folder}/cni"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = "{runc}"
"""


class Node:
    """The one node of a cluster."""

    def __init__(self, folder: Folder, sandbox: Sandbox, control_plane: ControlPlane, tools: Path) -> None:
        self._folder = folder
        self._sandbox = sandbox
        self._control_plane = control_plane
        self._tools = tools
        self._processes = Processes(folder, sandbox.prefix)

    def start(self, binaries: Path, minor: str) -> None:
        """Start the node with the programs of a minor version, and return when it is ready and reaches Services."""
        self._start_containerd()
        self.load(
            write_image(_PAUSE, {"pause": self._tools / "pause"}, ["/pause"], self._folder.path / "pause.tar")
        )
        self._make_cgroup()
        self._start_kubelet(binaries)
        self._start_proxy(binaries, minor)
        self._processes.wait("kubelet", self._ready, "the node is ready", seconds=90)

    def load(self, archive: Path) -> None:
        """Import an image archive into containerd."""
        self._processes.run(
            self._tools / "ctr", f"--address={_SOCKET}", "--namespace=k8s.io", "images", "import", archive
        )

    def _start_containerd(self) -> None:
        network = {
            "cniVersion": "1.0.0",
            "name": "pods",
            "plugins": [
                # Routed, not bridged: what goes from a pod to a Service to a pod comes back the way it went.
                {"type": "ptp", "ipMasq": False, "mtu": 1400,
                 "ipam": {"type": "host-local", "ranges": [[{"subnet": _PODS}]], "routes": [{"dst": "0.0.0.0/0"}]}},
            ],
        }  # fmt: skip
        self._folder.file("cni/10-pods.conflist", json.dumps(network))
        runc = shutil.which("runc")
        if not runc:
            raise Unavailable("a node needs runc (on Debian: apt-get install runc)")
        settings = _CONTAINERD.format(
            socket=_SOCKET, pause=_PAUSE, tools=self._tools, folder=self._folder.path, runc=runc
        )
        self._folder.file("containerd.toml", settings)
        self._processes.start(
            [self._tools / "containerd", f"--config={self._folder.path}/containerd.toml"],
            {"PATH": f"{self._tools}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        )
        self._processes.wait("containerd", self._runtime_answers, "containerd answers", seconds=30)

    def _runtime_answers(self) -> bool:
        return not self._processes.fails(self._tools / "ctr", f"--address={_SOCKET}", "plugins", "list", "-q")

    def _make_cgroup(self) -> None:
        """Make the cgroup that holds the pods', in each hierarchy of version 1 or in the only one of version 2."""
        root = Path("/sys/fs/cgroup")
        hierarchies = (
            [root]
            if (root / "cgroup.controllers").exists()
            else [each for each in root.iterdir() if each.is_dir()]
        )
        for hierarchy in hierarchies:
            (hierarchy / self._folder.cgroup).mkdir(exist_ok=True)

    def _start_kubelet(self, binaries: Path) -> None:
        credentials = self._control_plane.credentials
        serving = credentials.issue("kubelet-serving", NAME, self._sandbox.address, NAME)
        kubeconfig = credentials.kubeconfig(
            "kubelet", self._control_plane.server, f"system:node:{NAME}", "system:nodes"
        )
        settings = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(credentials.authority.certificate)},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(serving.certificate),
            "tlsPrivateKeyFile": str(serving.key),
            "containerRuntimeEndpoint": f"unix://{_SOCKET}",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self._folder.cgroup}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "enforceNodeAllocatable": [],
            "localStorageCapacityIsolation": False,
            # A machine that is nearly full is no reason to evict a test's pods.
            "evictionHard": {"memory.available": "1Mi", "nodefs.available": "0%", "imagefs.available": "0%", "nodefs.inodesFree": "0%"},
            "imageGCHighThresholdPercent": 100,
            "resolvConf": str(self._folder.file("resolv.conf", "", 0o644)),
        }  # fmt: skip
        path = self._folder.file("kubelet.json", json.dumps(settings, indent=1))
        self._processes.start([
            binaries / "kubelet", f"--config={path}", f"--kubeconfig={kubeconfig}", f"--hostname-override={NAME}",
            f"--node-ip={self._sandbox.address}",
        ])  # fmt: skip

    def _start_proxy(self, binaries: Path, minor: str) -> None:
        # Until 1.30 the mode was alpha (KEP-3866); later versions do not know the gate.
        gates = ["--feature-gates=NFTablesProxyMode=true"] if minor == "1.30" else []
        kubeconfig = self._control_plane.credentials.kubeconfig(
            "proxy", self._control_plane.server, "system:kube-proxy"
        )
        self._processes.start([
            binaries / "kube-proxy", f"--kubeconfig={kubeconfig}", "--proxy-mode=nftables", f"--cluster-cidr={_PODS}",
            "--conntrack-max-per-core=0", f"--hostname-override={NAME}", *gates,
        ])  # fmt: skip
        self._processes.wait(
            "kube-proxy", self._services_are_served, "kube-proxy has written its rules", seconds=60
        )

    def _services_are_served(self) -> bool:
        return not self._processes.fails("nft", "list", "map", "ip", "kube-proxy", "service-ips")

    def _ready(self) -> bool:
        with self._control_plane.api() as api:
            nodes = client.CoreV1Api(api).list_node().items
        conditions = [each for node in nodes for each in node.status.conditions or []]
        return any(each.type == "Ready" and each.status == "True" for each in conditions)
