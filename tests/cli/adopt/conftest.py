"""A kubectl that plays a cluster's answers."""

from pathlib import Path

import pytest

from kubectl_stand_in import StandIn


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Put a stand-in into PATH, alone."""
    folder = tmp_path / "kubectl"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return StandIn(folder)
