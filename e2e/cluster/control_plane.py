"""etcd, kube-apiserver, kube-controller-manager and kube-scheduler: how each is started, and when it is ready."""

import base64
import json
import signal
import socket
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client, config
from urllib3.exceptions import HTTPError

from e2e.cluster.credentials import Credentials
from e2e.cluster.folder import Folder
from e2e.cluster.processes import Ended, Processes

SERVICES = "10.96.0.0/16"
_API_SERVICE_ADDRESS = "10.96.0.1"
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "rules": [{"level": "Metadata"}],
    "omitStages": ["RequestReceived"],
}


@dataclass(frozen=True)
class Place:
    """Where the programs listen: in a node's sandbox at its address, otherwise on the loopback interface."""

    address: str
    in_sandbox: bool


class ControlPlane:
    """The control plane of one cluster."""

    def __init__(self, folder: Folder, binaries: Path, processes: Processes, place: Place) -> None:
        self._folder = folder
        self._binaries = binaries
        self._processes = processes
        self._place = place
        self._ports = iter(free_ports(5))
        self.credentials = Credentials(folder)
        self.audit_log = folder.path / "audit.log"
        self.server = f"https://{place.address}:{next(self._ports)}"
        self._etcd = f"http://127.0.0.1:{next(self._ports)}"
        self.kubeconfig = self.credentials.kubeconfig("admin", self.server, "admin", "system:masters")

    def start(self) -> None:
        """Start everything and return when requests are served and namespaces get their ServiceAccount."""
        self._start_etcd()
        self.start_api_server()
        self._start_controllers()
        self._processes.wait(
            "kube-controller-manager", self._accounts_are_made, "namespaces get a ServiceAccount", seconds=60
        )

    def start_api_server(self) -> None:
        """Start kube-apiserver, at the beginning or after its end, and return when it is ready."""
        self._run_api_server()
        self._processes.wait("kube-apiserver", self._ready, "the API server is ready", seconds=60)

    def end_api_server(self, number: signal.Signals) -> None:
        """End kube-apiserver by a signal; its address stays its own. Not for a control plane in a sandbox."""
        self._processes.end("kube-apiserver", number)

    def compact(self) -> int:
        """Have etcd forget everything before its present revision, and return that (etcd's `rpc.proto`, by its JSON gateway)."""
        revision = int(self._ask_etcd("maintenance/status", {})["header"]["revision"])
        self._ask_etcd("kv/compaction", {"revision": str(revision), "physical": True})
        return revision

    def delete_stored(self, key: str) -> None:
        """Delete an object in etcd, as another API server would; `key` is what follows `/registry/`."""
        name = base64.b64encode(f"/registry/{key}".encode()).decode()
        if self._ask_etcd("kv/deleterange", {"key": name}).get("deleted") != "1":
            raise LookupError(f"etcd holds no /registry/{key}")

    def start_scheduler(self) -> None:
        """Start the scheduler, which only a cluster with nodes needs."""
        kubeconfig = self.credentials.kubeconfig("scheduler", self.server, "system:kube-scheduler")
        self._processes.start([
            self._binaries / "kube-scheduler", f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0",
        ])  # fmt: skip

    def _start_etcd(self) -> None:
        url, peers = self._etcd, f"http://127.0.0.1:{next(self._ports)}"
        self._processes.start([
            self._binaries / "etcd", f"--data-dir={self._folder.path}/etcd", f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}", f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}", "--unsafe-no-fsync", "--log-level=warn",
        ])  # fmt: skip

    def _ask_etcd(self, what: str, request: Mapping[str, Any]) -> dict[str, Any]:
        answer = urllib3.request("POST", f"{self._etcd}/v3/{what}", json=request, timeout=30, retries=False)
        if answer.status != HTTPStatus.OK:
            raise Ended(f"etcd refuses {what} with {answer.status}: {answer.data.decode()}")
        found: dict[str, Any] = answer.json()
        return found

    def _run_api_server(self) -> None:
        issue, address = self.credentials.issue, self._place.address
        serving = issue(
            "apiserver",
            "kube-apiserver",
            address,
            "127.0.0.1",
            "localhost",
            _API_SERVICE_ADDRESS,
            "kubernetes.default.svc",
        )
        kubelets = issue("apiserver-kubelet-client", "kube-apiserver", organization="system:masters")
        policy = self._folder.file("audit-policy.json", json.dumps(AUDIT_POLICY))
        authority, accounts = self.credentials.authority.certificate, self.credentials.service_accounts
        self._processes.start([
            self._binaries / "kube-apiserver", f"--etcd-servers={self._etcd}", f"--secure-port={self.server.rpartition(':')[2]}",
            f"--tls-cert-file={serving.certificate}", f"--tls-private-key-file={serving.key}", f"--client-ca-file={authority}",
            f"--service-account-key-file={accounts.certificate}", f"--service-account-signing-key-file={accounts.key}",
            "--service-account-issuer=https://kubernetes.default.svc", "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction", f"--service-cluster-ip-range={SERVICES}", "--allow-privileged=true",
            f"--kubelet-client-certificate={kubelets.certificate}", f"--kubelet-client-key={kubelets.key}",
            f"--kubelet-certificate-authority={authority}", "--kubelet-preferred-address-types=InternalIP",
            f"--audit-policy-file={policy}", f"--audit-log-path={self.audit_log}", "--audit-log-maxsize=10240",
            "--shutdown-watch-termination-grace-period=1s", *self._listening(),
        ])  # fmt: skip

    def _listening(self) -> list[str]:
        if self._place.in_sandbox:
            return ["--bind-address=0.0.0.0", f"--advertise-address={self._place.address}"]
        # An Endpoints object may not hold a loopback address, so none is kept.
        return [
            "--bind-address=127.0.0.1",
            "--advertise-address=192.0.2.1",
            "--endpoint-reconciler-type=none",
        ]

    def _start_controllers(self) -> None:
        kubeconfig = self.credentials.kubeconfig("controllers", self.server, "system:kube-controller-manager")
        authority = self.credentials.authority
        self._processes.start([
            self._binaries / "kube-controller-manager", f"--kubeconfig={kubeconfig}", f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}", f"--secure-port={next(self._ports)}", "--bind-address=127.0.0.1",
            f"--service-account-private-key-file={self.credentials.service_accounts.key}", f"--root-ca-file={authority.certificate}",
            f"--cluster-signing-cert-file={authority.certificate}", f"--cluster-signing-key-file={authority.key}",
            "--use-service-account-credentials=true", "--leader-elect=false", "--kube-api-qps=1000", "--kube-api-burst=1000",
        ])  # fmt: skip

    def _ready(self) -> bool:
        try:
            with self.api() as api:
                return bool(api.call_api("GET", f"{self.server}/readyz").status == HTTPStatus.OK)
        except HTTPError:
            return False

    def _accounts_are_made(self) -> bool:
        try:
            with self.api() as api:
                core = client.CoreV1Api(api)
                core.read_namespaced_service_account("default", "default")
                core.read_namespaced_config_map("kube-root-ca.crt", "default")
        except client.ApiException:
            return False
        return True

    def api(self) -> client.ApiClient:
        """Make a client that gives up at once instead of trying again."""
        settings = client.Configuration()
        settings.retries = False
        config.load_kube_config(str(self.kubeconfig), client_configuration=settings)
        return client.ApiClient(settings)


def free_ports(count: int) -> list[int]:
    """Find ports of the loopback interface that nobody listens at, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket.socket())) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
