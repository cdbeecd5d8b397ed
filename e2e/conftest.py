"""The clusters that tests ask for, one of each level for the whole run, and a namespace for each test."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client

from e2e.cluster import choice, images
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster, Level, Unavailable

ROOT = Path(__file__).parents[1]
_MISSING = pytest.StashKey[dict[str, str]]()


@pytest.fixture(scope="session")
def api_server(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Start a cluster in which no pod runs: API server and controllers."""
    yield from _cluster(request.config, Level.API_SERVER)


@pytest.fixture(scope="session")
def node(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Start a cluster with a node, on which pods run."""
    yield from _cluster(request.config, Level.NODE)


@pytest.fixture
def namespace(api_server: Cluster) -> Iterator[str]:
    """Make a namespace of the cluster without a node, for one test."""
    yield from _namespace(api_server)


@pytest.fixture
def node_namespace(node: Cluster) -> Iterator[str]:
    """Make a namespace of the cluster with a node, for one test."""
    yield from _namespace(node)


def _cluster(config: pytest.Config, level: Level) -> Iterator[Cluster]:
    try:
        cluster = choice.start(level)
    except Unavailable as reason:
        _not_here(config, level, reason)
    yield cluster
    cluster.close()


def _not_here(config: pytest.Config, level: Level, reason: Unavailable) -> None:
    """Leave a level out where the machine cannot, and say so at the end; in CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"no cluster of level {level.value}: {reason}", pytrace=False)
    config.stash.setdefault(_MISSING, {})[level.value] = str(reason)
    pytest.skip(f"no cluster of level {level.value}: {reason}")


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
    """Name what this machine could not run."""
    for level, reason in config.stash.get(_MISSING, {}).items():
        terminalreporter.write_line(
            f"NOT RUN on this machine: tests on a cluster of level {level}: {reason}", red=True
        )


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
