"""`encctl doctor` on a real API server: a clean install, and of each thing that is broken exactly its lines."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster.native import NativeCluster
from e2e.scenarios.doctored_install import Doctored, doctored
from e2e.scenarios.doctored_wrongs import WRONGS
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.running_webhook import admission

GOLDEN = Path(__file__).parent / "golden/doctor"
"""What is said; `pytest --update-golden tests/golden e2e/scenarios/test_doctor.py` writes it anew."""


@pytest.fixture(scope="module")
def patient(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doctored]:
    """Have a whole install, whose AgentTarget has permissions written."""
    if not isinstance(tenants.cluster, NativeCluster):
        pytest.skip("its API server does not run on this machine, where the webhook does")
    with (
        admission(tenants, tmp_path_factory.mktemp("doctor")) as admitting,
        doctored(admitting, tenants) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def clean(patient: Doctored) -> list[str]:
    """Return what is said of the clean install."""
    return patient.lines()


def agree(request: pytest.FixtureRequest, case: str, told: list[str]) -> None:
    """Compare with the golden text, or write it where that is asked for."""
    file = GOLDEN / f"{case.replace(' ', '-')}.txt"
    if request.config.getoption("--update-golden", default=False):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{line}\n" for line in told))
    assert told == file.read_text().splitlines()


def test_a_clean_install(request: pytest.FixtureRequest, patient: Doctored, clean: list[str]) -> None:
    """Every check is ok, and so is the exit code."""
    agree(request, "a clean install", clean)
    assert clean[-1] == "17 ok, 0 warn, 0 fail, 0 unknown"
    assert patient.examine().returncode == 0


@pytest.mark.parametrize("case", WRONGS)
def test_something_is_broken(
    request: pytest.FixtureRequest, patient: Doctored, clean: list[str], case: str
) -> None:
    """What is broken is said, with what to do, and nothing else changes; afterwards all is well again."""
    with WRONGS[case](patient):
        told = [line for line in patient.lines()[:-1] if line not in clean]

    agree(request, case, told)
    assert told


def test_as_data(patient: Doctored) -> None:
    """JSON has the same checks."""
    patient.renew()
    found = json.loads(patient.examine("-o", "json").stdout)

    assert found["summary"] == {"ok": 17, "warn": 0, "fail": 0, "unknown": 0}
    assert {each["status"] for each in found["checks"]} == {"ok"}
    assert found["checks"][0]["check"] == "cluster"


def test_no_rights(patient: Doctored) -> None:
    """Who may do nothing is told which right each check takes, and gets no traceback and no good end."""
    ran = patient.examine(f"--as=system:serviceaccount:{patient.tenants.names['shop']}:default")

    told = patient.plain(ran.stdout).splitlines()
    assert ran.returncode == 2, ran.stderr
    assert not [line for line in told if line.startswith(("fail", "warn"))]
    assert (
        "        fix: it takes the right to get customresourcedefinitions.apiextensions.k8s.io agenttargets.enc-operator.io"
        in [line.replace("          fix", "        fix") for line in told]
    )
    assert "Traceback" not in ran.stderr
