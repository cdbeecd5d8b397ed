"""Installs of the chart: inside its fence for the scenarios that send what the operator would, and for those that run it."""

import secrets
from collections.abc import Iterator
from http import HTTPStatus

import pytest
import yaml
from kubernetes import client

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.custom_resources import FOLDER, installed
from e2e.scenarios.fenced_install import (
    check_of,
    exchange,
    holds,
    path_of,
    send,
)  # fmt: skip
from e2e.scenarios.fenced_writes import Manifest, World, with_epoch
from e2e.scenarios.operated_world import Clusterful, clusterful
from e2e.scenarios.rendered_chart import applied, render
from e2e.scenarios.running_operator import Install
from e2e.scenarios.running_operator import installed as chart_installed
from e2e.scenarios.webhooked_world import Webhooked, webhooked
from enc_operator.process.settings import Settings, parse_settings


@pytest.fixture(scope="module")
def world(api_server: Cluster) -> Iterator[World]:
    """Make the namespaces of an operator, of Agents and of a tenant."""
    if isinstance(api_server, ExistingCluster):
        pytest.skip("the operator's ServiceAccount is made an administrator: this cluster is somebody's")
    run = secrets.token_hex(3)
    names = [f"enc-{which}-{run}" for which in ("fence", "agents", "tenant")]
    for name in names:
        api_server.kubectl("create", "namespace", name)
    yield World(names[0], names[1], names[2])
    api_server.kubectl("delete", "namespace", "--wait=false", *names)


@pytest.fixture(scope="module")
def manifests(api_server: Cluster, world: World, tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    """Render the chart; what runs pods is left out, here are none."""
    values = tmp_path_factory.mktemp("fence") / "values.yaml"
    agents = [{"namespace": world.agents, "serviceAccounts": list(world.accounts)}]
    values.write_text(yaml.safe_dump({"agents": agents}))
    rendered = render(api_server, world.operator, values, "--no-hooks")
    return [with_epoch(each) for each in rendered if each["kind"] != "Deployment"]


@pytest.fixture(scope="module")
def settings(manifests: list[Manifest]) -> Settings:
    """Read the settings that the chart renders."""
    found = [each["data"]["settings.yaml"] for each in manifests if each["kind"] == "ConfigMap"]
    return parse_settings(found[0])


@pytest.fixture(scope="module")
def fenced(
    api_server: Cluster, world: World, manifests: list[Manifest], settings: Settings
) -> Iterator[client.ApiClient]:
    """Install fence and permissions, and return a client with the operator's own token."""
    crds = {path.stem: yaml.safe_load(path.read_text()) for path in FOLDER.glob("*.yaml")}
    with (
        installed(api_server, crds),
        applied(api_server, manifests),
        api_server.api_of(world.operator, "enc-operator") as api,
    ):
        check = check_of(api, settings)
        wait_until(lambda: holds(check), "the fence holds", seconds=30)
        yield api


@pytest.fixture
def mighty(api_server: Cluster, world: World, fenced: client.ApiClient) -> Iterator[client.ApiClient]:
    """Return the same client after everything was allowed to it by RBAC."""
    name = f"{world.operator}-mighty"
    account = [
        f"--serviceaccount={world.operator}:{each}"
        for each in ("enc-operator", "enc-operator-take-back", "enc-operator-crds")
    ]
    api_server.kubectl("create", "clusterrolebinding", name, "--clusterrole=cluster-admin", *account)
    wait_until(
        lambda: send(fenced, "GET", "/api/v1/secrets?limit=1")[0] == HTTPStatus.OK,
        "RBAC allows all",
        seconds=10,
    )
    yield fenced
    api_server.kubectl("delete", "clusterrolebinding", name)
    wait_until(
        lambda: send(fenced, "GET", "/api/v1/secrets?limit=1")[0] == HTTPStatus.FORBIDDEN,
        "RBAC allows no more",
        seconds=10,
    )


@pytest.fixture
def target(api_server: Cluster, world: World, fenced: client.ApiClient) -> Iterator[Manifest]:
    """Make an AgentTarget as its author does, and return what the API server stores."""
    assert fenced  # the CRDs are there
    path = path_of(world.target())
    with api_server.api() as administrator:
        status, stored = exchange(administrator, "POST", path, world.target())
        assert status == HTTPStatus.CREATED, stored
        yield stored
        freed = {"metadata": {"finalizers": None}}
        send(administrator, "PATCH", f"{path}/agents", freed, "application/merge-patch+json")
        send(administrator, "DELETE", f"{path}/agents")


@pytest.fixture(scope="module")
def tenants(api_server: Cluster) -> Iterator[Clusterful]:
    """Make the namespaces of an install, two tenants and the operator, with an Agent."""
    with clusterful(api_server) as found:
        yield found


@pytest.fixture(scope="module")
def install(
    api_server: Cluster, tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Install]:
    """Have the chart's objects in the cluster, for an operator that a test runs."""
    folder = tmp_path_factory.mktemp("operator")
    agents = {tenants.names["agents"]: ["node", "cluster"]}
    with chart_installed(api_server, tenants.names["operator"], folder, agents) as found:
        yield found


@pytest.fixture(scope="module")
def hooked(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webhooked]:
    """Have the webhook judge the tenants, as an AgentTarget says that enforces."""
    with webhooked(tenants, tmp_path_factory.mktemp("webhook")) as found:
        tenants.apply(tenants.target(enforcement="enforce"))
        wait_until(lambda: not found.try_foreign().accepted, "the webhook enforces", seconds=20)
        yield found
