"""Taking back and bringing CRDs up to date on a real API server, with the rights that the chart gives the Jobs, inside the fence."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.custom_resources import FOLDER, installed
from e2e.scenarios.fenced_install import check_of, exchange, holds, path_of, send
from e2e.scenarios.fenced_writes import Manifest, World, with_epoch
from e2e.scenarios.rendered_chart import applied, render
from enc_operator.cluster.gateway import Gateway
from enc_operator.controller.crds import apply_crds
from enc_operator.controller.removal import Removal
from enc_operator.errors import EncError
from enc_operator.process.settings import Settings, parse_settings

_RIGHTS = {"ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}
_LABEL = "enc-operator.io/managed-by"


@pytest.fixture(scope="module")
def world(api_server: Cluster) -> Iterator[World]:
    """Make the namespaces of an operator, of Agents and of a tenant."""
    run = secrets.token_hex(3)
    names = [f"enc-{which}-{run}" for which in ("removal", "agents", "tenant")]
    for name in names:
        api_server.kubectl("create", "namespace", name)
    yield World(names[0], names[1], names[2])
    api_server.kubectl("delete", "namespace", "--wait=false", *names)


@pytest.fixture(scope="module")
def settings(
    api_server: Cluster, world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Install everything of the chart but what runs pods; the Jobs' rights as if the Jobs were running."""
    values = tmp_path_factory.mktemp("removal") / "values.yaml"
    agents = [{"namespace": world.agents, "serviceAccounts": list(world.accounts)}]
    values.write_text(yaml.safe_dump({"agents": agents, "replicas": 0}))
    manifests = [with_epoch(each) for each in render(api_server, world.operator, values) if is_wanted(each)]
    text = next(each["data"]["settings.yaml"] for each in manifests if each["kind"] == "ConfigMap")
    crds = {path.stem: yaml.safe_load(path.read_text()) for path in FOLDER.glob("*.yaml")}
    found = parse_settings(text)
    with (
        installed(api_server, crds),
        applied(api_server, manifests),
        api_server.api_of(world.operator, "enc-operator") as api,
    ):
        check = check_of(api, found)
        wait_until(lambda: holds(check), "the fence holds", seconds=30)
        yield found


def is_wanted(manifest: Manifest) -> bool:
    """Tell whether a manifest belongs to the install, or gives a Job its rights."""
    return "helm.sh/hook" not in manifest["metadata"].get("annotations", {}) or manifest["kind"] in _RIGHTS


def test_everything_of_this_install_is_taken_back(
    api_server: Cluster, world: World, settings: Settings
) -> None:
    """Its Roles and bindings go, its hold on AgentTargets too; what others wrote, and another install, stays."""
    target = world.target()
    target["metadata"]["finalizers"].append("enc-operator.io/take-back")
    foreign = world.role("enc-" + "d" * 26)
    foreign["metadata"]["labels"] = {_LABEL: "another.install"}
    with api_server.api_of(world.operator, "enc-operator") as operator:
        for manifest in (world.role(), world.binding()):
            assert send(operator, "POST", path_of(manifest), manifest)[0] == 201
    with applied(api_server, [foreign]), api_server.api() as administrator:
        assert send(administrator, "POST", path_of(target), target)[0] == 201
        with api_server.api_of(world.operator, "enc-operator-take-back") as job:
            said: list[str] = []
            removal = Removal(Gateway(job.configuration), settings, said.append)
            # Another test's AgentTarget may be on its way out at the same time.
            planned = [
                step for step in map(str, removal.plan()) if "AgentTarget" not in step or world.agents in step
            ]
            lost = [*map(str, removal.losses())]
            removal.stop("enc-operator")
            removal.take_back()
            left = removal.plan()
        stored = exchange(administrator, "GET", path_of(target, named=True))[1]
        kept = send(administrator, "GET", path_of(foreign, named=True))[0]
        gone = [
            send(administrator, "GET", path_of(each, named=True))[0]
            for each in (world.role(), world.binding())
        ]
        freed = {"metadata": {"finalizers": None}}
        send(administrator, "PATCH", path_of(target, named=True), freed, "application/merge-patch+json")

    name = world.role()["metadata"]["name"]
    assert planned == [
        f"delete RoleBinding {world.tenant}/{name}", f"delete Role {world.tenant}/{name}",
        f"release AgentTarget {world.agents}/agents",
    ]  # fmt: skip
    assert lost == [
        f"{world.agents}/{world.accounts[0]} can no longer read 2 Secrets of namespace {world.tenant}"
    ]
    assert set(said) >= {f"stop Deployment {world.operator}/enc-operator", *planned}
    assert (left, kept, gone) == ((), 200, [404, 404])
    assert stored["metadata"]["finalizers"] == ["example.com/stay"]


