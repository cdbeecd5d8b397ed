"""Which CRDs may be applied over which; that they are is shown on a real API server."""

from typing import Any

import pytest

from enc_operator.controller.crds import find_lost_version, is_served

CRD: dict[str, Any] = {
    "metadata": {"name": "a.enc-operator.io"},
    "spec": {"versions": [{"name": "v1alpha1"}]},
}


@pytest.mark.parametrize(
    ("current", "lost"),
    [
        (None, ""),
        ({}, ""),
        ({"status": {"storedVersions": ["v1alpha1"]}}, ""),
        (
            {"status": {"storedVersions": ["v1alpha1", "v1beta1"]}},
            "a.enc-operator.io: objects are stored as v1beta1, which this version does not know",
        ),
    ],
    ids=["there is none", "it stores nothing yet", "the same version", "a newer version"],
)
def test_a_stored_version_is_not_lost(current: dict[str, Any] | None, lost: str) -> None:
    """A CRD without a version that objects are stored in would make them unreadable."""
    assert find_lost_version(CRD, current) == lost


@pytest.mark.parametrize(
    ("conditions", "served"),
    [([], False), ([{"type": "Established", "status": "False"}], False), ([{"type": "Established", "status": "True"}], True)],
    ids=["nothing is known", "not yet", "now"],
)  # fmt: skip
def test_it_is_served_when_it_is_established(conditions: list[dict[str, str]], served: bool) -> None:  # noqa: FBT001
    """The API server says so in a condition."""
    assert is_served({"status": {"conditions": conditions}}) is served
    assert not is_served({})
