"""The webhook as a process on this machine, with the rights, the fence and the configuration that its chart gives it.

And the people whose writes it judges: tenants with their own, narrow rights. What they try stands in the tests.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from kubernetes import config

from e2e.cluster.interface import CommandFailed
from e2e.cluster.native import NativeCluster
from e2e.scenarios.fenced_install import exchange
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.rendered_chart import Manifest, applied
from e2e.scenarios.running_operator import Install, OperatorProcess
from e2e.scenarios.running_webhook import admission

_RBAC = "rbac.authorization.k8s.io/v1"
_ALL = ["get", "list", "create", "update", "patch", "delete"]
_Rule = tuple[str, list[str], list[str], list[str]]
PEOPLE: Mapping[str, Sequence[_Rule]] = {
    # Everything in her own namespace, and to write what speaks for others; no Secret of anybody else's.
    "developer": [
        ("shop", ["", "apps", "batch", "datadoghq.com", "enc-operator.io"], ["*"], _ALL),
        ("agents", [""], ["configmaps"], _ALL),
        ("agents", ["enc-operator.io"], ["agenttargets"], _ALL),
        ("bank", ["enc-operator.io"], ["secretgrants"], _ALL),
        ("", ["enc-operator.io"], ["clustersecretgrants"], _ALL),
        ("", [""], ["namespaces/status"], ["patch"]),
    ],
    # Edits what there is; makes no pods, reads no Secrets.
    "annotator": [
        ("shop", [""], ["pods", "pods/status"], ["get", "update", "patch"]),
        ("shop", [""], ["pods/binding", "bindings"], ["create"]),
        ("shop", [""], ["services", "services/status"], _ALL),
        ("shop", ["datadoghq.com"], ["*"], _ALL),
    ],
    # Says which addresses stand behind a Service, which no role of Kubernetes' own lets a tenant do.
    "networker": [("shop", ["", "discovery.k8s.io"], ["endpoints", "endpointslices"], _ALL)],
    "platform": [("agents", ["", "apps"], ["*"], _ALL)],
    "banker": [("bank", ["", "enc-operator.io"], ["*"], _ALL)],
}
"""What each person may do: namespace (empty for the cluster), groups, resources, verbs."""

_CALLS = re.compile(
    r'apiserver_admission_webhook_admission_duration_seconds_count\{name="(\w+)\.enc-operator\.io".* ([\d.e+]+)'
)


@dataclass(frozen=True)
class Said:
    """What the API server answers to a write."""

    status: int
    message: str
    stored: Any = None

    @property
    def accepted(self) -> bool:
        """Tell whether it was done."""
        return self.status in {HTTPStatus.OK, HTTPStatus.CREATED}


class Webhooked:
    """Tenants, the webhook that judges them, and what people write; a person is a kubeconfig."""

    def __init__(
        self, tenants: Clusterful, install: Install, process: OperatorProcess, people: Mapping[str, Path]
    ) -> None:
        self.tenants, self.install, self.process, self.names = tenants, install, process, tenants.names
        self._people = people
        self._clients = {who: config.new_client_from_config(str(file)) for who, file in people.items()}
        self._numbers = itertools.count(1)

    def send(self, who: str, method: str, path: str, body: Any = None, patch: str = "") -> Said:
        """Send a write as somebody; `patch` is the kind of a patch, such as `json-patch+json`."""
        kind = f"application/{patch}" if patch else ""
        status, answer = exchange(self._clients[who], method, path, body, kind)
        message = answer.get("message", "") if isinstance(answer, dict) else str(answer)
        return Said(status, message, answer)

    def kubectl(self, who: str, *arguments: str, text: str | None = None) -> Said:
        """Run kubectl as somebody."""
        file = f"--kubeconfig={self._people[who]}"
        try:
            printed = self.tenants.cluster.kubectl(file, *arguments, text=text)
        except CommandFailed as failed:
            return Said(HTTPStatus.FORBIDDEN, str(failed))
        return Said(HTTPStatus.OK, printed)

    def try_foreign(self) -> Said:
        """Try, as the administrator and without storing it, a pod that refers to what nobody lets it use."""
        pod = self.tenants.pod("tried", self.tenants.handle("bank", "db"))
        return self.send("admin", "POST", f"{self.path('pods')}?dryRun=All", pod)

    def path(self, plural: str, namespace: str = "shop", group: str = "/api/v1") -> str:
        """Return the path of a collection in a namespace."""
        return f"{group}/namespaces/{self.names[namespace]}/{plural}"

    def fresh(self, stem: str = "web") -> str:
        """Return a name that nobody has."""
        return f"{stem}-{next(self._numbers)}"

    def calls(self) -> dict[str, int]:
        """Return how often the API server has called each webhook that judges something."""
        _, text = exchange(self._clients["admin"], "GET", "/metrics")
        found: Counter[str] = Counter()
        for name, count in _CALLS.findall(text):
            found[name] += int(float(count))
        found.pop("probe", None)  # tried every few seconds
        return dict(found)


@contextmanager
def webhooked(tenants: Clusterful, folder: Path, **values: Any) -> Iterator[Webhooked]:
    """Install the chart with its webhook for the whole cluster, run a replica, and have the people of the tenants."""
    if not isinstance(tenants.cluster, NativeCluster):
        pytest.skip("its API server does not run on this machine, where the webhook does")
    with (
        admission(tenants, folder, webhooks={}, **values) as admitting,
        admitting.replica("webhook") as replica,
        _people(admitting.install, tenants.names) as people,
    ):
        yield Webhooked(tenants, admitting.install, replica.ready(), people)


@contextmanager
def _people(install: Install, names: Mapping[str, str]) -> Iterator[dict[str, Path]]:
    """Have the people in the cluster, and return their kubeconfigs, the administrator's among them."""
    accounts = [_object("v1", "ServiceAccount", who, names["shop"]) for who in PEOPLE]
    with applied(install.cluster, [*accounts, *_rights(names)]):
        shop = names["shop"]
        found = {who: install.kubeconfig(account=who, namespace=shop) for who in PEOPLE}
        yield {**found, "admin": install.cluster.kubeconfig}


def _rights(names: Mapping[str, str]) -> Iterator[Manifest]:
    for who, rules in PEOPLE.items():
        for index, (namespace, groups, resources, verbs) in enumerate(rules):
            kind, place = ("Role" if namespace else "ClusterRole"), names.get(namespace, "")
            name = f"{names['shop']}-{who}-{index}"
            rule = {"apiGroups": groups, "resources": resources, "verbs": verbs}
            yield _object(_RBAC, kind, name, place, rules=[rule])
            subject = {"kind": "ServiceAccount", "name": who, "namespace": names["shop"]}
            role = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
            yield _object(_RBAC, f"{kind}Binding", name, place, subjects=[subject], roleRef=role)


def _object(version: str, kind: str, name: str, namespace: str, **content: Any) -> Manifest:
    placed = {"namespace": namespace} if namespace else {}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **placed}, **content}
