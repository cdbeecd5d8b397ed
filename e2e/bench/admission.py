"""The admission webhook on a real API server: what it adds to creating a pod, how many it bears, and whom it costs nothing.

Three arms in turn, each a namespace: no webhook is asked there, one that only allows (`allowing`), ours as its chart configures it,
enforcing. All pods that hold a handle may use it: of ten seven name a Secret of their own namespace, two one that a SecretGrant opens,
and one what its ServiceAccount may read anyway, which the authorizer has to be asked. They are created as dry runs: admitted like all
others and then not stored, so that the API server's own work is small beside the webhook's.

Latency is measured by an open loop (`load`). Saturation is the throughput of a closed loop with 16 requests always under way, in
turns: more than can be worked at, and fewer than the 25 connections that an API server keeps to a webhook, beyond which it makes new
ones all the time. API server, webhook and client share the machine's processors, and most of them is the API server's: what the
webhook itself bears is asked of it without the API server between.
"""

import base64
import json
import os
import re
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from allowing import allowing_webhook
from crowd import RBAC, Manifest, grant, pod, target
from figures import Figure
from load import Load, Order, Run

from e2e.cluster.interface import Level
from e2e.cluster.native import NativeCluster
from e2e.scenarios.operated_world import Clusterful, clusterful
from e2e.scenarios.running_webhook import WebhookReplica, admission
from enc_operator.cluster.calls import Call
from enc_operator.cluster.gateway import Gateway

NONE, ALLOWING, OURS = "none", "allowing", "shop"
ARMS = (NONE, ALLOWING, OURS)
_RATE, _THROUGH_RATE, _HIGH_RATE, _UNDER_WAY = 100, 200, 400, 16
_TURNS, _SECONDS = 4, 4.0
_HIGH_SECONDS, _SATURATED_SECONDS = 10.0, 3.0
_GRANTS, _WITHOUT = 200, 10_000
_MS = 1000
_CALLS = re.compile(
    r'^apiserver_admission_webhook_request_total\{.*name="(?!probe\.)[^"]+\.enc-operator\.io".* ([\d.e+]+)$'
)


def figures() -> list[Figure]:
    """Run everything once on a cluster of its own, beside whose API server the webhooks are processes."""
    cluster = NativeCluster(Level.API_SERVER)
    try:
        with tempfile.TemporaryDirectory() as folder, clusterful(cluster) as tenants, ExitStack() as stack:
            for arm in (NONE, ALLOWING):
                tenants.names[arm] = f"{tenants.names[OURS]}-{arm}"
                cluster.kubectl("create", "namespace", tenants.names[arm])
            other = stack.enter_context(allowing_webhook(cluster, tenants.names[ALLOWING], Path(folder)))
            install = stack.enter_context(admission(tenants, Path(folder), mode="enforce"))
            replica = stack.enter_context(install.replica("webhook"))
            install.serving(replica)
            load = stack.enter_context(Load(cluster.kubeconfig))
            (bundle,) = install.bundles()
            authority = Path(folder, "webhook.crt")
            authority.write_bytes(base64.b64decode(bundle))
            itself = (f"https://127.0.0.1:{install.port}", authority)
            direct = stack.enter_context(Load(cluster.kubeconfig, itself))
            return list(_Bench(tenants, replica, load, direct, other).run())
    finally:
        cluster.close()


