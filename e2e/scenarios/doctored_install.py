"""A whole install for `encctl doctor`: operator and webhook as processes, their Deployments with pods that are said to be ready.

What is broken of it, and what the doctor says then, stands in the test.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.rendered_chart import Manifest, applied
from e2e.scenarios.running_encctl import Ran, run_encctl
from e2e.scenarios.running_operator import Install, within
from e2e.scenarios.running_webhook import AdmissionInstall

_READY = {
    "phase": "Running",
    "conditions": [{"type": "Ready", "status": "True"}, {"type": "ContainersReady", "status": "True"}],
}


class Doctored:
    """An install that the doctor looks at; what differs from run to run is replaced in what he says."""

    def __init__(self, admitting: AdmissionInstall, tenants: Clusterful) -> None:
        self.install, self.admitting, self.tenants = admitting.install, admitting, tenants
        self.cluster = tenants.cluster

    def examine(self, *arguments: str) -> Ran:
        """Run the doctor with the cluster's own kubectl."""
        return run_encctl(self.cluster, "doctor", "-n", self.install.namespace, *arguments)

    def lines(self, *arguments: str) -> list[str]:
        """Return what the doctor says, without what other runs would say otherwise: names, dates, addresses, others' objects."""
        self.renew()
        told = self.plain(self.examine(*arguments).stdout).splitlines()
        return [line for line in told if " enc-e2e-" not in line]

    def renew(self, when: str = "") -> None:
        """Renew the Lease in the place of the leader, who has ended so that he answers to nothing that a test breaks."""
        spec = {"renewTime": when or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}  # noqa: TID251
        lease = ("-n", self.install.namespace, "patch", "lease", "enc-operator", "--type=merge")
        self.cluster.kubectl(*lease, f"-p={json.dumps({'spec': spec})}")

    def plain(self, text: str) -> str:
        """Replace what differs from run to run."""
        for name, whole in self.tenants.names.items():
            text = text.replace(whole, name)
        for pattern, word in _CHANGING:
            text = re.sub(pattern, word, text, flags=re.MULTILINE)
        return text

    def part(self, kind: str, ending: str = "") -> Manifest:
        """Return an object of the chart by its kind and the end of its name."""
        return next(
            each
            for each in self.install.manifests
            if each["kind"] == kind and each["metadata"]["name"].endswith(ending)
        )

    @contextmanager
    def without(self, kind: str, ending: str = "") -> Iterator[None]:
        """Take an object of the chart out of the cluster for a while."""
        manifest = self.part(kind, ending)
        text = json.dumps(manifest)
        self.cluster.kubectl("delete", "-f", "-", text=text)
        try:
            yield
        finally:
            self.cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=text)
            # What the chart brings trusts nobody before the webhook has seen it.
            within(60, "the API server trusts the webhook", lambda: "" not in self.admitting.bundles())

    @contextmanager
    def changed(
        self, kind: str, ending: str, operations: list[Manifest], back: list[Manifest]
    ) -> Iterator[None]:
        """Change an object of the chart by a JSON patch for a while."""
        metadata = self.part(kind, ending)["metadata"]
        place = ["-n", metadata["namespace"]] if "namespace" in metadata else []
        patch = [*place, "patch", kind, metadata["name"], "--type=json"]
        self.cluster.kubectl(*patch, f"-p={json.dumps(operations)}")
        try:
            yield
        finally:
            self.cluster.kubectl(*patch, f"-p={json.dumps(back)}")


_CHANGING = (
    (r"Kubernetes [\d.]+\S*", "Kubernetes VERSION"),
    (r"\d{4}-\d\d-\d\d", "DATE"),
    (r"Lease operator/enc-operator: \S+ holds it$", "Lease operator/enc-operator: LEADER holds it"),
    (r"\benc-[a-z2-7]{26}\b", "ROLE"),
    (r"Lease operator/enc-operator: \S+ has not renewed it for \d+ s", "Lease operator/enc-operator: LEADER has not renewed it for N s"),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"\d+\.\d+\.\d+\.\d+:\d+", "ADDRESS"),
)  # fmt: skip


@contextmanager
def doctored(admitting: AdmissionInstall, tenants: Clusterful) -> Iterator[Doctored]:
    """Run everything until permissions are written, and have the pods of the Deployments ready, as a kubelet would say.

    Then the operator is killed, which would repair some of what a test breaks, and tell of the rest.
    """
    install = admitting.install
    deployments = [each for each in install.manifests if each["kind"] == "Deployment"]
    with (
        applied(install.cluster, deployments),
        admitting.replica("webhook") as replica,
        install.operator() as operator,
    ):
        operator.ready().leading()
        tenants.apply(tenants.target())
        tenants.open()
        within(60, "it is counted", lambda: tenants.status().get("references", {}).get("allowed") == 1)
        within(60, "it is written", lambda: tenants.condition("Ready")[:2] == ("True", "Converged"))
        operator.kill()
        replica.ready().reaching("enc_admission_reached", 1, 40)
        make_ready(install)
        yield Doctored(admitting, tenants)


def make_ready(install: Install, **status: object) -> None:
    """Say of every pod of the install that it is ready, or what else is said."""
    here, cluster = ("-n", install.namespace), install.cluster

    def done() -> bool:
        pods = json.loads(cluster.kubectl(*here, "get", "pods", "-o", "json"))["items"]
        for pod in pods:
            patch = json.dumps({"status": {**_READY, **status}})
            cluster.kubectl(
                *here, "patch", "pod", pod["metadata"]["name"], "--subresource=status", f"-p={patch}"
            )
        found = json.loads(cluster.kubectl(*here, "get", "deployments", "-o", "json"))["items"]
        ready = [each.get("status", {}).get("readyReplicas", 0) == each["spec"]["replicas"] for each in found]
        return not any(ready) if status else all(ready)

    within(60, "the Deployments' status is so", done)
