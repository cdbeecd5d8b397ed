"""The operator on a real API server with 10,000 pods: how soon a reference is a permission, a restart, memory, writes at rest.

A permission counts from when its change was meant to be sent (open loop) until the API server's own authorizer says yes. The baseline
is what two writes and two watch events cost without the operator.
"""

import itertools
import json
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from crowd import RBAC, Manifest, Seen, agent, grant, pod, target
from figures import Figure

from e2e.cluster import choice
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster, Level
from e2e.scenarios.running_operator import Install, OperatorProcess, installed
from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.gateway import Gateway

PODS, HANDLED, TENANTS = 10_000, 3_000, 20
RATE, SECONDS = 20, 30
_WORKERS = 24
_OURS = "/apis/enc-operator.io/v1alpha1"
_REST_SECONDS = 30


def figures() -> list[Figure]:
    """Run everything once on a cluster of its own."""
    cluster = choice.start(Level.API_SERVER)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return list(_Bench(cluster, Path(folder)).run())
    finally:
        cluster.close()


class _Bench:
    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder
        self.gateway = Gateway.of_kubeconfig(str(cluster.kubeconfig), pool=64)
        run = secrets.token_hex(2)
        self.tenants = [f"tenant-{run}-{number}" for number in range(TENANTS)]
        self.bank, self.agents, self.home = f"bank-{run}", f"agents-{run}", f"operator-{run}"

    def run(self) -> Iterator[Figure]:
        """Yield the figures."""
        for name in (*self.tenants, self.bank, self.agents, self.home):
            self.create("/api/v1/namespaces", {"metadata": {"name": name}})
        self.prepare()
        with installed(self.cluster, self.home, self.folder, {self.agents: ["node"]}) as install:
            yield from self.measure(install)

    def measure(self, install: Install) -> Iterator[Figure]:
        """Start twice, change things, rest."""
        self.create(f"{_OURS}/namespaces/{self.agents}/agenttargets", target())
        with install.operator() as first:
            self.converged(first)
        with install.operator() as second:
            began = time.monotonic()
            self.converged(second)
            took = time.monotonic() - began
            yield Figure("operator: restart with 10,000 references, converged", took, 10.0, "s")
            yield self.memory(second)
            yield from self.latency()
            yield self.at_rest(install)
            yield self.memory(second, "after the changes")

    def converged(self, process: OperatorProcess) -> None:
        """Wait until it leads and nothing is left to do."""
        process.leading()
        wait_until(lambda: process.metric("enc_converged") == 1, "it has converged", seconds=120, every=0.02)

    def memory(self, process: OperatorProcess, when: str = "after the start") -> Figure:
        """Read its resident memory, in MiB."""
        status = Path(f"/proc/{process.process.pid}/status").read_text()
        kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
        return Figure(f"operator: memory with {PODS:,} pods, {when}", kib / 1024, 120, "MiB")

    def prepare(self) -> None:
        """Create what there is before the operator: 10,000 pods, of which 3,000 hold 10,000 references."""
        self.create(f"/apis/apps/v1/namespaces/{self.agents}/daemonsets", agent())
        names = [f"fresh-{number}" for number in range(RATE * SECONDS)]
        rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": names}
        self.create(f"{RBAC}/namespaces/{self.bank}/roles", {"metadata": {"name": "reader"}, "rules": [rule]})
        subject = {"kind": "ServiceAccount", "name": "default", "namespace": self.tenants[1]}
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
        binding = {"metadata": {"name": "reader"}, "roleRef": ref, "subjects": [subject]}
        self.create(f"{RBAC}/namespaces/{self.bank}/rolebindings", binding)
        wait_until(self.accounts, "every namespace has its ServiceAccount", seconds=60)
        with ThreadPoolExecutor(_WORKERS) as pool:
            list(pool.map(self.create_pod, range(PODS)))

    def accounts(self) -> bool:
        """Tell whether pods can be created everywhere."""
        try:
            for name in self.tenants:
                self.gateway.call(Call("GET", f"/api/v1/namespaces/{name}/serviceaccounts/default"))
        except ApiError:
            return False
        return True

    def create_pod(self, number: int) -> None:
        """Create one of the many pods."""
        namespace = self.tenants[number % TENANTS]
        wanted = (3 + (number % 3 == 0)) if number < HANDLED else 0
        handles = [f"k8s_secret@{namespace}/s-{(number * 7 + index) % 100}/key" for index in range(wanted)]
        self.create(f"/api/v1/namespaces/{namespace}/pods", pod(f"pod-{number}", handles))

    def create(self, path: str, manifest: Manifest) -> None:
        """Create an object."""
        self.gateway.call(Call("POST", path, body=manifest))

    def latency(self) -> Iterator[Figure]:
        """Send changes at a fixed rate; time each until the authorizer says yes."""
        changes = [self.change(number) for number in range(RATE * SECONDS)]
        baseline = [self.roundtrip(number) for number in range(50)]
        with Seen(self.gateway) as seen, ThreadPoolExecutor(_WORKERS) as pool:
            began = time.monotonic() + 0.5
            asked = []
            for number, (namespace, name, send) in enumerate(changes):
                due = began + number / RATE
                time.sleep(max(0.0, due - time.monotonic()))  # the load's rate, not a wait for something
                pool.submit(send)
                asked.append(pool.submit(self.effective, seen, namespace, name, due))
            times = sorted(each.result() for each in asked)
        middle = median(baseline)
        for share, most in ((0.5, 0.15), (0.99, 0.3)):
            value = times[int(len(times) * share)]
            yield Figure(
                f"operator: reference to effective permission, p{share * 100:g}",
                value,
                most,
                "s",
                f"{value / middle:.1f} x two writes seen by a watch",
            )

    def change(self, number: int) -> tuple[str, str, Callable[[], None]]:
        """Return where a permission is to appear, for which Secret, and what asks for it: 70 % own, 20 % grants, 10 % reviews."""
        name, kind = f"fresh-{number}", number % 10
        if kind < 7:
            namespace = self.tenants[number % TENANTS]
            own = pod(name, [f"k8s_secret@{namespace}/{name}/key"])
            return namespace, name, lambda: self.create(f"/api/v1/namespaces/{namespace}/pods", own)
        other = pod(name, [f"k8s_secret@{self.bank}/{name}/key"])
        if kind == 9:
            return self.bank, name, lambda: self.create(f"/api/v1/namespaces/{self.tenants[1]}/pods", other)
        self.create(f"/api/v1/namespaces/{self.tenants[0]}/pods", other)
        consent = grant(name, self.tenants[0])
        return self.bank, name, lambda: self.create(f"{_OURS}/namespaces/{self.bank}/secretgrants", consent)

    def effective(self, seen: "Seen", namespace: str, name: str, due: float) -> float:
        """Return how many seconds after `due` the Agent may read the Secret."""
        seen.wait(name)
        while not self.may(namespace, name):
            time.sleep(0.002)  # the authorizer learns of the Role by a watch of its own
        return time.monotonic() - due

    def may(self, namespace: str, name: str) -> bool:
        """Ask the authorizer."""
        asked = {"verb": "get", "resource": "secrets", "namespace": namespace, "name": name}
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{self.agents}", "system:authenticated"]
        spec = {
            "user": f"system:serviceaccount:{self.agents}:node",
            "groups": groups,
            "resourceAttributes": asked,
        }
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        answer = self.gateway.call(Call("POST", path, body={"spec": spec}))
        return bool(answer["status"]["allowed"])

    def roundtrip(self, number: int) -> float:
        """Write two objects and see both in a watch: what no operator can be faster than."""
        path = f"/api/v1/namespaces/{self.bank}/configmaps"
        began = time.monotonic()
        version = self.gateway.call(Call("GET", path, {"limit": "1"}))["metadata"]["resourceVersion"]
        watch = Call("GET", path, {"watch": "true", "resourceVersion": version, "timeoutSeconds": "5"})
        with self.gateway.stream(watch, silence=5) as stream:
            for half in "ab":
                self.create(path, {"metadata": {"name": f"roundtrip-{number}-{half}"}})
            list(itertools.islice(stream, 2))
        return time.monotonic() - began

    def at_rest(self, install: Install) -> Figure:
        """Count what the operator writes while nothing changes: its Lease and trial runs excepted."""
        log = self.cluster.audit_log
        if log is None:
            return Figure("operator: writes a minute at rest (no audit log here)", 0, 0, "")
        user = f"system:serviceaccount:{self.home}:{install.account}"
        wait_until(lambda: not self.writes(log, user, 10), "what the changes led to is told", seconds=300)
        writes = len(self.writes(log, user, _REST_SECONDS))
        return Figure("operator: writes a minute at rest", writes * 60 / _REST_SECONDS, 0, "")

    def writes(self, log: Path, user: str, seconds: float) -> list[Manifest]:
        """Return what the operator writes within some seconds."""
        size = log.stat().st_size
        time.sleep(seconds)  # the measure itself
        with log.open() as lines:
            lines.seek(size)
            events = [json.loads(line) for line in lines if user in line and line.endswith("\n")]
        return [event for event in events if _is_write(event)]


def _is_write(event: Manifest) -> bool:
    resource = event.get("objectRef", {}).get("resource")
    trial = "dryRun=" in event["requestURI"]
    writes = event["verb"] in ("create", "update", "patch", "delete")
    return (
        event["stage"] == "ResponseComplete"
        and writes
        and not trial
        and resource not in ("leases", "subjectaccessreviews")
    )


if __name__ == "__main__":
    print("\n".join(figure.line() for figure in figures()))