def test_crds_are_brought_up_to_date(api_server: Cluster, world: World, settings: Settings) -> None:
    """A CRD that lost a field gets it back, one that is missing is created; who applied it first does not matter."""
    if isinstance(api_server, ExistingCluster):
        pytest.skip("CRDs are changed and deleted: this cluster is somebody's")
    assert settings.fence
    crds = [yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yaml"))]
    older = json.loads(json.dumps(crds[0]))
    del older["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"][
        "crossNamespace"
    ]
    api_server.kubectl(
        "apply",
        "--server-side",
        "--field-manager=helm",
        "--force-conflicts",
        "-f",
        "-",
        text=json.dumps(older),
    )
    api_server.kubectl("delete", "crd", "secretgrants.enc-operator.io")

    with api_server.api_of(world.operator, "enc-operator-crds") as job:
        names = apply_crds(Gateway(job.configuration), crds)

    found = json.loads(api_server.kubectl("get", "crd", "agenttargets.enc-operator.io", "-o", "json"))
    spec = found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert names == [
        "agenttargets.enc-operator.io",
        "clustersecretgrants.enc-operator.io",
        "secretgrants.enc-operator.io",
    ]
    assert "crossNamespace" in spec["properties"]
    assert api_server.kubectl("get", "secretgrants", "--all-namespaces") == ""


def test_an_older_version_is_refused(api_server: Cluster, world: World, settings: Settings) -> None:
    """Where objects are stored in a version that is not known, nothing is applied at all."""
    assert settings.fence
    crds = [yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yaml"))]
    for crd in crds:
        crd["spec"]["versions"][0]["name"] = "v1alpha0"

    with api_server.api_of(world.operator, "enc-operator-crds") as job, pytest.raises(EncError) as raised:
        apply_crds(Gateway(job.configuration), crds)

    assert "objects are stored as v1alpha1" in raised.value.message
    assert "v1alpha0" not in api_server.kubectl("get", "crd", "agenttargets.enc-operator.io", "-o", "json")


def test_the_commands_do_the_same(
    api_server: Cluster, world: World, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`enc-operator` says each step; on trial it changes nothing."""
    from enc_operator.controller.main import main  # noqa: PLC0415 - only this test needs it

    file = tmp_path / "settings.yaml"
    lease = f"{{namespace: {world.operator}, name: enc-operator}}"
    file.write_text(f"install: {settings.install}\nlease: {lease}\nfence: false\n")
    with api_server.api_of(world.operator, "enc-operator") as operator:
        assert send(operator, "POST", path_of(world.role()), world.role())[0] == 201
    options = ["--settings", str(file), "--kubeconfig", str(api_server.kubeconfig)]

    tried = main(["take-back", "--dry-run", *options])
    done = main(["take-back", *options])
    again = main(["take-back", "--dry-run", *options])
    checked = main(["check", *options])
    applied_crds = main(["crds", "apply", "--kubeconfig", str(api_server.kubeconfig)])

    step = f"delete Role {world.tenant}/{world.role()['metadata']['name']}\n"
    assert (tried, done, again, checked, applied_crds) == (0, 0, 0, 0, 0)
    assert capsys.readouterr().out.startswith(step + step + "there is no fence, as the settings say\n")


def test_encctl_takes_an_install_of_kubectl_back(
    api_server: Cluster, world: World, settings: Settings, tmp_path: Path
) -> None:
    """What goes is shown; on trial nothing goes, with --yes everything does, and a second run finds nothing."""
    target = world.target()
    target["metadata"] = {
        "name": "agents",
        "namespace": world.agents,
        "finalizers": ["enc-operator.io/take-back"],
    }
    with api_server.api_of(world.operator, "enc-operator") as operator, api_server.api() as administrator:
        for api, manifest in ((operator, world.role()), (operator, world.binding()), (administrator, target)):
            send(administrator, "DELETE", path_of(manifest, named=True))
            assert send(api, "POST", path_of(manifest), manifest)[0] == 201

    tried, done, again = (
        uninstall(api_server, world, tmp_path, option) for option in ("--dry-run", "--yes", "--dry-run")
    )

    name = world.role()["metadata"]["name"]
    stop = [f"install {settings.install}:", f"  stop Deployment {world.operator}/enc-operator"]
    assert again == stop
    stopping = "  no handle stops resolving: nothing that an Agent resolves now needs its Roles"
    assert tried == [
        stop[0], stopping, stop[1], f"  delete RoleBinding {world.tenant}/{name}", f"  delete Role {world.tenant}/{name}",
        f"  release AgentTarget {world.agents}/agents",
    ]  # fmt: skip
    assert done[:-1] == tried
    assert done[-1].startswith("done; now delete the manifests")


def uninstall(cluster: Cluster, world: World, home: Path, option: str) -> list[str]:
    """Run `encctl uninstall` with the cluster's own kubectl and return what it prints."""
    environment = {"PATH": f"{Path(cluster.program('kubectl')).parent}:/usr/bin:/bin", "HOME": str(home)}
    command = [
        str(Path(sys.executable).parent / "encctl"),
        "uninstall",
        option,
        f"--kubeconfig={cluster.kubeconfig}",
    ]
    ran = subprocess.run(
        [*command, f"--namespace={world.operator}"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()
