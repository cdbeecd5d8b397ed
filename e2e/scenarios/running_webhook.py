"""The admission webhook as processes on this machine, which the API server reaches by URL: for scenarios without a node."""

import base64
import json
import secrets
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import urllib3

from e2e.cluster.interface import CommandFailed
from e2e.scenarios.faulty_proxy import FaultyProxy
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.rendered_chart import Manifest
from e2e.scenarios.running_operator import Install, OperatorProcess, installed, within
from enc_operator.core.injection.parts import config_map
from enc_operator.frame import make_frame

_WEBHOOKS = (
    "configmaps",
    "consents",
    "cronjobs",
    "instrumentations",
    "pods",
    "podtemplates",
    "services",
    "workloads",
)
ACCOUNT = "enc-operator-webhook"
SECRET = "enc-operator-webhook-tls"  # noqa: S105 - its name


class WebhookReplica(OperatorProcess):
    """One replica."""

    module = "enc_operator.webhook.main"
    command: Sequence[str] = ()

    def decisions(self) -> dict[str, float]:
        """Return how many reviews came to what, without the replica's own trials."""
        found: dict[str, float] = {}
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith("enc_admission_decisions_total{"):
                labels, _, number = line.removeprefix("enc_admission_decisions_total").rpartition(" ")
                found[labels] = float(number)
        found.pop('{code="",decision="not_judged"}', None)
        return found


class AdmissionInstall:
    """The chart's objects with the webhook's configuration, and replicas of it."""

    def __init__(self, install: Install, tenants: Clusterful, port: int) -> None:
        self.install, self.tenants, self.port = install, tenants, port
        self.cluster = install.cluster
        self.configuration = f"enc-operator.{install.namespace}"

    @contextmanager
    def replica(
        self, name: str, port: int = 0, proxy: FaultyProxy | None = None, **webhook: Any
    ) -> Iterator[WebhookReplica]:
        """Run a replica, on the port that the API server knows unless another is given (where no trial says anything of it), and behind a proxy if there is one."""
        listen = {"address": "127.0.0.1", "port": port or self.port}
        webhook = {"drainSeconds": 0, **webhook}
        settings = dict(self.install.settings)
        certificates = {**settings["webhook"]["certificates"], "names": ["127.0.0.1"]}
        probe = {} if port else {"probe": {"name": settings["webhook"]["probe"]["name"]}}
        settings["webhook"] = {
            **{key: value for key, value in settings["webhook"].items() if key != "probe"},
            "listen": listen,
            "certificates": certificates,
            **probe,
            **webhook,
        }
        settings["log"] = {"format": "text", "level": "info"}
        way = (proxy.url, proxy.authority) if proxy else ("", "")
        kubeconfig = self.install.kubeconfig(*way, account=ACCOUNT)
        process = WebhookReplica(self.install.folder, settings, kubeconfig, name)
        try:
            yield process
        finally:
            process.stop()

    def bring_resolver(self) -> None:
        """Have the ConfigMap with the resolver where the Agents are, as an operator would: without it nothing is injected."""
        resolver = make_frame(datetime.min.replace(tzinfo=UTC), frozenset()).resolver
        self.tenants.apply(dict(config_map(self.tenants.names["agents"], resolver)))

    def bundles(self) -> set[str]:
        """Return what the API server trusts, webhook by webhook."""
        stored = json.loads(
            self.cluster.kubectl("get", "validatingwebhookconfiguration", self.configuration, "-o", "json")
        )
        return {each["clientConfig"].get("caBundle", "") for each in stored["webhooks"]}

    def secret(self) -> Mapping[str, str]:
        """Return what the replicas share."""
        stored = json.loads(
            self.cluster.kubectl("-n", self.install.namespace, "get", "secret", SECRET, "-o", "json")
        )
        data: Mapping[str, str] = stored.get("data", {})
        return data

    def serving(self, replica: WebhookReplica) -> WebhookReplica:
        """Wait until the API server hears a replica: it takes a moment to know a new caBundle."""
        replica.ready()
        within(
            20,
            "the API server asks",
            lambda: (
                "access-denied"
                in self.refusal(self.tenants.pod("asked", self.tenants.handle("bank", "asked")))
            ),
        )
        return replica

    def ask(self, port: int, manifest: Manifest) -> dict[str, Any]:
        """Ask a replica directly about an object that an administrator creates, as the API server would; return the response."""
        kind = {"group": "", "version": "v1", "kind": manifest["kind"]}
        request = {
            "uid": "asked", "operation": "CREATE", "kind": kind, "resource": {"group": "", "version": "v1", "resource": "pods"},
            "namespace": manifest["metadata"]["namespace"], "object": manifest, "userInfo": {"username": "admin", "groups": ["system:masters"]},
        }  # fmt: skip
        review = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}
        trusted = ssl.create_default_context(cadata=base64.b64decode(self.secret()["ca.crt"]).decode())
        with urllib3.HTTPSConnectionPool(
            "127.0.0.1", port, ssl_context=trusted, retries=False, timeout=10
        ) as pool:
            found: dict[str, Any] = pool.request("POST", "/validate", json=review).json()["response"]
        return found

    def refusal(self, manifest: Manifest) -> str:
        """Return why an object is refused now; empty where it is not. Nothing is stored."""
        try:
            self.cluster.kubectl("create", "--dry-run=server", "-f", "-", text=json.dumps(manifest))
        except CommandFailed as refused:
            return str(refused)
        return ""


def quiet_port() -> int:
    """Return a free port that no outgoing connection takes before somebody listens: those have the upper half of the ports."""
    while True:
        with socket.socket() as tried:
            port = secrets.randbelow(10_000) + 20_000
            if tried.connect_ex(("127.0.0.1", port)):
                return port


@contextmanager
def admission(
    tenants: Clusterful, folder: Path, accounts: Sequence[str] = ("node", "cluster"), **webhook: Any
) -> Iterator[AdmissionInstall]:
    """Install the chart with the webhook, that judges these tenants and Agents alone."""
    port = quiet_port()

    def reached_by_url(manifest: Manifest) -> Manifest:
        if not manifest["kind"].endswith("WebhookConfiguration"):
            return manifest
        found = [{**each, "clientConfig": by_url(**each["clientConfig"])} for each in manifest["webhooks"]]
        return {**manifest, "webhooks": found}

    def by_url(service: Manifest, **trust: str) -> Manifest:
        return {"url": f"https://127.0.0.1:{port}{service['path']}", **trust}

    names = tenants.names
    judged = [names[name] for name in ("agents", "shop", "bank")]
    here = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": judged}]}
    values = {
        "webhook": {
            "enabled": True,
            "webhooks": {each: {"namespaceSelector": here} for each in _WEBHOOKS},
            **webhook,
        }
    }
    agents = {names["agents"]: accounts}
    with installed(tenants.cluster, names["operator"], folder, agents, reached_by_url, **values) as install:
        yield AdmissionInstall(install, tenants, port)
