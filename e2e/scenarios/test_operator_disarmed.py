"""The operator without its fence, without its rights, without the API server: it says so, gives nothing, and goes on by itself."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.audit_trail import AuditTrail
from e2e.scenarios.faulty_proxy import FaultyProxy, faulty_proxy
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.rendered_chart import Manifest
from e2e.scenarios.running_operator import Install, OperatorProcess, within

_OK, _UNAVAILABLE = 200, 503
_STILL_OPEN = {"allowed": 1, "denied": 1, "residual": 1}
_NOTICED = 45  # seconds: the fence is asked every 30


@pytest.fixture(scope="module")
def proxy(api_server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyProxy]:
    """Put a proxy before the API server."""
    with faulty_proxy(api_server, tmp_path_factory.mktemp("proxy")) as found:
        yield found


@pytest.fixture
def operator(install: Install, tenants: Clusterful, proxy: FaultyProxy) -> Iterator[OperatorProcess]:
    """Run the operator behind the proxy, with one permission written; tenants' objects end with the test."""
    tenants.apply(tenants.target())
    with install.operator(install.kubeconfig(proxy.url, proxy.authority)) as process:
        process.ready().leading()
        tenants.open()
        yield process
        tenants.clear()


def part_of(install: Install, kind: str, ending: str) -> Manifest:
    """Return an object of the chart by the end of its name."""
    return next(
        each for each in install.manifests
        if each["kind"] == kind and each["metadata"]["name"].endswith(ending)
    )  # fmt: skip


def test_nothing_is_written_without_the_fence(
    operator: OperatorProcess, tenants: Clusterful, install: Install
) -> None:
    """From the next look at it on; /readyz and the AgentTarget say so, and with the fence it goes on."""
    binding = part_of(install, "ValidatingAdmissionPolicyBinding", "rbac")
    with without(tenants, binding):
        within(_NOTICED, "it is not ready", lambda: operator.get("/readyz")[0] == _UNAVAILABLE)
        assert "the fence does not hold" in operator.get("/readyz")[1]
        audit = AuditTrail(tenants.cluster, install)
        tenants.apply(tenants.pod("two", tenants.handle("shop", "db")))
        tenants.delete("secretgrant", "bank", "g")
        within(30, "it is counted", lambda: tenants.status()["references"] == _STILL_OPEN)
        within(10, "it says so", lambda: tenants.condition("FenceHolds")[:2] == ("False", "FenceMissing"))
        assert [tenants.condition(each)[0] for each in ("Ready", "PermissionsWritten")] == ["False"] * 2
        assert not [each for each in audit.writes() if "rbac.authorization" in each]

    within(20, "it is written", lambda: tenants.may("shop", "db") and not tenants.may("bank", "db"))
    within(20, "it says so", lambda: tenants.condition("FenceHolds")[0] == "True")
    assert operator.process.poll() is None


@contextmanager
def without(tenants: Clusterful, manifest: Manifest) -> Iterator[None]:
    """Take an object of the chart out of the cluster for a while."""
    tenants.cluster.kubectl("delete", manifest["kind"], manifest["metadata"]["name"])
    try:
        yield
    finally:
        tenants.apply(manifest)


def test_rights_that_are_taken_away_and_given_back(
    operator: OperatorProcess, tenants: Clusterful, install: Install, proxy: FaultyProxy
) -> None:
    """Without its ClusterRoleBinding the operator knows nothing new and gives nothing; with it everything is as it should be."""
    with without(tenants, part_of(install, "ClusterRoleBinding", "")):
        proxy.cut()
        within(_NOTICED, "it is not ready", lambda: operator.get("/readyz")[0] == _UNAVAILABLE)
        tenants.delete("secretgrant", "bank", "g")
        tenants.apply(tenants.pod("two", tenants.handle("shop", "db")))

    within(60, "all is right", lambda: tenants.may("shop", "db") and not tenants.may("bank", "db"))
    within(30, "it is ready", lambda: operator.get("/readyz")[0] == _OK)
    assert operator.process.poll() is None


def test_a_short_absence_of_the_api_server(
    operator: OperatorProcess, tenants: Clusterful, proxy: FaultyProxy
) -> None:
    """It goes on leading, and what happened meanwhile is made up for."""
    with proxy.fault(lambda _: True, cut=True) as down:
        proxy.cut()
        wait_until(lambda: down.met, "it is refused", seconds=20)
        began = time.monotonic()
        tenants.delete("secretgrant", "bank", "g")
        tenants.apply(tenants.pod("two", tenants.handle("shop", "db")))
        wait_until(lambda: time.monotonic() > began + 5, "some seconds have gone", seconds=10)
    within(40, "it is as it should be", lambda: tenants.may("shop", "db") and not tenants.may("bank", "db"))
    assert operator.process.poll() is None


def test_a_long_absence_of_the_api_server(
    operator: OperatorProcess, tenants: Clusterful, proxy: FaultyProxy, install: Install
) -> None:
    """The process ends, since it cannot know whether it leads; the next one makes up for everything."""
    with proxy.fault(lambda _: True, cut=True) as down:
        proxy.cut()
        assert operator.process.wait(30) == 1
        tenants.delete("secretgrant", "bank", "g")
        tenants.apply(tenants.pod("two", tenants.handle("shop", "db")))
        assert tenants.may("bank", "db")
        with install.operator(install.kubeconfig(proxy.url, proxy.authority)) as another:
            wait_until(
                lambda: another.get("/readyz")[0] == _UNAVAILABLE, "it says that it knows nothing", seconds=20
            )
            down.times = 0
            within(40, "all is right", lambda: tenants.may("shop", "db") and not tenants.may("bank", "db"))
            assert another.get("/healthz") == (_OK, "ok\n")
            tenants.clear()
