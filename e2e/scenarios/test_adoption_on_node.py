"""From global permissions to the least by the commands of docs/adopting.md, on a real node: no check loses its value at any step."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster, CommandFailed
from e2e.conftest import ROOT
from e2e.scenarios import chart_agents
from e2e.scenarios.chart_agents import ChartAgents
from e2e.scenarios.check_recorder import Recorder
from e2e.scenarios.page_shell import Shell, link_programs
from e2e.scenarios.platform_team import VALUE, Manifest, Platform
from e2e.scenarios.rendered_chart import CHART
from e2e.scenarios.running_agents import AgentImages
from pages import shell_commands

_PAGE = ROOT / "docs/adopting.md"
_CONDITION = "SafeToDropGlobalPermission"
_OF_PODS = """
ad_identifiers: [debian]
init_config: {}
instances: [{host: "%%host%%", password: "ENC[k8s_secret@%%kube_namespace%%/auth/key]"}]
"""


class Adopting(Platform):
    """A platform team that adopts what its Agents were installed with."""

    agents: ChartAgents

    def __init__(self, shell: Shell, cluster: Cluster, agents: ChartAgents, release: str, image: str) -> None:
        super().__init__(cluster, agents, release)
        self.shell, self.image = shell, image

    @property
    def folder(self) -> Path:
        """Where encctl writes what an adoption takes."""
        return self.shell.folder / "adoption"

    @property
    def thief(self) -> Manifest:
        """A pod that resolves with global permissions, whatever the bank says to it."""
        return self.pod("thief", f"k8s_secret@{self.bank}/safe/key", self.image, account="other")

    @property
    def wanted(self) -> dict[str, frozenset[str]]:
        """What each workload resolves, all the time."""
        shop, bank = f"k8s_secret@{self.shop}", f"k8s_secret@{self.bank}"
        node = {f"{shop}/own/key", f"{shop}/auth/key", f"{bank}/orders/key"}
        return {
            self.agents.node: frozenset(node),
            self.agents.cluster_agent: frozenset({f"{shop}/of-service/key", f"{bank}/database/key"}),
        }

    def run(self, command: str) -> str:
        """Run a command of the page in the folder that the page is in by then, and return what it prints."""
        folder = self.folder if self.folder.exists() else self.shell.folder
        ran = replace(self.shell, folder=folder).run(command)
        assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
        return ran.stdout

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
def adopting(
    node: Cluster, agent_images: AgentImages, operator_image: str, base_image: str, tmp_path: Path
) -> Iterator[Adopting]:
    """Install the Agents with the chart's default permissions, and tenants whose checks resolve."""
    if isinstance(node, ExistingCluster):
        pytest.skip("the chart brings CRDs and policies: this cluster is somebody's")
    run = secrets.token_hex(3)
    home, release = f"enc-adopt-{run}", f"enc-release-{run}"
    agents = ChartAgents(node, home, agent_images, _values(home), tmp_path)
    programs = link_programs(node, tmp_path / "programs")
    shell = Shell(tmp_path, programs, node.kubeconfig, _here(agents, release, operator_image))
    found = Adopting(shell, node, agents, release, base_image)
    for name in found.namespaces[:-1]:
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


def _here(agents: ChartAgents, release: str, image: str) -> dict[str, str]:
    """Return what stands here for the page's names: of namespaces, of the Agents' release and its chart, of ours and its image."""
    repository, tag = image.rsplit(":", 1)
    return {
        "upgrade dd ": f"upgrade {agents.release} ",
        "/dd.yaml": f"/{agents.release}.yaml",
        "datadog/datadog --version 3.240.0": str(chart_agents.CHART),
        "--namespace datadog": f"--namespace {agents.namespace}",
        "--namespace enc-operator": f"--namespace {release}",
        " charts/enc-operator": f" {CHART}",
        "registry.example.com/enc-operator": f"{repository} --set image.tag={tag}",
    }


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
        adopting.thief,
        adopting.service("front", f"k8s_secret@{shop}/of-service/key"),
    )
    for name in ("own", "orders", "thief"):
        adopting.cluster.kubectl("-n", shop, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")


def test_no_check_loses_its_value(adopting: Adopting) -> None:
    """By the page's commands, in its order, with what people do in between: consent, and the end of what nobody consented to."""
    agents = adopting.agents
    for workload, handles in adopting.wanted.items():
        for handle in handles:
            agents.wait_for(agents.workloads[workload], handle, "resolved")
    adopt, change_folder, *steps = shell_commands(_PAGE.read_text())
    assert change_folder == f"cd {adopting.folder.name}"
    with Recorder(adopting.cluster, agents.namespace, adopting.wanted) as recorder:
        said = adopting.run(adopt)
        _review(adopting, said)
        assert _guided(adopting) == list(map(adopting.shell.adapted, steps))
        for step in steps:
            if "SafeToDrop" in step:
                _put_in_order(adopting)
            before = set(recorder.complete)
            printed = adopting.run(step)
            if step.startswith("helm upgrade dd "):
                old = before
                _wait_for_new(recorder, old)
            if step == "encctl doctor":
                _assert_well(printed)

    assert recorder.failure is None
    assert recorder.losses == []
    assert len(old) == 2
    assert all(recorder.samples[pod] > 20 for pod in old), recorder.samples
    _assert_least(adopting)
    with pytest.raises(CommandFailed, match="SecretGrant"):
        adopting.apply(adopting.thief)


def _guided(adopting: Adopting) -> list[str]:
    """Return the commands of the guide that was written for this cluster."""
    return shell_commands(adopting.shell.adapted((adopting.folder / "README.md").read_text()))


def _review(adopting: Adopting, said: str) -> None:
    """Nothing stops, if all of it is applied. The platform team knows its Agents; the bank's owner drops what he does not consent to."""
    assert "Would stop all the same" not in said
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


def _put_in_order(adopting: Adopting) -> None:
    """Be told of the reference that nobody consented to, and let it go."""
    message = adopting.wait_for("Denied")
    assert message == (
        f"1 reference would stop: ENC[k8s_secret@{adopting.bank}/safe/key] of Pod {adopting.shop}/thief (denied)"
    )
    adopting.cluster.kubectl("-n", adopting.shop, "delete", "pod", "thief", "--wait=false")


def _wait_for_new(recorder: Recorder, old: set[str]) -> None:
    """Wait until the Agents that the chart has rolled out have everything."""
    wait_until(lambda: len(recorder.complete - old) == 2, "both new Agents have everything", seconds=90)


def _assert_well(printed: str) -> None:
    """Nobody has anything to do: every line but the count is `ok`."""
    *checks, count = printed.splitlines()
    assert [line for line in checks if not line.startswith("ok ")] == []
    assert count == f"{len(checks)} ok, 0 warn, 0 fail, 0 unknown"


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
    again = adopting.run("encctl adopt --dry-run")
    assert f"agent-values/{agents.release}.yaml" not in again
    assert json.dumps(VALUE) not in again
