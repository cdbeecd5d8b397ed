"""The fence as the chart renders it, with one thing wrong at a time; and the leader's Lease."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from doctoring import INSTALL, SETTINGS, all_of, lease
from enc_operator.cli.doctor.fence import check_fence, check_lease
from enc_operator.cli.doctor.model import Found, Status, Unreadable

POLICIES, BINDINGS = all_of("ValidatingAdmissionPolicy"), all_of("ValidatingAdmissionPolicyBinding")
REFUSED = Unreadable("list them", "you may not")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _set(kind: str, part: str, **fields: Any) -> Callable[[], tuple[list[Any], list[Any]]]:
    """Return the fence with fields of one specification replaced."""

    def changed() -> tuple[list[Any], list[Any]]:
        found = all_of("ValidatingAdmissionPolicy"), all_of("ValidatingAdmissionPolicyBinding")
        for each in found[kind == "binding"]:
            if each["metadata"]["name"].endswith(part):
                each["spec"] = {**each["spec"], **fields}
        return found

    return changed


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param(lambda: (POLICIES[1:], BINDINGS), "it does not exist", id="a policy is gone"),
        pytest.param(_set("policy", "rbac", failurePolicy="Ignore"), "its failurePolicy is not Fail", id="it ignores"),
        pytest.param(_set("policy", "rbac", matchConditions=[]), "it is not about the ServiceAccounts", id="of others"),
        pytest.param(_set("policy", "rbac", variables=[]), "the Agents in it are not those", id="of other Agents"),
        pytest.param(lambda: (POLICIES, BINDINGS[1:]), "its policy is silent", id="a binding is gone"),
        pytest.param(_set("binding", "rbac", policyName="a"), "it binds another policy", id="of another policy"),
        pytest.param(_set("binding", "rbac", validationActions=["Warn"]), "lack Deny", id="it only warns"),
        pytest.param(_set("binding", "rbac", matchResources={}), "narrow what its policy judges", id="narrowed"),
        pytest.param(_set("binding", "epoch", paramRef={}), "without its parameter", id="without a parameter"),
    ],
)  # fmt: skip
def test_what_is_wrong(changed: Any, said: str) -> None:
    """Each is a line that fails."""
    (check,) = check_fence(INSTALL, SETTINGS, *changed())

    assert check.status is Status.FAIL
    assert said in check.what


def test_the_whole_fence() -> None:
    """As the chart renders it all is well; what may not be listed is said once; without a fence that is said."""
    (fine,) = check_fence(INSTALL, SETTINGS, POLICIES, BINDINGS)
    (refused,) = check_fence(INSTALL, SETTINGS, REFUSED, REFUSED)
    (off,) = check_fence(INSTALL, replace(SETTINGS, fence=False), [], [])

    assert [each.status for each in (fine, refused, off)] == [Status.OK, Status.UNKNOWN, Status.WARN]


@pytest.mark.parametrize(
    ("found", "status", "said"),
    [
        pytest.param(lease("2026-01-01T00:00:00Z"), Status.OK, "a holds it", id="fresh"),
        pytest.param(lease("2025-12-31T23:58:00.000000Z"), Status.FAIL, "for 120 s", id="late"),
        pytest.param(lease("2026-01-01T00:02:00Z"), Status.WARN, "future (120 s)", id="early"),
        pytest.param(lease("2026-01-01T00:00:00Z", ""), Status.FAIL, "nobody holds it", id="free"),
        pytest.param(lease(""), Status.FAIL, "never renewed", id="never renewed"),
        pytest.param(lease("2026-01-01T00:00:00"), Status.FAIL, "never renewed", id="of no time zone"),
        pytest.param(None, Status.FAIL, "does not exist", id="gone"),
        pytest.param(REFUSED, Status.UNKNOWN, "you may not", id="unreadable"),
    ],
)
def test_leases(found: Found, status: Status, said: str) -> None:
    """Somebody has to hold it and to have renewed it within a minute."""
    check = check_lease(SETTINGS, found, NOW)

    assert check.status is status
    assert said in check.what
