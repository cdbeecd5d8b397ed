"""Every write and every question of the operator answered badly, once each: the end is right, and then there is rest."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.audit_trail import AuditTrail
from e2e.scenarios.faulty_proxy import FaultyProxy, Matches, Request, faulty_proxy
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.running_operator import Install, OperatorProcess, within

FAULTS: dict[str, dict[str, Any]] = {
    "400": {"status": 400},
    "401": {"status": 401},
    "403": {"status": 403},
    "404": {"status": 404},
    "409": {"status": 409},
    "410": {"status": 410},
    "422": {"status": 422},
    "429 with Retry-After": {"status": 429, "headers": {"Retry-After": "1"}},
    "500": {"status": 500},
    "503": {"status": 503},
    "504 after it was done": {"status": 504, "after": True},
    "a reset before it was done": {"cut": True},
    "a reset after it was done": {"cut": True, "after": True},
    "half an answer": {"truncate": 30},
    "an empty answer": {"truncate": 0},
}
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_REST = 10.0


@pytest.fixture(scope="module")
def proxy(api_server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyProxy]:
    """Put a proxy before the API server."""
    with faulty_proxy(api_server, tmp_path_factory.mktemp("proxy")) as found:
        yield found


@pytest.fixture(scope="module")
def operator(install: Install, tenants: Clusterful, proxy: FaultyProxy) -> Iterator[OperatorProcess]:
    """Run the operator behind the proxy."""
    tenants.apply(tenants.target())
    with install.operator(install.kubeconfig(proxy.url, proxy.authority)) as process:
        yield process.ready().leading()


def writes(method: str, plural: str) -> Matches:
    """Match one kind of write, but not the fence's trials."""

    def matches(request: Request) -> bool:
        kind = request.path.split("/namespaces/")[-1].split("/")[1:2]
        return request.method == method and kind == [plural] and "dryRun" not in request.query

    return matches


def asks(request: Request) -> bool:
    """Match questions to RBAC."""
    return request.path == REVIEWS


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_each_write_goes_wrong_once(
    fault: dict[str, Any], operator: OperatorProcess, tenants: Clusterful, proxy: FaultyProxy
) -> None:
    """Creation, change and deletion of Role and binding, and a question, all end as they should."""
    with ExitStack() as stack:
        met = {
            f"{method} {plural}": stack.enter_context(proxy.fault(writes(method, plural), times=1, **fault))
            for method in ("POST", "PUT", "DELETE")
            for plural in ("roles", "rolebindings")
        }
        met["questions"] = stack.enter_context(proxy.fault(asks, times=1, **fault))
        tenants.apply(tenants.pod("web", tenants.handle("shop", "db")))
        within(20, "the Agent may read it", lambda: tenants.may("shop", "db"))
        tenants.apply(
            tenants.pod("two", tenants.handle("shop", "more")),
            tenants.pod("far", tenants.handle("bank", "db")),
        )
        within(20, "the Agent may read more", lambda: tenants.may("shop", "more"))
        wait_until(lambda: met["questions"].met, "RBAC is asked, or asked once more", seconds=20)
        name = tenants.written("shop")[0].partition("/")[2]
        tenants.cluster.kubectl("-n", tenants.names["shop"], "label", "rolebinding", name, "stray=label")
        wait_until(lambda: met["PUT rolebindings"].met, "the binding is put right", seconds=20)
        tenants.cluster.kubectl("-n", tenants.names["shop"], "delete", "pods", "--all", "--force")
        within(30, "nothing is left", lambda: not tenants.written("shop"))

    assert not [what for what, each in met.items() if not each.met]
    assert operator.process.poll() is None


def test_rest(operator: OperatorProcess, tenants: Clusterful, install: Install) -> None:
    """When nothing changes, nothing is written."""
    tenants.clear()
    # What is said of the time before may be the same.
    within(20, "nothing is counted", lambda: not any(tenants.status()["references"].values()))
    tenants.open()
    within(20, "all is well", lambda: tenants.condition("PermissionsWritten")[1] == "Converged")
    within(20, "it is counted", lambda: tenants.status()["references"]["allowed"] == 1)
    audit = AuditTrail(tenants.cluster, install)

    threading.Event().wait(_REST)  # what must not happen has no condition to wait for

    assert audit.writes() == []
    tenants.clear()
    assert operator.process.poll() is None


def test_a_status_that_cannot_be_written_harms_nothing(
    operator: OperatorProcess, tenants: Clusterful, proxy: FaultyProxy
) -> None:
    """Permissions follow, and the status as soon as it can."""

    def patches(request: Request) -> bool:
        return request.method == "PATCH" and "agenttargets" in request.path

    with proxy.fault(patches, status=500) as broken:
        tenants.apply(
            tenants.pod("web", tenants.handle("shop", "db")),
            tenants.pod("two", tenants.handle("shop", "two")),
        )
        within(10, "the Agent may read it", lambda: tenants.may("shop", "db"))
        wait_until(lambda: broken.met, "the status is tried", seconds=30)
    within(
        60, "it is counted", lambda: json.dumps(tenants.status()["references"]).startswith('{"allowed": 2')
    )
    tenants.clear()
    assert operator.process.poll() is None