class _Bench:
    def __init__(
        self, tenants: Clusterful, replica: WebhookReplica, load: Load, direct: Load, other: int
    ) -> None:
        self.cluster, self.names = tenants.cluster, tenants.names
        self.load, self.direct = load, direct
        self.processes = {ALLOWING: other, OURS: replica.process.pid}
        self.gateway = Gateway.of_kubeconfig(str(tenants.cluster.kubeconfig))

    def run(self) -> Iterator[Figure]:
        """Yield the figures."""
        self.prepare()
        for arm in ARMS:  # connections are made, and whatever is done only once
            self.send(arm, rate=_RATE, seconds=1)
        yield from self.added()
        yield self.saturation()
        yield from self.borne()
        yield self.uncalled()

    def prepare(self) -> None:
        """Create what there is beside the pods: the Agents' target, grants, and who may read a Secret by RBAC."""
        agents, bank = self.names["agents"], self.names["bank"]
        ours = f"/apis/enc-operator.io/v1alpha1/namespaces/{bank}/secretgrants"
        self.create(f"/apis/enc-operator.io/v1alpha1/namespaces/{agents}/agenttargets", target())
        for number in range(_GRANTS):
            self.create(ours, grant(f"granted-{number}", self.names[OURS]))
        rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["readable"]}
        self.create(f"{RBAC}/namespaces/{bank}/roles", {"metadata": {"name": "reader"}, "rules": [rule]})
        subject = {"kind": "ServiceAccount", "name": "reader", "namespace": self.names[OURS]}
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
        binding = {"metadata": {"name": "reader"}, "roleRef": ref, "subjects": [subject]}
        self.create(f"{RBAC}/namespaces/{bank}/rolebindings", binding)
        for arm in ARMS:
            path = f"/api/v1/namespaces/{self.names[arm]}/serviceaccounts"
            self.create(path, {"metadata": {"name": "reader"}})

    def create(self, path: str, manifest: Manifest) -> None:
        """Create an object."""
        self.gateway.call(Call("POST", path, body=manifest))

    def send(self, arm: str, bodies: Sequence[str] = (), **how: Any) -> Run:
        """Create pods in the namespace of an arm, those with handles by default; whatever fails ends the benchmark elsewhere."""
        path = f"/api/v1/namespaces/{self.names[arm]}/pods?dryRun=All"
        return self.load.send(Order(path, bodies or [*self.pods(arm)], **how))

    def pods(self, arm: str) -> Iterator[str]:
        """Yield ten pods as tenants have them."""
        own, bank = self.names[arm], self.names["bank"]
        for number in range(10):
            named = {7: f"{bank}/granted-7", 8: f"{bank}/granted-8", 9: f"{bank}/readable"}
            handle = f"k8s_secret@{named.get(number, f'{own}/own-{number}')}/password"
            manifest = pod(f"pod-{number}", [handle])
            manifest["spec"]["serviceAccountName"] = "reader" if number == 9 else "default"
            yield json.dumps(manifest)

    def added(self) -> Iterator[Figure]:
        """Compare the latencies of the arms, in turns, at a rate that a busy cluster has."""
        runs: dict[str, list[Run]] = {arm: [] for arm in ARMS}
        for turn in range(_TURNS):
            for arm in ARMS[turn % 3 :] + ARMS[: turn % 3]:
                runs[arm].append(fine(self.send(arm, rate=_RATE, seconds=_SECONDS)))
        half, most = ({arm: quantile(runs[arm], share) for arm in ARMS} for share in (0.5, 0.99))
        added = {arm: half[arm] - half[NONE] for arm in ARMS}
        what = f"webhook: p99 added to a pod at {_RATE}/s"
        yield Figure(what, most[OURS] - most[NONE], 10, "ms", told(most))
        what = f"webhook: p50 added at {_RATE}/s, against one that only allows"
        yield Figure(what, added[OURS] / added[ALLOWING], 2, "x", told(half))

    def borne(self) -> Iterator[Figure]:
        """Count what fails, or is not judged: through the API server, and without it at a rate that a cluster has for moments.

        All that the webhook asks is asked of the real authorizer.
        """
        through = self.send(OURS, rate=_THROUGH_RATE, seconds=_HIGH_SECONDS)
        yield failures(f"webhook: errors at {_THROUGH_RATE}/s", through)
        reviews = [json.dumps(each, separators=(",", ":")) for each in self.reviews()]
        order = Order(
            "/validate?timeout=3s", reviews, rate=_HIGH_RATE, seconds=_HIGH_SECONDS, said='"allowed":true'
        )
        yield failures(f"webhook: errors at {_HIGH_RATE}/s, sent to it directly", self.direct.send(order))

    def reviews(self) -> Iterator[Manifest]:
        """Yield the reviews of those pods, as the API server writes them: with all defaults, and fields in the order of its types."""
        path = f"/api/v1/namespaces/{self.names[OURS]}/pods"
        kind, resource = (
            {"group": "", "version": "v1", **each} for each in ({"kind": "Pod"}, {"resource": "pods"})
        )
        who = {"username": "admin", "groups": ["system:masters", "system:authenticated"]}
        options = {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}
        for body in self.pods(OURS):
            stored = self.gateway.call(Call("POST", path, {"dryRun": "All"}, json.loads(body)))
            request = {
                "uid": str(uuid.uuid4()), "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource,
                "name": stored["metadata"]["name"], "namespace": self.names[OURS], "operation": "CREATE", "userInfo": who,
                "object": stored, "oldObject": None, "dryRun": False, "options": options,
            }  # fmt: skip
            yield {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}

    def saturation(self) -> Figure:
        """Compare how many a second come through when there are always more; what a review costs a processor says why."""
        before = {arm: processor(pid) for arm, pid in self.processes.items()}
        runs: dict[str, list[Run]] = {arm: [] for arm in ARMS}
        for turn in range(3):
            for arm in ARMS[turn:] + ARMS[:turn]:
                runs[arm].append(fine(self.send(arm, workers=_UNDER_WAY, seconds=_SATURATED_SECONDS)))
        rates = {arm: sum(run.rate for run in runs[arm]) / len(runs[arm]) for arm in ARMS}
        count = {arm: sum(len(run.latencies) for run in runs[arm]) for arm in ARMS}
        cost = {arm: (processor(pid) - before[arm]) / count[arm] for arm, pid in self.processes.items()}
        said = ", ".join(f"{arm} {rate:.0f}/s" for arm, rate in shown(rates).items())
        costs = f"{cost[ALLOWING] * _MS:.1f} and {cost[OURS] * _MS:.1f} ms of a processor a review"
        what = "webhook: saturated, one that only allows against it"
        return Figure(what, rates[ALLOWING] / rates[OURS], 1 / 0.7, "x", f"{said}; {costs}")

    def uncalled(self) -> Figure:
        """Count calls for pods that hold no handle: half have templates, half nothing of the Agents'."""
        bodies = [json.dumps(plain(number)) for number in range(10)]
        before = self.calls()
        run = fine(self.send(OURS, bodies, workers=_UNDER_WAY, count=_WITHOUT))
        calls, first = self.calls() - before, self.calls()
        fine(self.send(OURS, rate=_RATE, seconds=0.1))
        said = f"{run.rate:.0f}/s; {self.calls() - first} for 10 with one"
        return Figure(f"webhook: calls for {_WITHOUT:,} pods without a handle", calls, 0, "", said)

    def calls(self) -> int:
        """Return how often the API server has called any webhook of ours."""
        found = [_CALLS.match(line) for line in self.cluster.kubectl("get", "--raw", "/metrics").splitlines()]
        return sum(int(float(each[1])) for each in found if each)


