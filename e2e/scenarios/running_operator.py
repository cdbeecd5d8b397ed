"""The operator as a process on this machine, with the rights and the fence that its chart gives it: for scenarios without a node."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml
from kubernetes import client

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.rendered_chart import CHART, Manifest, applied, render

ROOT = Path(__file__).parents[2]
_STOP_SECONDS = 20
_WORKLOADS = ("Deployment", "Job", "PodDisruptionBudget", "NetworkPolicy")


class OperatorProcess:
    """One replica."""

    module = "enc_operator.controller.main"
    command: Sequence[str] = ("run",)

    def __init__(self, folder: Path, settings: Mapping[str, Any], kubeconfig: Path, name: str) -> None:
        self.port = free_port()
        self.log = folder / f"{name}.log"
        file = folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump({**settings, "listen": {"address": "127.0.0.1", "port": self.port}}))
        variables = {**os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONPATH": str(ROOT / "operator")}
        variables.pop("KUBERNETES_SERVICE_HOST", None)
        program = f"from {self.module} import run; run()"
        command = [sys.executable, "-c", program, *self.command, "--settings", str(file)]
        with self.log.open("w") as output:
            self.process = subprocess.Popen(command, env=variables, stdout=output, stderr=output)

    def get(self, path: str) -> tuple[int, str]:
        """Ask for health or metrics; 0 where nobody answers."""
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            answer = urllib3.request("GET", url, timeout=5, retries=False)
        except urllib3.exceptions.HTTPError:
            return 0, ""
        return answer.status, answer.data.decode()

    def metric(self, name: str) -> float:
        """Return a metric without labels, or with them as they are written."""
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
        return float("nan")

    def ready(self, seconds: float = 60) -> "OperatorProcess":
        """Wait until it is ready."""
        try:
            wait_until(
                lambda: self.get("/readyz")[0] == 200 or self.process.poll() is not None, "", seconds=seconds
            )
        except TimeoutError:
            pytest.fail(f"not ready: {self.get('/readyz')[1]}\n{self.log.read_text()[-3000:]}")
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        return self

    def leading(self) -> "OperatorProcess":
        """Wait until it leads."""
        return self.reaching("enc_leader", 1, 40)

    def reaching(self, metric: str, value: float, seconds: float) -> "OperatorProcess":
        """Wait until a metric has a value; where it does not, the log says more."""
        try:
            wait_until(
                lambda: self.metric(metric) == value or self.process.poll() is not None, "", seconds=seconds
            )
        except TimeoutError:
            pytest.fail(f"{metric} is {self.metric(metric):g}\n{self.log.read_text()[-3000:]}")
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        return self

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def stop(self) -> int:
        """End it as a pod is ended, and return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()


class Install:
    """The chart's objects in a namespace, without its pods."""

    def __init__(self, cluster: Cluster, namespace: str, folder: Path, manifests: Sequence[Manifest]) -> None:
        self.cluster, self.namespace, self.folder, self.manifests = cluster, namespace, folder, manifests
        config = next(each for each in manifests if each["kind"] == "ConfigMap")
        self.settings: dict[str, Any] = yaml.safe_load(config["data"]["settings.yaml"])
        self.account = next(each for each in manifests if each["kind"] == "Deployment")["spec"]["template"][
            "spec"
        ]["serviceAccountName"]
        self._number = 0

    def kubeconfig(
        self, server: str = "", authority: str = "", account: str = "", *, namespace: str = ""
    ) -> Path:
        """Write a kubeconfig with the rights of a ServiceAccount, the operator's by default, for the API server or what stands before it."""
        with self.cluster.api() as api:
            administrator = api.configuration
            token = client.CoreV1Api(api).create_namespaced_service_account_token(
                account or self.account,
                namespace or self.namespace,
                {"spec": {"audiences": [], "expirationSeconds": 3600}},
            )
        context = {"cluster": "c", "user": "u"}
        self._number += 1
        file = self.folder / f"kubeconfig-{self._number}"
        file.write_text(yaml.safe_dump({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "contexts": [{"name": "c", "context": context}],
            "users": [{"name": "u", "user": {"token": token.status.token}}],
            "clusters": [{
                "name": "c",
                "cluster": {
                    "server": server or administrator.host,
                    "certificate-authority": authority or administrator.ssl_ca_cert,
                },
            }],
        }))  # fmt: skip
        return file

    @contextmanager
    def operator(self, kubeconfig: Path | None = None, **settings: Any) -> Iterator[OperatorProcess]:
        """Run a replica."""
        self._number += 1
        name = f"operator-{self._number}"
        merged = {**self.settings, "log": {"format": "text", "level": "info"}, **settings}
        process = OperatorProcess(self.folder, merged, kubeconfig or self.kubeconfig(), name)
        try:
            yield process
        finally:
            process.stop()


@contextmanager
def installed(
    cluster: Cluster,
    namespace: str,
    folder: Path,
    agents: Mapping[str, Sequence[str]],
    change: Callable[[Manifest], Manifest] = lambda manifest: manifest,
    **values: Any,
) -> Iterator[Install]:
    """Have the chart's objects in the cluster: CRDs, RBAC, fence, Lease; no pods."""
    listed = [{"namespace": name, "serviceAccounts": list(accounts)} for name, accounts in agents.items()]
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump({"agents": listed, "graceSeconds": 0, **values}))
    manifests = [change(each) for each in render(cluster, namespace, file)]
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CHART / "crds"))
    cluster.kubectl(
        "wait", "--for=condition=Established", "--timeout=30s", *(f"crd/{name}" for name in crd_names())
    )
    with applied(cluster, manifests, lambda each: each["kind"] in _WORKLOADS or _is_hook(each)):
        yield Install(cluster, namespace, folder, manifests)


def crd_names() -> list[str]:
    """Return the names of the project's CRDs."""
    return [
        yaml.safe_load(file.read_text())["metadata"]["name"] for file in sorted((CHART / "crds").iterdir())
    ]


def _is_hook(manifest: Manifest) -> bool:
    return "helm.sh/hook" in manifest["metadata"].get("annotations", {})


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with contextlib.closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def within(seconds: float, what: str, condition: Any) -> float:
    """Wait for a condition and return how long it took, in seconds."""
    began = time.monotonic()
    wait_until(condition, what, seconds=seconds)
    return time.monotonic() - began
