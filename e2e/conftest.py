"""The clusters that tests ask for, one of each level for the whole run, and a namespace for each test."""

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest
from kubernetes import client

from e2e.cluster import choice, images
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster, Level, Unavailable
from e2e.cluster.native import NativeCluster
from e2e.scenarios.running_agents import AgentImages, build_images

C = TypeVar("C", bound=Cluster)
ROOT = Path(__file__).parents[1]
_TOLD = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def api_server(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Start a cluster in which no pod runs: API server and controllers."""
    yield from _cluster(request.config, Level.API_SERVER, choice.start)


@pytest.fixture(scope="module")
def own_cluster(request: pytest.FixtureRequest) -> Iterator[NativeCluster]:
    """Start a cluster without a node for one module, which may end its programs: a native one, whatever the others are."""
    yield from _cluster(request.config, Level.API_SERVER, _native)


@pytest.fixture(scope="session")
def node(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Start a cluster with a node, on which pods run."""
    yield from _cluster(request.config, Level.NODE, choice.start)


@pytest.fixture
def namespace(api_server: Cluster) -> Iterator[str]:
    """Make a namespace of the cluster without a node, for one test."""
    yield from _namespace(api_server)


@pytest.fixture
def node_namespace(node: Cluster) -> Iterator[str]:
    """Make a namespace of the cluster with a node, for one test."""
    yield from _namespace(node)


@pytest.fixture(scope="session")
def go(request: pytest.FixtureRequest) -> str:
    """Return the path of Go."""
    found = shutil.which("go")
    return found or _not_here(request.config, "the Agent stand-in's own tests", "Go is not installed")


def _native(level: Level) -> NativeCluster:
    return NativeCluster(level, version=choice.asked_version())


def _cluster(config: pytest.Config, level: Level, start: Callable[[Level], C]) -> Iterator[C]:
    began = time.monotonic()
    try:
        cluster = start(level)
    except Unavailable as reason:
        _not_here(config, f"level {level.value}", str(reason))
    _tell(config, f"level {level.value}: {cluster.name}, up after {time.monotonic() - began:.1f} s")
    yield cluster
    cluster.close()


def _not_here(config: pytest.Config, what: str, reason: str) -> NoReturn:
    """Leave out what the machine cannot run, and say so at the end; in CI that is a failure."""
    told = f"{what}: NOT RUN on this machine: {reason}"
    if os.environ.get("CI"):
        pytest.fail(told, pytrace=False)
    _tell(config, told)
    pytest.skip(told)


def _tell(config: pytest.Config, line: str) -> None:
    config.stash.setdefault(_TOLD, []).append(line)


@pytest.fixture(scope="session")
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return what adds a line to the last ones of the test run."""
    return partial(_tell, request.config)


def _namespace(cluster: Cluster) -> Iterator[str]:
    name = f"enc-e2e-{secrets.token_hex(4)}"
    with cluster.api() as api:
        core = client.CoreV1Api(api)
        core.create_namespace({"metadata": {"name": name}})
        wait_until(
            lambda: core.list_namespaced_service_account(name).items,
            f"{name} has a ServiceAccount",
            seconds=30,
        )
        yield name
        core.delete_namespace(name)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name the clusters that were used, and what this machine could not run."""
    for line in config.stash.get(_TOLD, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def base_image(node: Cluster) -> str:
    """Bring an image with a shell and the usual programs to the node, and return its name."""
    node.load_image(images.base())
    return images.BASE


@pytest.fixture(scope="session")
def operator_image(node: Cluster) -> str:
    """Build the project's own image from its Dockerfile, bring it to the node, and return its name."""
    name = "enc-operator.io/enc-operator:e2e"
    node.load_image(images.build(name, ROOT))
    return name


@pytest.fixture(scope="session")
def agent_images(node: Cluster) -> AgentImages:
    """Build the Agent stand-in's images and bring them to the node."""
    return build_images(node)
