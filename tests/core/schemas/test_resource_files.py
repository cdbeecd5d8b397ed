"""The folders of valid and invalid resources, which are the tables of what is accepted and what is not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from enc_operator.core.findings import render_path
from enc_operator.core.schemas import check_resource
from enc_operator.core.syntax import parse_yaml

TESTS = Path(__file__).parents[2]
KINDS = ("secretgrant", "clustersecretgrant", "agenttarget")
INVALID = sorted((TESTS / "invalid").glob("*/*.yaml"))
VALID = sorted((TESTS / "valid").glob("*/*.yaml"))


def sentence(path: Path) -> str:
    """Name a case by its file."""
    return f"{path.parent.name} {path.stem.replace('-', ' ')}"


def read(path: Path) -> Any:
    """Decode a case as encctl does."""
    return parse_yaml(path.read_text()).value


@pytest.mark.parametrize("path", VALID, ids=sentence)
def test_a_valid_resource_has_no_fault(path: Path, crds: Mapping[str, Mapping[str, Any]]) -> None:
    """What the API server accepts is accepted offline."""
    assert check_resource(read(path), crds) == ()


@pytest.mark.parametrize("path", INVALID, ids=sentence)
def test_an_invalid_resource_has_faults_only_where_it_announces_them(
    path: Path, crds: Mapping[str, Mapping[str, Any]]
) -> None:
    """The first line of each file says where the fault is and what it is; nothing else in it is found fault with."""
    where, _, what = path.read_text().partition("\n")[0].removeprefix("# ").partition(": ")

    faults = check_resource(read(path), crds)

    assert {render_path(fault.path) or "(root)" for fault in faults} == {where}
    assert any(what in fault.message for fault in faults)
    assert all(fault.fix for fault in faults)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_dozen_invalid_cases_and_some_valid_ones(kind: str) -> None:
    """A folder that somebody empties by mistake does not pass for a table."""
    assert sum(path.parent.name == kind for path in INVALID) >= 12
    assert sum(path.parent.name == kind for path in VALID) >= 2
