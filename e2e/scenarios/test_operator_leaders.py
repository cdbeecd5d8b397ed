"""Two replicas of the operator: one that is killed, put to sleep, cut off or ended, and what the other one makes of it."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.audit_trail import AuditTrail
from e2e.scenarios.faulty_proxy import FaultyProxy, Request, faulty_proxy
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.operator_storm import Storm
from e2e.scenarios.running_operator import Install, OperatorProcess, within

_TAKEN_OVER = 30  # seconds: the lease's 15, the time between attempts, and a slow machine
_FENCE = "fence: the annotation enc-operator.io/epoch"


@pytest.fixture(scope="module")
def proxy(api_server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyProxy]:
    """Put a proxy before the API server, for the first replica."""
    with faulty_proxy(api_server, tmp_path_factory.mktemp("proxy")) as found:
        yield found


@contextmanager
def replicas(
    install: Install, tenants: Clusterful, proxy: FaultyProxy
) -> Iterator[tuple[OperatorProcess, OperatorProcess]]:
    """Run a leader behind the proxy, and one that stands by."""
    tenants.apply(tenants.target())
    with ExitStack() as stack:
        kubeconfig = install.kubeconfig(proxy.url, proxy.authority)
        leader = stack.enter_context(install.operator(kubeconfig))
        leader.ready().leading()
        other = stack.enter_context(install.operator())
        other.ready()
        try:
            yield leader, other
        finally:
            tenants.clear()


def test_a_leader_killed_in_a_storm(install: Install, tenants: Clusterful, proxy: FaultyProxy) -> None:
    """At no moment anything wider than what pods and grants say, and what they say at the end."""
    with replicas(install, tenants, proxy) as (leader, other), Storm(tenants) as storm:
        storm.blow(6)
        leader.kill()
        took_over = threading.Thread(target=other.leading)
        took_over.start()
        storm.blow(20)
        took_over.join()

        within(_TAKEN_OVER, "what is there is what should be", storm.is_converged)
        assert other.metric("enc_leader") == 1
        assert storm.changes > 300
        assert storm.versions() > 20
        assert storm.wider() == []


def test_a_leader_that_sleeps_through_its_end(
    install: Install, tenants: Clusterful, proxy: FaultyProxy
) -> None:
    """What it had sent and was kept on the way is refused by the fence, and the process ends when it wakes."""
    audit = AuditTrail(tenants.cluster, install)
    with replicas(install, tenants, proxy) as (leader, other):
        let_go = threading.Event()
        with proxy.fault(creates_a_role, hold=let_go) as held:
            tenants.apply(tenants.pod("web", tenants.handle("bank", "db")), tenants.grant("g", "bank", "db"))
            wait_until(lambda: held.met, "the leader writes", seconds=20)
            leader.signal(signal.SIGSTOP)
            tenants.delete("secretgrant", "bank", "g")
            other.leading()
            wait_until(lambda: fenced(other), "the fence knows the new leader", seconds=20)
            let_go.set()
            within(20, "the late write is refused", lambda: audit.refused("roles", tenants.names["bank"]))

        assert tenants.written("bank") == []
        leader.signal(signal.SIGCONT)
        assert leader.process.wait(20) == 1
        assert _FENCE in leader.log.read_text()
        assert "the lease is lost" in leader.log.read_text()
        tenants.apply(tenants.grant("g", "bank", "db"))
        within(10, "the other one writes", lambda: tenants.may("bank", "db"))


def fenced(process: OperatorProcess) -> bool:
    """Tell whether a leader's epoch is in force: only then it writes, and nobody before it can."""
    _, leading, since = process.log.read_text().rpartition("leading with epoch")
    return bool(leading) and "the fence holds" in since


def creates_a_role(request: Request) -> bool:
    """Match the creation of a Role, but not the fence's trials."""
    return request.method == "POST" and request.path.endswith("/roles") and "dryRun" not in request.query


def test_a_leader_in_a_black_hole(install: Install, tenants: Clusterful, proxy: FaultyProxy) -> None:
    """It ends by itself before the other one takes over; what was revoked meanwhile goes."""
    with replicas(install, tenants, proxy) as (leader, other):
        tenants.open()
        with proxy.frozen():
            tenants.delete("secretgrant", "bank", "g")
            wait_until(lambda: leader.metric("enc_leader") != 1, "it leads no more", seconds=12)
            assert other.metric("enc_leader") == 0
            other.leading()
            within(10, "the Agent may not any more", lambda: not tenants.may("bank", "db"))
            assert leader.process.wait(60) == 1


def test_a_leader_whose_lease_is_edited(install: Install, tenants: Clusterful, proxy: FaultyProxy) -> None:
    """It has lost it though nobody else has it: it ends and leads no second time."""
    with replicas(install, tenants, proxy) as (leader, other):
        lease = install.settings["lease"]["name"]
        edited = '{"spec": {"leaseTransitions": 1000}}'
        tenants.cluster.kubectl(
            "-n", install.namespace, "patch", "lease", lease, "--type=merge", "-p", edited
        )

        assert leader.process.wait(20) == 1
        assert leader.log.read_text().count("leading with epoch") == 1
        other.leading()
        tenants.apply(tenants.pod("web", tenants.handle("shop", "db")))
        within(10, "the Agent may read it", lambda: tenants.may("shop", "db"))


def test_a_leader_that_is_told_to_end(install: Install, tenants: Clusterful, proxy: FaultyProxy) -> None:
    """It gives up its lease, so that the other one need not wait for its end."""
    with replicas(install, tenants, proxy) as (leader, other):
        began = time.monotonic()
        leader.signal(signal.SIGTERM)
        tenants.apply(tenants.pod("web", tenants.handle("shop", "db")))
        other.leading()
        led = time.monotonic() - began
        within(10, "the Agent may read it", lambda: tenants.may("shop", "db"))

        assert led < 10
        assert leader.process.wait(20) == 0
