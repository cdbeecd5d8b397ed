"""Versions of the API server and of the CRDs."""

from typing import Any

import pytest
import yaml

from doctoring import crd
from enc_operator.cli.doctor.cluster import check_crds, check_version
from enc_operator.cli.doctor.model import Status, Unreadable
from enc_operator.packaged_crds import crd_texts

REFUSED = Unreadable("get it", "you may not")


@pytest.mark.parametrize(
    ("major", "minor", "status"),
    [
        pytest.param("1", "30", Status.OK, id="the oldest with the fence"),
        pytest.param("1", "31+", Status.OK, id="a vendor's"),
        pytest.param("1", "29", Status.FAIL, id="one without"),
        pytest.param("2", "0", Status.OK, id="a later one"),
        pytest.param("", "", Status.FAIL, id="none"),
    ],
)
def test_versions(major: str, minor: str, status: Status) -> None:
    """The fence takes 1.30."""
    assert check_version({"major": major, "minor": minor, "gitVersion": "v1"}).status is status


def test_no_version() -> None:
    """What may not be read is no failure."""
    assert check_version(REFUSED).status is Status.UNKNOWN


def _older(found: dict[str, Any]) -> dict[str, Any]:
    found["spec"]["versions"][0]["schema"] = {}
    return found


def _not_served(found: dict[str, Any]) -> dict[str, Any]:
    return {**found, "status": {}}


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        pytest.param(lambda _: None, Status.FAIL, "does not exist", id="gone"),
        pytest.param(lambda _: REFUSED, Status.UNKNOWN, "you may not", id="unreadable"),
        pytest.param(_not_served, Status.FAIL, "does not serve", id="not established"),
        pytest.param(_older, Status.WARN, "is not that of version", id="of another version"),
    ],
)
def test_crds(change: Any, status: Status, said: str) -> None:
    """One line for the CRD that is not as it should be; one for all where they are."""
    expected = {each["metadata"]["name"]: each for each in map(yaml.safe_load, crd_texts())}
    found = {each["metadata"]["name"]: each for each in map(crd, crd_texts())}
    assert [each.status for each in check_crds(expected, found)] == [Status.OK]
    name = "secretgrants.enc-operator.io"

    (check,) = check_crds(expected, {**found, name: change(found[name])})

    assert (check.status, check.where) == (status, f"CustomResourceDefinition {name}")
    assert said in check.what
    assert check.fix
