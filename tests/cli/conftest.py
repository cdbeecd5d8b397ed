"""Manifests that the tests of the command line read."""

from pathlib import Path

import pytest

from assessing import NODE_AGENT, pod
from kubectl_stand_in import StandIn

GOOD = f"{NODE_AGENT}\n---\n{pod()}"
BAD = pod("ENC[k8s_secret@db/orders/password]")


@pytest.fixture
def good(tmp_path: Path) -> str:
    """Return a file with a reference that is allowed."""
    (tmp_path / "good.yaml").write_text(GOOD)
    return str(tmp_path / "good.yaml")


@pytest.fixture
def bad(tmp_path: Path) -> str:
    """Return a file with a reference that is denied."""
    (tmp_path / "bad.yaml").write_text(BAD)
    return str(tmp_path / "bad.yaml")


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Put a kubectl that plays a cluster's answers into PATH, alone."""
    folder = tmp_path / "kubectl"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return StandIn(folder)
