"""A replica of the webhook that only begins, and who asks it then: the Service may lead there before anybody knows."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from e2e.cluster.native import NativeCluster
from e2e.scenarios.faulty_proxy import FaultyProxy, Matches, Request, faulty_proxy
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.running_operator import within
from e2e.scenarios.running_webhook import AdmissionInstall, WebhookReplica, admission, quiet_port

_ESTABLISHED = "01"


@pytest.fixture(scope="module")
def admitting(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdmissionInstall]:
    """Install the chart with a webhook that enforces, one replica that has made certificates, and a grant."""
    if not isinstance(tenants.cluster, NativeCluster):
        pytest.skip("its API server does not run on this machine, where the webhook does")
    with (
        admission(tenants, tmp_path_factory.mktemp("webhook"), mode="enforce") as found,
        found.replica("before") as replica,
    ):
        found.serving(replica)
        tenants.apply(tenants.grant("g", "bank", "db"))
        yield found


@pytest.fixture
def proxy(tenants: Clusterful, tmp_path: Path) -> Iterator[FaultyProxy]:
    """Run a proxy between the replica and the API server."""
    with faulty_proxy(tenants.cluster, tmp_path) as running:
        yield running


def is_of_grants(request: Request) -> bool:
    """Tell whether the grants are asked for."""
    return request.path.endswith("/secretgrants") and not request.is_watch


def has_certificate(replica: WebhookReplica) -> bool:
    """Tell whether there is a certificate to show."""
    return replica.metric("enc_certificate_expiry_timestamp_seconds") > 0


def is_of_the_secret(request: Request) -> bool:
    """Tell whether the certificates are asked for."""
    return "/secrets/" in request.path


def knows_all_facts(replica: WebhookReplica) -> bool:
    """Tell whether nothing but a certificate is missing."""
    return "there is no certificate" in replica.get("/readyz")[1]


@pytest.mark.parametrize(
    ("missing", "else_ready"),
    [(is_of_grants, has_certificate), (is_of_the_secret, knows_all_facts)],
    ids=["the grants", "its certificate"],
)
def test_who_asks_before_a_replica_knows_all_waits_for_the_right_answer(
    admitting: AdmissionInstall,
    tenants: Clusterful,
    proxy: FaultyProxy,
    missing: Matches,
    else_ready: Callable[[WebhookReplica], bool],
) -> None:
    """A grant that it has not heard of would make it refuse; a connection that fails is not tried again by the API server."""
    port, known = quiet_port(), threading.Event()
    with (
        proxy.fault(missing, hold=known),
        admitting.replica("early", port, proxy) as replica,
        ThreadPoolExecutor(1) as clients,
    ):
        within(60, "it waits for that alone", lambda: else_ready(replica))
        asked = clients.submit(admitting.ask, port, tenants.pod("web", tenants.handle("bank", "db")))
        within(10, "somebody waits", lambda: is_connected(port))

        assert not asked.done()
        known.set()

        assert asked.result(30)["allowed"]
        replica.ready()


def is_connected(port: int) -> bool:
    """Tell whether a connection to a port of this machine stands (Linux's `/proc/net/tcp`)."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[2:4] == [f"0100007F:{port:04X}", _ESTABLISHED] for line in lines)
