"""A consent that ends while the operator's watch is blind ends the permission all the same, and so does time alone."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.faulty_proxy import FaultyProxy, Request, faulty_proxy
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.running_operator import Install, OperatorProcess, within

GRANTS = "/apis/enc-operator.io/v1alpha1/secretgrants"
_SILENCE = 75
_PATIENCE = 40  # seconds: a watch that breaks again and again is tried every 30


@pytest.fixture(scope="module")
def proxy(api_server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyProxy]:
    """Put a proxy before the API server."""
    with faulty_proxy(api_server, tmp_path_factory.mktemp("proxy")) as found:
        yield found


@pytest.fixture(scope="module")
def running(install: Install, tenants: Clusterful, proxy: FaultyProxy) -> Iterator[OperatorProcess]:
    """Run the operator behind the proxy; what merely disappears has a minute of grace, what is revoked has none."""
    tenants.apply(tenants.target())
    kubeconfig = install.kubeconfig(proxy.url, proxy.authority)
    with install.operator(kubeconfig, graceSeconds=60) as process:
        yield process.ready().leading()


@pytest.fixture
def operator(running: OperatorProcess, tenants: Clusterful) -> Iterator[OperatorProcess]:
    """Have the bank's Secret opened by a grant; tenants' objects end with the test, and the operator has lived through it."""
    tenants.open()
    yield running
    tenants.clear()
    within(_PATIENCE, "nothing is left", lambda: not tenants.may("bank", "db"))
    assert running.process.poll() is None


def is_watch(request: Request) -> bool:
    """Match watches of SecretGrants."""
    return request.is_watch and request.path == GRANTS


def blinded(tenants: Clusterful, proxy: FaultyProxy, meanwhile: Callable[[], None]) -> None:
    """Do something while no watch of SecretGrants can be had."""
    with proxy.fault(is_watch, cut=True) as down:
        proxy.cut()
        wait_until(lambda: down.met, "a watch was cut off", seconds=_PATIENCE)
        meanwhile()
        assert tenants.may("bank", "db")


@pytest.mark.usefixtures("operator")
def test_a_grant_deleted_while_the_connection_is_cut(tenants: Clusterful, proxy: FaultyProxy) -> None:
    """The next watch tells of it."""
    blinded(tenants, proxy, lambda: tenants.delete("secretgrant", "bank", "g"))

    within(_PATIENCE, "the Agent may not any more", lambda: not tenants.may("bank", "db"))


@pytest.mark.usefixtures("operator")
def test_a_grant_deleted_before_what_the_api_server_remembers(
    tenants: Clusterful, proxy: FaultyProxy
) -> None:
    """Where the API server says 410 to the resourceVersion of the watch, the new list takes the permission away."""
    listed = len(lists(proxy))
    with proxy.fault(is_watch, cut=True) as down:
        proxy.cut()
        wait_until(lambda: down.met, "a watch was cut off", seconds=_PATIENCE)
        tenants.delete("secretgrant", "bank", "g")
        with proxy.fault(is_watch, status=410) as expired:
            down.times = 0
            within(_PATIENCE, "the Agent may not any more", lambda: not tenants.may("bank", "db"))

    assert expired.met
    assert len(lists(proxy)) > listed


@pytest.mark.usefixtures("operator")
def test_a_grant_deleted_while_its_watch_is_a_black_hole(tenants: Clusterful, proxy: FaultyProxy) -> None:
    """A watch through which nothing comes is given up after 75 seconds, and the next one tells of it."""
    with proxy.fault(is_watch, edit=lambda _: None, times=1) as hole:
        proxy.cut()
        wait_until(lambda: hole.met, "it watches", seconds=_PATIENCE)
    tenants.delete("secretgrant", "bank", "g")
    assert tenants.may("bank", "db")

    within(_SILENCE + 5, "the Agent may not any more", lambda: not tenants.may("bank", "db"))


@pytest.mark.usefixtures("operator")
def test_a_grant_whose_deletion_is_swallowed(tenants: Clusterful, proxy: FaultyProxy) -> None:
    """Where something on the way hides the event, the first new list takes the permission away."""

    def swallow(line: bytes) -> bytes | None:
        return None if b'"DELETED"' in line else line

    with proxy.fault(is_watch, edit=swallow) as swallowing:
        proxy.cut()
        wait_until(lambda: swallowing.met, "it watches", seconds=_PATIENCE)
        tenants.delete("secretgrant", "bank", "g")
        tenants.apply(
            tenants.grant("later", "bank", "other"), tenants.pod("two", tenants.handle("bank", "other"))
        )
        within(10, "what came later is known", lambda: tenants.may("bank", "other"))
        assert tenants.may("bank", "db")
    with proxy.fault(is_watch, status=410, times=1):
        proxy.cut()
        within(_PATIENCE, "the Agent may not any more", lambda: not tenants.may("bank", "db"))

    assert tenants.may("bank", "other")


@pytest.mark.usefixtures("operator")
def test_a_grant_deleted_and_made_anew_for_others(tenants: Clusterful, proxy: FaultyProxy) -> None:
    """What has the same name and another uid is another consent."""

    def exchange() -> None:
        tenants.delete("secretgrant", "bank", "g")
        tenants.apply(tenants.grant("g", "bank", "other"))

    blinded(tenants, proxy, exchange)

    within(_PATIENCE, "the Agent may not any more", lambda: not tenants.may("bank", "db"))


@pytest.mark.usefixtures("operator")
def test_a_grant_that_expires(tenants: Clusterful) -> None:
    """Time alone takes the permission away: nothing else happens, and there is no grace."""
    ends = datetime.now(UTC) + timedelta(seconds=5)  # noqa: TID251 - the API server's clock is this one
    expires: dict[str, Any] = {"expires": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}
    tenants.apply(tenants.grant("g", "bank", "db", **expires))
    assert tenants.may("bank", "db")

    took = within(8, "the Agent may not any more", lambda: not tenants.may("bank", "db"))

    assert took > 1


def lists(proxy: FaultyProxy) -> list[Request]:
    """Return the lists of SecretGrants that were asked for."""
    return [each for each in proxy.requests if each.path == GRANTS and not each.is_watch]
