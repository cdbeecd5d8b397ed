"""A bank, a thief, and two installs of the same Agents: bare, as the vendor's chart has them, and guarded by enc-operator.

What the thief tries is laid out before any of it is refused at admission: it was there first. What comes of it stands in the test.
"""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster, CommandFailed
from e2e.scenarios.chart_agents import ChartAgents
from e2e.scenarios.platform_team import Manifest
from e2e.scenarios.rendered_chart import CHART
from e2e.scenarios.running_agents import AgentImages

VICTIM, OWN = "sk-of-the-bank", "sk-of-the-thief"
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path
BY_IMAGE, BY_IDENTIFIER, OF_EVERYBODY = "debian.yaml", "ledger.yaml", "purse.yaml"
_CHECK = """
ad_identifiers: [{identifier}]
init_config: {{}}
instances: [{{host: "%%host%%", password: "ENC[k8s_secret@{place}/key]"}}]
"""
_CRDS = ("agenttargets", "secretgrants", "clustersecretgrants")


class Scene:
    """`bare` and `guarded` meet the same objects of both tenants; `foreign` is an image with the name of the bank's, from elsewhere."""

    def __init__(self, cluster: Cluster, images: AgentImages, image: str, foreign: str, folder: Path) -> None:
        self.cluster, self._image, self._foreign, self._folder = cluster, image, foreign, folder
        run = secrets.token_hex(3)
        self.bank, self.evil, self.release = (f"enc-{name}-{run}" for name in ("bank", "evil", "release"))
        self.bare, self.guarded = (
            self._agents(f"enc-{name}-{run}", images, permitted=name == "bare")
            for name in ("bare", "guarded")
        )
        self.namespaces = (
            *(each.namespace for each in (self.bare, self.guarded)),
            *(self.bank, self.evil, self.release),
        )

    def _agents(self, namespace: str, images: AgentImages, *, permitted: bool) -> ChartAgents:
        waiting = {
            BY_IMAGE: _CHECK.format(identifier="debian", place=f"{self.bank}/db"),
            BY_IDENTIFIER: _CHECK.format(identifier="ledger", place=f"{self.bank}/db"),
            OF_EVERYBODY: _CHECK.format(identifier="purse", place="%%kube_namespace%%/nested"),
        }
        backend = {"enableGlobalPermissions": permitted}
        folder = self._folder / namespace
        folder.mkdir()
        values = {"datadog": {"confd": waiting, "secretBackend": backend}}
        return ChartAgents(self.cluster, namespace, images, values, folder)

    def apply(self, *manifests: Manifest, dry: bool = False) -> None:
        """Apply objects, or only have the API server say whether it would let them in."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
        self.cluster.kubectl("apply", *(["--dry-run=server"] if dry else []), "-f", "-", text=text)

    def refusal(self, name: str) -> str:
        """Return why something that the thief has could not come in now; empty where it could."""
        found = [
            each
            for each in (*self.tricks(), self._impostor(), self._forged())
            if each["metadata"]["name"] == name
        ]
        assert found, name
        for each in found:
            again = {**each, "metadata": {**each["metadata"], "name": f"{name}-again"}}
            try:
                self.apply(again, dry=True)
            except CommandFailed as refused:
                return str(refused)
        return ""

    def container(self, name: str) -> str:
        """Return what the node calls the container of a pod of the thief's."""
        return _container(self._stored(self.evil, name))

    def install(self, operator_image: str) -> None:
        """Install both Agents among their tenants, then enc-operator for one of them: injection, and a webhook that enforces."""
        self.apply(*self._secrets(), *self._honest(), *self.tricks())
        self.cluster.kubectl(
            "-n", self.bank, "wait", "--for=condition=Ready", "pod", "--all", "--timeout=90s"
        )
        self.apply(self._impostor(), self._forged())
        for agents in (self.bare, self.guarded):
            agents.install()
        file = self._folder / "values.yaml"
        file.write_text(yaml.safe_dump({
            "agents": [{"namespace": self.guarded.namespace, "serviceAccounts": [*self.guarded.workloads]}],
            "image": dict(zip(("repository", "tag"), operator_image.rsplit(":", 1), strict=True)),
            "injection": {"enabled": True},
            "webhook": {"enabled": True, "mode": "enforce"},
        }))  # fmt: skip
        place = f"--namespace={self.release}"
        self.cluster.helm(
            "install", "enc-operator", str(CHART), place, f"--values={file}", "--wait", "--timeout=3m"
        )
        self.apply(*self._consents())
        try:
            wait_until(
                lambda: self._reason("Injected") == "Injected",
                "the Agents are injected",
                seconds=120,
                every=0.5,
            )
        except TimeoutError as late:
            raise TimeoutError(f"{late}; it says: {self._conditions()}") from None
        self.guarded.wait_ready()

    def remove(self) -> None:
        """Take everything away."""
        place = f"--namespace={self.release}"
        self.cluster.helm("uninstall", "enc-operator", place, "--wait", "--ignore-not-found")
        for agents in (self.bare, self.guarded):
            agents.remove()
        self.cluster.kubectl("delete", "namespace", "--ignore-not-found", "--timeout=120s", *self.namespaces)
        self.cluster.kubectl(
            "delete", "crd", "--ignore-not-found", *(f"{each}.enc-operator.io" for each in _CRDS)
        )

    def _reason(self, condition: str) -> str:
        return next((each["reason"] for each in self._conditions() if each["type"] == condition), "")

    def _conditions(self) -> list[dict[str, Any]]:
        found = self.cluster.kubectl("-n", self.guarded.namespace, "get", "agt", "datadog", "-o", "json")
        said: list[dict[str, Any]] = json.loads(found).get("status", {}).get("conditions", [])
        return said

    def _secrets(self) -> Iterator[Manifest]:
        nested = f"ENC[k8s_secret@{self.bank}/db/key]"
        for namespace, name, value in (
            *((self.bank, name, VICTIM) for name in ("db", "front", "nested")),
            (self.evil, "own", OWN),
            (self.evil, "nested", nested),
        ):
            yield _object("Secret", namespace, name, stringData={"key": value})

    def _honest(self) -> Iterator[Manifest]:
        """Yield what the bank has, and of the thief's what anybody may have."""
        handle = f"k8s_secret@{self.bank}/db/key"
        yield self._pod(self.bank, "teller", {})
        yield self._pod(self.bank, "ledger", _identified("ledger"))
        yield self._pod(self.bank, "purse", _identified("purse"))
        yield self._pod(self.bank, "direct", _checks("app", handle))
        yield self._pod(self.evil, "honest", _checks("app", f"k8s_secret@{self.evil}/own/key"))
        for namespace, secret, selected in ((self.bank, "front", "direct"), (self.evil, "own", "honest")):
            yield from _services(namespace, "own", f"k8s_secret@{namespace}/{secret}/key", selected)

    def tricks(self) -> Iterator[Manifest]:
        """Yield what the thief has made, but for what takes its victim's pod to make."""
        handle = f"k8s_secret@{self.bank}/db/key"
        direct = _checks("app", handle)
        escaped = {key: text.replace("ENC[", r"\u0045NC[") for key, text in direct.items()}
        yield self._pod(self.evil, "mimic", {}, self._foreign)
        yield self._pod(self.evil, "claimer", _identified("ledger"))
        yield self._pod(self.evil, "purse", _identified("purse"))
        yield self._pod(self.evil, "direct", direct)
        yield self._pod(self.evil, "escaped", escaped)
        yield self._pod(self.evil, "inner", _checks("app", f"k8s_secret@{self.evil}/nested/key"))
        yield self._pod(self.evil, "file", _checks("app", f"file@{TOKEN}"))
        for name, asked in (
            ("trick", f"k8s_secret@{self.evil}/nested/key"),
            ("direct", handle),
            ("front", f"k8s_secret@{self.bank}/front/key"),
            ("file", f"file@{TOKEN}"),
        ):
            yield from _services(self.evil, name, asked, "honest")
        spec = {"ports": [{"port": 80}]}
        yield _object("Service", self.evil, "forged", _checks("endpoints", handle), spec=spec)

    def _impostor(self) -> Manifest:
        """Return a pod that calls itself what the node calls the container of the bank's."""
        return self._pod(self.evil, "impostor", _identified(_container(self._victim())))

    def _forged(self) -> Manifest:
        """Return endpoints of the thief's Service that name a pod of the bank's."""
        victim = self._victim()
        target = {"kind": "Pod", "namespace": self.bank, "name": "direct", "uid": victim["metadata"]["uid"]}
        address = [victim["status"]["podIP"]]
        endpoint = {"addresses": address, "nodeName": victim["spec"]["nodeName"], "targetRef": target}
        found = _object("EndpointSlice", self.evil, "forged", addressType="IPv4", endpoints=[endpoint])
        found["metadata"]["labels"]["kubernetes.io/service-name"] = "forged"
        return {**found, "apiVersion": "discovery.k8s.io/v1", "ports": [{"name": "", "port": 80}]}

    def _victim(self) -> Manifest:
        return self._stored(self.bank, "direct")

    def _stored(self, namespace: str, pod: str) -> Manifest:
        found: Manifest = json.loads(self.cluster.kubectl("-n", namespace, "get", "pod", pod, "-o", "json"))
        return found

    def _consents(self) -> Iterator[Manifest]:
        """Yield what both tenants consent to for the Agents' check files, and an AgentTarget."""
        files = {"agent": {"namespace": self.guarded.namespace}}
        for kind, namespace, spec in (
            *(
                (
                    "SecretGrant",
                    namespace,
                    {"from": [files], "to": [{"secretName": each, "keys": ["key"]} for each in names]},
                )
                for namespace, names in ((self.bank, ("db", "nested")), (self.evil, ("nested",)))
            ),
            ("AgentTarget", self.guarded.namespace, {"manage": "Full"}),
        ):
            version = "enc-operator.io/v1alpha1"
            yield {**_object(kind, namespace, "datadog", spec=spec), "apiVersion": version}

    def _pod(self, namespace: str, name: str, annotations: dict[str, str], image: str = "") -> Manifest:
        container = {
            "name": "app",
            "image": image or self._image,
            "imagePullPolicy": "IfNotPresent",
            "command": ["sleep", "infinity"],
        }
        spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
        return _object("Pod", namespace, name, annotations, spec=spec)


def _object(
    kind: str, namespace: str, name: str, annotations: dict[str, str] | None = None, **content: Any
) -> Manifest:
    metadata = {
        "name": name,
        "namespace": namespace,
        "labels": {"app": name},
        "annotations": annotations or {},
    }
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **content}


def _services(namespace: str, name: str, handle: str, selected: str) -> Iterator[Manifest]:
    """Yield a Service with the handle for itself, and one with it for the pod that it selects."""
    for identifier, app in (("service", "nobody"), ("endpoints", selected)):
        spec = {"ports": [{"port": 80}], "selector": {"app": app}}
        yield _object("Service", namespace, f"{name}-{identifier}", _checks(identifier, handle), spec=spec)


def _checks(identifier: str, handle: str) -> dict[str, str]:
    check = {"http_check": {"instances": [{"host": "%%host%%", "password": f"ENC[{handle}]"}]}}
    return {f"ad.datadoghq.com/{identifier}.checks": json.dumps(check)}


def _container(pod: Manifest) -> str:
    return str(pod["status"]["containerStatuses"][0]["containerID"])


def _identified(identifier: str) -> dict[str, str]:
    return {"ad.datadoghq.com/app.check.id": identifier}
