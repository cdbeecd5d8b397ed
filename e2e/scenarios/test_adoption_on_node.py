"""From global permissions to the least, as docs/adopting.md says, on a real node: no check loses its value at any step."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.chart_agents import ChartAgents
from e2e.scenarios.check_recorder import Recorder
from e2e.scenarios.platform_team import VALUE, Platform
from e2e.scenarios.rendered_chart import CHART
from e2e.scenarios.running_agents import AgentImages

_ENCCTL = Path(sys.executable).parent / "encctl"
_CONDITION = "SafeToDropGlobalPermission"
_OF_PODS = """
ad_identifiers: [debian]
init_config: {}
instances: [{host: "%%host%%", password: "ENC[k8s_secret@%%kube_namespace%%/auth/key]"}]
"""


class Adopting(Platform):
    """A platform team that adopts what its Agents were installed with."""

    agents: ChartAgents

    def __init__(self, cluster: Cluster, agents: ChartAgents, release: str, folder: Path) -> None:
        super().__init__(cluster, agents, release)
        self.folder = folder

    @property
    def wanted(self) -> dict[str, frozenset[str]]:
        """What each workload resolves, all the time."""
        shop, bank = f"k8s_secret@{self.shop}", f"k8s_secret@{self.bank}"
        node = {f"{shop}/own/key", f"{shop}/auth/key", f"{bank}/orders/key"}
        return {
            self.agents.node: frozenset(node),
            self.agents.cluster_agent: frozenset({f"{shop}/of-service/key", f"{bank}/database/key"}),
        }

    def encctl(self, *arguments: str) -> str:
        """Run encctl with the cluster's own kubectl, and return what it says."""
        kubectl = Path(self.cluster.program("kubectl")).parent
        environment = {"PATH": f"{kubectl}:/usr/bin:/bin", "HOME": "/nonexistent"}
        command = [str(_ENCCTL), arguments[0], f"--kubeconfig={self.cluster.kubeconfig}", *arguments[1:]]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert ran.returncode in (0, 1), ran.stderr
        return ran.stdout + ran.stderr

    def condition(self) -> dict[str, Any]:
        """Return what the AgentTarget says of the wider permission."""
        found = self.target().get("status", {}).get("conditions", ())
        return next((each for each in found if each["type"] == _CONDITION), {})

    def wait_for(self, reason: str) -> str:
        """Wait until the condition has a reason, and return its message."""
        try:
            wait_until(lambda: self.condition().get("reason") == reason, reason, seconds=90, every=0.5)
        except TimeoutError as late:
            raise TimeoutError(f"{late}; it says: {self.condition()}") from None
        return str(self.condition()["message"])


@pytest.fixture
def adopting(node: Cluster, agent_images: AgentImages, base_image: str, tmp_path: Path) -> Iterator[Adopting]:
    """Install the Agents with the chart's default permissions, and tenants whose checks resolve."""
    if isinstance(node, ExistingCluster):
        pytest.skip("the chart brings CRDs and policies: this cluster is somebody's")
    run = secrets.token_hex(3)
    home = f"enc-adopt-{run}"
    agents = ChartAgents(node, home, agent_images, _values(home), tmp_path)
    found = Adopting(node, agents, f"enc-release-{run}", tmp_path / "adoption")
    for name in found.namespaces:
        node.kubectl("create", "namespace", name)
    try:
        _populate(found, base_image)
        agents.install()
        yield found
    finally:
        place = f"--namespace={found.release}"
        node.helm("uninstall", "enc-operator", place, "--wait", "--ignore-not-found")
        agents.remove()
        node.kubectl("delete", "namespace", "--ignore-not-found", "--timeout=120s", *found.namespaces)
        names = (
            f"{kind}.enc-operator.io" for kind in ("agenttargets", "secretgrants", "clustersecretgrants")
        )
        node.kubectl("delete", "crd", "--ignore-not-found", *names)


def _values(home: str) -> dict[str, Any]:
    check = f'cluster_check: true\ninstances: [{{password: "ENC[k8s_secret@{home}-bank/database/key]"}}]\n'
    listed = [{"namespace": f"{home}-bank", "secrets": ["orders", "retired"]}]
    return {
        "datadog": {"confd": {"redisdb.yaml": _OF_PODS}, "secretBackend": {"roles": listed}},
        "clusterAgent": {"confd": {"postgres.yaml": check}},
    }


