"""The API server ends and comes back, and its store forgets the past: what was revoked meanwhile goes, and nothing comes back."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from kubernetes import client

from e2e.cluster.control_plane import ControlPlane
from e2e.cluster.folder import wait_until
from e2e.cluster.native import NativeCluster
from e2e.scenarios.audit_trail import AuditTrail
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.running_operator import Install, OperatorProcess, within

_GRANTS = "/apis/enc-operator.io/v1alpha1/secretgrants"
_TAKEN_OVER = 60  # seconds: the lease's 15, a reflector's longest back-off of 30, and a slow machine
_OUTLIVED = 6  # seconds without an API server: the lease's 10, less what lies between a renewal and the next one, twice


@pytest.fixture(scope="module")
def api_server(own_cluster: NativeCluster) -> NativeCluster:
    """Have a cluster of this module's own in place of the shared one."""
    return own_cluster


@pytest.fixture
def control_plane(api_server: NativeCluster) -> ControlPlane:
    """Return what ends and starts the API server."""
    return api_server.control_plane


class Replicas:
    """Two replicas of the operator; for one that has ended there is a new one, as a Deployment has it."""

    def __init__(self, install: Install, stack: ExitStack) -> None:
        self._install, self._stack = install, stack
        self._running: list[OperatorProcess] = []

    def both(self) -> tuple[OperatorProcess, OperatorProcess]:
        """Return the leader, and the one that stands by."""
        self._running = [each for each in self._running if each.process.poll() is None]
        while len(self._running) < 2:
            process = self._stack.enter_context(self._install.operator())
            self._stack.callback(process.kill)  # an orderly end takes longer, and nobody is to take over
            self._running.append(process.ready())
        wait_until(lambda: any(map(leads, self._running)), "one of them leads", seconds=_TAKEN_OVER)
        wait_until(lambda: all(map(watches, self._running)), "both watch the grants", seconds=_TAKEN_OVER)
        one, other = self._running
        return (one, other) if leads(one) else (other, one)


def leads(process: OperatorProcess) -> bool:
    """Tell whether a replica leads."""
    return process.metric("enc_leader") == 1


def watches(process: OperatorProcess) -> bool:
    """Tell whether a replica keeps up with the grants."""
    return process.metric(f'enc_watch_failures{{collection="{_GRANTS}"}}') == 0


@pytest.fixture(scope="module")
def pair(install: Install, tenants: Clusterful) -> Iterator[Replicas]:
    """Run two replicas."""
    tenants.apply(tenants.target())
    with ExitStack() as stack:
        yield Replicas(install, stack)


@pytest.fixture
def replicas(pair: Replicas, tenants: Clusterful) -> Iterator[tuple[OperatorProcess, OperatorProcess]]:
    """Have the bank's Secret opened by a grant; tenants' objects end with the test."""
    both = pair.both()
    tenants.open()
    yield both
    tenants.clear()


Revocation = Callable[[Clusterful, ControlPlane], None]


def by_its_owner(tenants: Clusterful, _: ControlPlane) -> None:
    """Delete the grant as its owner does."""
    tenants.delete("secretgrant", "bank", "g")


def by_another_server(tenants: Clusterful, control_plane: ControlPlane) -> None:
    """Delete the grant while the API server is away, as another one would."""
    control_plane.delete_stored(f"enc-operator.io/secretgrants/{tenants.names['bank']}/g")


def nothing(_: Clusterful, __: ControlPlane) -> None:
    """Delete nothing."""


@pytest.mark.parametrize(
    ("number", "meanwhile", "afterwards"),
    [(signal.SIGTERM, nothing, by_its_owner), (signal.SIGKILL, by_another_server, nothing)],
    ids=["told to end, and the grant goes as soon as it is back", "killed, and the grant goes while it is away"],
)  # fmt: skip
def test_an_api_server_that_is_back_at_once(
    number: signal.Signals,
    meanwhile: Revocation,
    afterwards: Revocation,
    control_plane: ControlPlane,
    tenants: Clusterful,
    replicas: tuple[OperatorProcess, OperatorProcess],
) -> None:
    """The permission goes; the leader goes on, and only if that took too long the other one leads."""
    leader, _ = replicas
    began = time.monotonic()
    control_plane.end_api_server(number)
    meanwhile(tenants, control_plane)
    control_plane.start_api_server()
    away = time.monotonic() - began

    afterwards(tenants, control_plane)

    within(_TAKEN_OVER, "the Agent may not any more", lambda: not tenants.may("bank", "db"))
    ended = wait_for_end(leader) if away > _OUTLIVED else leader.process.poll()
    assert ended in {None, 1}
    assert leads(leader) == (ended is None), f"away for {away:.1f} s"
    assert leader.log.read_text().count("leading with epoch") == 1


def wait_for_end(leader: OperatorProcess) -> int | None:
    """Return the exit code of a leader that was without an API server for long, or None where it was not too long."""
    wait_until(
        lambda: leads(leader) or leader.process.poll() is not None, "it leads or ends", seconds=_TAKEN_OVER
    )
    return leader.process.poll()


@pytest.mark.parametrize("asleep", [False, True], ids=["it waits", "it sleeps"])
def test_a_past_that_is_forgotten_while_nobody_can_look(
    asleep: bool,  # noqa: FBT001
    control_plane: ControlPlane,
    install: Install,
    tenants: Clusterful,
    replicas: tuple[OperatorProcess, OperatorProcess],
) -> None:
    """The leader ends without an API server; the other one hears 410, or after a sleep lists anew at once, and takes away what was revoked."""
    leader, other = replicas
    known, audit = expired(other), AuditTrail(tenants.cluster, install)
    if asleep:
        other.signal(signal.SIGSTOP)
    control_plane.end_api_server(signal.SIGKILL)
    by_another_server(tenants, control_plane)
    control_plane.compact()
    assert leader.process.wait(_TAKEN_OVER) == 1

    control_plane.start_api_server()
    wait_until(lambda: watched_again(install), "the operator's watches are admitted", seconds=_TAKEN_OVER)
    if asleep:
        assert tenants.may("bank", "db")
        other.signal(signal.SIGCONT)
    within(_TAKEN_OVER, "the Agent may not any more", lambda: not tenants.may("bank", "db"))

    assert leads(other)
    assert asleep or len(expired(other)) > len(known)
    tenants.apply(tenants.pod("later", tenants.handle("shop", "db")))
    within(_TAKEN_OVER, "what is new is followed", lambda: tenants.may("shop", "db"))
    assert not tenants.may("bank", "db")
    assert [each for each in audit.writes() if tenants.names["bank"] in each and "delete" not in each] == []


def watched_again(install: Install) -> bool:
    """Tell whether the API server, back again, knows the operator's rights and its own kinds."""
    try:
        with install.cluster.api_of(install.namespace, install.account) as api:
            grants = client.CustomObjectsApi(api)
            grants.list_cluster_custom_object("enc-operator.io", "v1alpha1", "secretgrants")
    except client.ApiException:
        return False
    return True


def expired(process: OperatorProcess) -> list[str]:
    """Return what the API server said when it did not know a resourceVersion of the SecretGrants any more."""
    return re.findall(f"GET {_GRANTS}: 410 .*", process.log.read_text())
