"""The CRDs as the chart ships them, for the tests of this folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from enc_operator.core.schemas import read_crds

CRDS = Path(__file__).parents[3] / "charts/enc-operator/crds"
_FIRST_GRANT = Path(__file__).parents[2] / "valid/secretgrant/minimal.yaml"


@pytest.fixture(scope="session")
def crds() -> dict[str, Mapping[str, Any]]:
    """Return the parsed CRDs by kind."""
    return read_crds(path.read_text() for path in sorted(CRDS.glob("*.yaml")))


@pytest.fixture
def grant() -> dict[str, Any]:
    """Return a valid SecretGrant that the test may change."""
    document: dict[str, Any] = yaml.safe_load(_FIRST_GRANT.read_text())
    return document
