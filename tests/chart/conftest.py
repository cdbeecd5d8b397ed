"""Helm, for tests of the chart."""

import pytest

from e2e.cluster import binaries
from e2e.cluster.interface import Unavailable


@pytest.fixture(scope="session")
def helm() -> str:
    """Return the pinned Helm, which is built with Go."""
    try:
        return binaries.helm()
    except Unavailable as reason:
        pytest.skip(f"the chart is not rendered: {reason}")
