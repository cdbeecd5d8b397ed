"""What a tenant tries who wants another's Secret in a check of his own, on a real node with what the plan puts into the Agents.

Each attack has its honest twin, which gets the value by the same way. What admission would refuse beforehand is let in here.
"""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.chart_agents import ChartAgents
from e2e.scenarios.platform_team import Manifest
from e2e.scenarios.running_agents import AgentImages

_ENCCTL = Path(sys.executable).parent / "encctl"
_VICTIM, _OWN = "sk-of-the-bank", "sk-of-the-thief"
_CHECK = """
ad_identifiers: [{identifier}]
init_config: {{}}
instances: [{{host: "%%host%%", password: "ENC[k8s_secret@{bank}/db/key]"}}]
"""


class Scene:
    """Agents, a bank with a Secret that its own checks use, and a tenant who wants it."""

    def __init__(self, cluster: Cluster, images: AgentImages, image: str, folder: Path) -> None:
        self.cluster, self.image = cluster, image
        home = f"enc-attack-{secrets.token_hex(3)}"
        self.bank, self.evil = f"{home}-bank", f"{home}-evil"
        files = {
            f"{name}.yaml": _CHECK.format(identifier=name, bank=self.bank) for name in ("debian", "ledger")
        }
        backend = {"enableGlobalPermissions": False}
        values = {"datadog": {"confd": files, "secretBackend": backend}}
        self.agents = ChartAgents(cluster, home, images, values, folder)
        self.namespaces = (home, self.bank, self.evil)

    def resolutions(self, account: str) -> list[dict[str, Any]]:
        """Return what became of the handles that an Agent met."""
        found: list[dict[str, Any]] = self.agents.report(self.agents.workloads[account], "resolutions")
        return found

    def configurations(self) -> list[dict[str, Any]]:
        """Return every check that either Agent runs or hands on, with hashes in place of values."""
        return [
            each
            for workload in self.agents.workloads.values()
            for each in self.agents.report(workload, "configurations")["scheduled"]
        ]

    def objects(self) -> Iterator[Manifest]:
        """Yield what both tenants have."""
        nested = f"ENC[k8s_secret@{self.bank}/db/key]"
        for namespace, name, value in (
            (self.bank, "db", _VICTIM),
            (self.evil, "own", _OWN),
            (self.evil, "nested", nested),
        ):
            yield _object("Secret", namespace, name, stringData={"key": value})
        for namespace, name, annotations in self._pods():
            yield self._pod(namespace, name, annotations)
        for namespace, name, secret, pod in (
            (self.bank, "own", "db", "direct"),
            (self.evil, "own", "own", "honest"),
            (self.evil, "trick", "nested", "honest"),
        ):
            for identifier, selected in (("service", "nobody"), ("endpoints", pod)):
                annotations = _checks(identifier, f"k8s_secret@{namespace}/{secret}/key")
                spec = {"ports": [{"port": 80}], "selector": {"app": selected}}
                yield _object("Service", namespace, f"{name}-{identifier}", annotations, spec=spec)

    def _pods(self) -> Iterator[tuple[str, str, dict[str, str]]]:
        claimed = {"ad.datadoghq.com/app.check.id": "ledger"}
        direct = _checks("app", f"k8s_secret@{self.bank}/db/key")
        yield from ((self.bank, "teller", {}), (self.bank, "ledger", claimed), (self.bank, "direct", direct))
        yield from ((self.evil, "mimic", {}), (self.evil, "claimer", claimed), (self.evil, "direct", direct))
        yield self.evil, "inner", _checks("app", f"k8s_secret@{self.evil}/nested/key")
        yield self.evil, "honest", _checks("app", f"k8s_secret@{self.evil}/own/key")

    def consents(self) -> Iterator[Manifest]:
        """Yield the bank's consent to the Agents' check files, and an AgentTarget."""
        files = {"agent": {"namespace": self.agents.namespace}}
        opened = {"from": [files], "to": [{"secretName": "db", "keys": ["key"]}]}
        for kind, namespace, spec in (
            ("SecretGrant", self.bank, opened),
            ("AgentTarget", self.agents.namespace, {"manage": "Full"}),
        ):
            version = "enc-operator.io/v1alpha1"
            yield {**_object(kind, namespace, "datadog", spec=spec), "apiVersion": version}

    def _pod(self, namespace: str, name: str, annotations: dict[str, str]) -> Manifest:
        container = {
            "name": "app",
            "image": self.image,
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


def _checks(identifier: str, handle: str) -> dict[str, str]:
    check = {"http_check": {"instances": [{"host": "%%host%%", "password": f"ENC[{handle}]"}]}}
    return {f"ad.datadoghq.com/{identifier}.checks": json.dumps(check)}


@pytest.fixture(scope="module")
def scene(
    node: Cluster, agent_images: AgentImages, base_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """Have the plan of everything there is applied, before any of the tenants' checks runs."""
    folder = tmp_path_factory.mktemp("attacks")
    found = Scene(node, agent_images, base_image, folder)
    for name in found.namespaces:
        node.kubectl("create", "namespace", name)
    try:
        found.agents.install()
        _apply_plan(found, folder)
        node.kubectl("apply", "-f", "-", text=_listed(found.objects()))
        yield found
    finally:
        found.agents.remove()
        node.kubectl("delete", "namespace", "--ignore-not-found", "--timeout=120s", *found.namespaces)


def _apply_plan(scene: Scene, folder: Path) -> None:
    dumped = scene.cluster.kubectl(
        "-n", scene.agents.namespace, "get", "daemonsets,deployments,configmaps", "-o", "yaml"
    )
    manifests = folder / "manifests"
    manifests.mkdir()
    (manifests / "agents.yaml").write_text(dumped)
    (manifests / "tenants.json").write_text(_listed([*scene.objects(), *scene.consents()]))
    command = [str(_ENCCTL), "plan", "-o", "yaml", str(manifests)]
    planned = subprocess.run(command, capture_output=True, text=True, check=False)
    assert planned.returncode == 1, planned.stderr  # the attacks are denied
    assert "spoofable" in planned.stderr
    objects = [each for each in yaml.safe_load_all(planned.stdout) if each]
    for each in objects:
        each.pop("status", None)
        for field in ("resourceVersion", "uid", "managedFields", "creationTimestamp", "generation"):
            each["metadata"].pop(field, None)
    scene.cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=_listed(objects))
    scene.agents.wait_ready()


def _listed(objects: Any) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


Way = tuple[str, str, str]
"""What kind of source, which object, and of a check file its name."""
_BY_IMAGE, _BY_IDENTIFIER = "debian.yaml", "ledger.yaml"
_OF_NODE: dict[str, Way] = {
    "a check file that waits for an image of that name": ("file", "mimic", _BY_IMAGE),
    "a check file that waits for a check.id": ("file", "claimer", _BY_IDENTIFIER),
    "a template of its own": ("pod", "direct", ""),
    "a Secret of its own whose value is the handle": ("pod", "inner", ""),
}
_OF_CLUSTER: dict[str, Way] = {
    "a Service, and a Secret whose value is the handle": ("service", "trick-service", ""),
    "its endpoints, and such a Secret": ("endpoints", "trick-endpoints", ""),
}


@pytest.mark.parametrize(
    ("way", "outcome"),
    list(zip(_OF_NODE.values(), ("refused", "refused", "refused", "failed"), strict=True)),
    ids=_OF_NODE,
)
def test_the_node_agent_keeps_it_from_the_thiefs_pods(scene: Scene, way: Way, outcome: str) -> None:
    """By its own scoping where another namespace's handle stands there, by the resolver where a value is one."""
    assert _wait_for(scene, scene.agents.node, scene.evil, way)["outcome"] == outcome


@pytest.mark.parametrize("way", list(_OF_CLUSTER.values()), ids=_OF_CLUSTER)
def test_the_cluster_agent_hands_no_handle_on(scene: Scene, way: Way) -> None:
    """The next hop would resolve it with permissions of its own: the guard makes an error of it."""
    found = _wait_for(scene, scene.agents.cluster_agent, scene.evil, way)

    assert (found["outcome"], found["scheduled"]) == ("failed", False)
    assert "itself a secret handle" in found["error"]


@pytest.mark.parametrize(
    "way",
    [
        ("file", "teller", _BY_IMAGE),
        ("file", "ledger", _BY_IDENTIFIER),
        ("pod", "direct", ""),
        ("service", "own-service", ""),
        ("endpoints", "own-endpoints", ""),
    ],
    ids=["a check file by image", "a check file by check.id", "a template", "a Service", "endpoints"],
)
def test_the_honest_twin_gets_the_value(scene: Scene, way: Way) -> None:
    """By the same ways, in the Secret's own namespace; so the Agents may read it, and the ways are open."""
    agents = scene.agents
    account = agents.cluster_agent if way[0] in ("service", "endpoints") else agents.node

    found = _wait_for(scene, account, scene.bank, way)

    assert (found["outcome"], found["hash"]) == ("resolved", agents.hash_of(_VICTIM))


def test_no_check_of_the_thiefs_holds_the_value(scene: Scene) -> None:
    """In no Agent and at no hop, once everything has been tried and his own honest checks run."""
    agents = scene.agents
    for way in _OF_NODE.values():
        _wait_for(scene, agents.node, scene.evil, way)
    for way in _OF_CLUSTER.values():
        _wait_for(scene, agents.cluster_agent, scene.evil, way)
    wait_until(
        lambda: len(_holding(scene, scene.evil, _OWN)) >= 5, "his own checks run", seconds=90, every=0.5
    )

    assert _holding(scene, scene.evil, _VICTIM) == []
    assert _holding(scene, scene.bank, _VICTIM)


def _wait_for(scene: Scene, account: str, namespace: str, way: Way) -> dict[str, Any]:
    """Wait until an Agent has met a handle, and return what became of it."""
    kind, name, key = way
    found: list[dict[str, Any]] = []

    def met() -> bool:
        for each in scene.resolutions(account):
            source = each["source"]
            here = (source["kind"], source.get("namespace"), source.get("name"), source.get("key", ""))
            if here == (kind, namespace, name, key):
                found.append(each)
        return bool(found)

    wait_until(met, f"{account} has met {way} of {namespace}", seconds=90, every=0.5)
    return found[0]


def _holding(scene: Scene, namespace: str, value: str) -> list[dict[str, Any]]:
    """Return the checks that run for objects of a namespace and hold a value."""
    hashed = scene.agents.hash_of(value)
    return [
        each
        for each in scene.configurations()
        if each["source"].get("namespace") == namespace and hashed in json.dumps(each)
    ]
