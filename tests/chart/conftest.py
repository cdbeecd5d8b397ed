"""Helm, and Prometheus' own engine, for tests of the chart."""

import pytest

from e2e.cluster import binaries
from e2e.cluster.interface import Unavailable
from e2e.monitoring.prometheus import judge


@pytest.fixture(scope="session")
def helm() -> str:
    """Return the pinned Helm, which is built with Go."""
    try:
        return binaries.helm()
    except Unavailable as reason:
        pytest.skip(f"the chart is not rendered: {reason}")


@pytest.fixture(scope="session")
def prometheus() -> None:
    """Leave out what Prometheus' engine is asked where it cannot be built."""
    try:
        judge(["up"])
    except Unavailable as reason:
        pytest.skip(f"the alerts are not judged: {reason}")