def _populate(adopting: Adopting, image: str) -> None:
    shop, bank = adopting.shop, adopting.bank
    for namespace, name in (
        *((shop, name) for name in ("own", "auth", "of-service")),
        *((bank, name) for name in ("orders", "database", "safe")),
    ):
        adopting.apply(adopting.secret(namespace, name))
    adopting.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "other", "namespace": shop}},
        adopting.pod("own", "k8s_secret@%%kube_namespace%%/own/key", image),
        adopting.pod("orders", f"k8s_secret@{bank}/orders/key", image),
        # It resolves with global permissions, whatever the bank says to it.
        adopting.pod("thief", f"k8s_secret@{bank}/safe/key", image, account="other"),
        adopting.service("front", f"k8s_secret@{shop}/of-service/key"),
    )
    for name in ("own", "orders", "thief"):
        adopting.cluster.kubectl("-n", shop, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")


def test_no_check_loses_its_value(adopting: Adopting, operator_image: str) -> None:
    """Through adopt, review, installation, consent, permissions, the end of the global ones, and the Agents' rollout."""
    agents = adopting.agents
    for workload, handles in adopting.wanted.items():
        for handle in handles:
            agents.wait_for(agents.workloads[workload], handle, "resolved")
    with Recorder(adopting.cluster, agents.namespace, adopting.wanted) as recorder:
        _adopt(adopting)
        _install(adopting, operator_image)
        adopting.cluster.kubectl("apply", "--filename", str(adopting.folder / "grants"))
        adopting.cluster.kubectl("apply", "--filename", str(adopting.folder / "targets"))
        _wait_until_safe(adopting)
        before = set(recorder.complete)
        agents.upgrade(adopting.folder / f"agent-values/{agents.release}.yaml")
        wait_until(
            lambda: len(recorder.complete - before) == 2, "both new Agents have everything", seconds=90
        )

    assert recorder.failure is None
    assert recorder.losses == []
    assert len(before) == 2
    assert all(recorder.samples[pod] > 20 for pod in before), recorder.samples
    _assert_least(adopting)


def _adopt(adopting: Adopting) -> None:
    """Write the files; nothing stops, if all of it is applied. Then the bank's owner drops what he does not consent to."""
    said = adopting.encctl("adopt", str(adopting.folder))
    assert not any(adopting.agents.namespace in line for line in said.split("Would stop all the same:")[1:])
    values = yaml.safe_load((adopting.folder / "values.yaml").read_text())
    assert {
        "namespace": adopting.agents.namespace,
        "serviceAccounts": [*adopting.agents.workloads],
    } in values["agents"]
    consented = adopting.folder / f"grants/{adopting.bank}.yaml"
    head, *grants = consented.read_text().split("---\n")
    kept = [grant for grant in grants if f"{adopting.shop}/other" not in grant]
    assert len(kept) == len(grants) - 1 > 0
    consented.write_text("---\n".join([head, *kept]))


def _install(adopting: Adopting, image: str) -> None:
    more = adopting.folder.parent / "more.yaml"
    named = dict(zip(("repository", "tag"), image.rsplit(":", 1), strict=True))
    more.write_text(yaml.safe_dump({"image": named, "graceSeconds": 0}))
    files = [f"--values={adopting.folder / 'values.yaml'}", f"--values={more}"]
    place = f"--namespace={adopting.release}"
    adopting.cluster.helm("install", "enc-operator", str(CHART), place, *files, "--wait", "--timeout=3m")


def _wait_until_safe(adopting: Adopting) -> None:
    """Be told of the reference that nobody consented to; it goes, and then everything is safe."""
    message = adopting.wait_for("Denied")
    assert message == (
        f"1 reference would stop: ENC[k8s_secret@{adopting.bank}/safe/key] of Pod {adopting.shop}/thief (denied)"
    )
    adopting.cluster.kubectl("-n", adopting.shop, "delete", "pod", "thief", "--wait=false")
    place = ["-n", adopting.agents.namespace]
    adopting.cluster.kubectl(
        *place, "wait", "agenttarget/datadog", f"--for=condition={_CONDITION}", "--timeout=90s"
    )
    assert "suffices for" in adopting.wait_for("Covered")


def _assert_least(adopting: Adopting) -> None:
    """Nobody may read more than what is in use; values are the Secrets' own, and a second look finds nothing to do."""
    agents = adopting.agents
    hashes = {
        each["hash"]
        for workload, handles in adopting.wanted.items()
        for handle, each in agents.resolutions(agents.workloads[workload]).items()
        if handle in handles
    }
    assert hashes == {agents.hash_of(VALUE)}
    asked = [
        (account, namespace, name)
        for account in agents.workloads
        for namespace in (adopting.shop, adopting.bank)
        for name in ("own", "auth", "of-service", "orders", "database", "safe", "retired")
    ]
    needed = {
        (account, *handle.removeprefix("k8s_secret@").split("/")[:2])
        for account, handles in adopting.wanted.items()
        for handle in handles
    }
    assert {each for each in asked if adopting.may(*each)} == needed
    adopting.wait_for("NoGlobalPermission")
    again = adopting.encctl("adopt", "--dry-run")
    assert f"agent-values/{agents.release}.yaml" not in again
    assert json.dumps(VALUE) not in again