def fine(run: Run) -> Run:
    """Return a run in which nothing failed: how long a failure takes is no figure."""
    if run.failed:
        raise SystemExit(f"{run.failed} of {len(run.latencies)} requests failed: {run.first[:500]}")
    return run


def failures(what: str, run: Run) -> Figure:
    """Count what failed."""
    said = f"of {len(run.latencies):,}, p50 {run.at(0.5) * _MS:.1f} ms, p99 {run.at(0.99) * _MS:.0f} ms {run.first[:200]}"
    return Figure(what, run.failed, 0, "", said)


def quantile(runs: Sequence[Run], share: float) -> float:
    """Return a quantile of all latencies of an arm, in milliseconds."""
    times = sorted(each for run in runs for each in run.latencies)
    return times[int(len(times) * share)] * _MS


def shown(found: Mapping[str, float]) -> dict[str, float]:
    """Name the arms for a reader."""
    return {"none": found[NONE], "allowing": found[ALLOWING], "ours": found[OURS]}


def told(found: Mapping[str, float]) -> str:
    """Write out the milliseconds of all arms."""
    return ", ".join(f"{arm} {value:.1f} ms" for arm, value in shown(found).items())


def processor(pid: int) -> float:
    """Return the seconds that a process has had of a processor (proc(5), stat's fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def plain(number: int) -> Manifest:
    """Return a pod without a handle."""
    manifest = pod(f"pod-{number}", [])
    if number % 2:
        check = {"redisdb": {"instances": [{"host": "%%host%%", "port": "%%port%%"}]}}
        manifest["metadata"]["annotations"]["ad.datadoghq.com/app.checks"] = json.dumps(check)
    return manifest


if __name__ == "__main__":
    print("\n".join(figure.line() for figure in figures()))
