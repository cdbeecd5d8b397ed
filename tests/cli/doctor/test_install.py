"""The install, its Deployments, its settings and its Agents."""

from dataclasses import replace
from typing import Any

import pytest

from doctoring import INSTALL, SETTINGS, deployment, of_chart
from enc_operator.cli.doctor.install import check_agents, check_deployment, find_install, read_configured
from enc_operator.cli.doctor.model import Check, Found, Status, Unreadable
from enc_operator.core.findings import ObjectRef
from enc_operator.errors import UsageError

REFUSED = Unreadable("get it", "you may not")
WHERE = ObjectRef("ConfigMap", "enc-operator", "enc-operator")


def test_the_only_install() -> None:
    """It is the operator's Deployment that tells; others with the label do not count."""
    other = {**deployment(), "spec": {"template": {"metadata": {"labels": {}}}}}

    assert find_install([other, deployment()]) == INSTALL
    assert find_install([other]) is None
    assert INSTALL.global_name == "enc-operator.enc-operator"


def test_several_installs() -> None:
    """One has to be named."""
    with pytest.raises(UsageError, match="in the namespaces enc-operator, enc-operator"):
        find_install([deployment(), deployment()])


@pytest.mark.parametrize(
    ("found", "status", "said"),
    [
        pytest.param(None, Status.FAIL, "does not exist", id="gone"),
        pytest.param(REFUSED, Status.UNKNOWN, "you may not", id="unreadable"),
        pytest.param({"data": {"settings.yaml": "agents: 5"}}, Status.FAIL, "agents", id="misshapen"),
    ],
)
def test_settings(found: Found, status: Status, said: str) -> None:
    """What is wrong with the settings is a check."""
    check = read_configured(found, WHERE)

    assert isinstance(check, Check)
    assert check.status is status
    assert said in check.what
    assert read_configured(of_chart("ConfigMap"), WHERE) == SETTINGS


UNSCHEDULED = {"conditions": [{"status": "True"}, {"status": "False", "message": "0/3 nodes are available"}]}
CRASHING = {"containerStatuses": [{}, {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}


@pytest.mark.parametrize(
    ("ready", "pods", "expected"),
    [
        pytest.param(2, [], (Status.OK, "2 of 2 pods are ready"), id="all"),
        pytest.param(1, [], (Status.WARN, "1 of 2 pods are ready"), id="some"),
        pytest.param(0, REFUSED, (Status.FAIL, "0 of 2 pods are ready"), id="none, and nobody may say why"),
        pytest.param(
            0, [{"status": UNSCHEDULED}], (Status.FAIL, "0 of 2 pods are ready: 0/3 nodes are available"), id="unscheduled"
        ),
        pytest.param(
            0, [{"status": {}}, {"status": CRASHING}], (Status.FAIL, "0 of 2 pods are ready: CrashLoopBackOff"), id="crashing"
        ),
    ],
)  # fmt: skip
def test_deployments(ready: int, pods: Any, expected: tuple[Status, str]) -> None:
    """It is said how many pods are ready, and why not all."""
    (check,) = check_deployment(deployment(ready), pods)

    assert (check.status, check.what) == expected


def test_no_replicas_of_another_version() -> None:
    """One that is scaled to nothing fails; a version that is not encctl's is said, too."""
    found = deployment()
    found["spec"]["replicas"] = 0
    found["metadata"]["labels"] = {}

    scaled, other = check_deployment(found, [])

    assert (scaled.status, scaled.what) == (Status.FAIL, "it is scaled to 0")
    assert (other.status, other.what[:26]) == (Status.WARN, "it is of version unknown, ")


def test_agents() -> None:
    """Namespaces and ServiceAccounts of the list have to exist; those of a namespace that does not are not named."""
    there: Found = {"kind": "x"}
    listed = dict.fromkeys(sorted(SETTINGS.accounts), there)

    (fine,) = check_agents(SETTINGS, {"datadog": there}, listed)
    (gone,) = check_agents(SETTINGS, {"datadog": None}, dict.fromkeys(listed, None))
    (unknown,) = check_agents(SETTINGS, {"datadog": REFUSED}, listed)
    (empty,) = check_agents(replace(SETTINGS, agents=()), {}, {})

    assert fine.what == "the install lists datadog/datadog, datadog/datadog-cluster-agent"
    assert (gone.status, gone.where) == (Status.FAIL, "Namespace datadog")
    assert unknown.status is Status.UNKNOWN
    assert (empty.status, empty.what) == (Status.FAIL, "`agents` is empty: nobody is given anything")
