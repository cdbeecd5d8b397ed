"""Writers that undo the injection on a real API server: they meet ever fewer writes, are named, and a restart of the operator changes nothing of it."""

import json
import math
import time
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.scenarios.audit_trail import AuditTrail
from e2e.scenarios.injected_workloads import spec_of, stored
from e2e.scenarios.operated_world import Clusterful, agent
from e2e.scenarios.resetting_writers import Reset, resetting
from e2e.scenarios.running_operator import Install, OperatorProcess, installed, within

NODE, CLUSTER = "daemonsets/agent", "deployments/cluster-agent"
CONTESTED = 'enc_injections{state="Contested"}'


@pytest.fixture(scope="module")
def injecting(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """Install the chart with injection; the Cluster Agent has no backend at first, so that a reset of it only takes away."""
    names, folder = tenants.names, tmp_path_factory.mktemp("contested")
    bare = agent(names["agents"], "cluster-agent")
    del spec_of(bare)["containers"][0]["env"]
    tenants.apply(bare)
    agents = {names["agents"]: ["node", "cluster"]}
    with installed(tenants.cluster, names["operator"], folder, agents, injection={"enabled": True}) as found:
        yield found


def times(tenants: Clusterful, name: str) -> int:
    """Return how often a workload was undone, as the AgentTarget's status says."""
    components = tenants.status().get("components", ())
    found: dict[str, Any] = next((each.get("undone", {}) for each in components if each["name"] == name), {})
    return int(found.get("times", 0))


def most(seconds: float) -> int:
    """Return how many writes the waits allow: they double from 1 s, and each is at least half of its step."""
    return 1 + math.floor(math.log2(2 * seconds + 1))


def test_writers_that_undo_it_are_not_fought(injecting: Install, tenants: Clusterful) -> None:
    """Neither one that resets at once nor one of any pace; the next process goes on with the waits where this one ended."""
    apps = f"/apis/apps/v1/namespaces/{tenants.names['agents']}"
    resets = (
        Reset(f"{apps}/daemonsets", "agent", spec_of(stored(tenants)), "argocd-controller"),
        Reset(f"{apps}/deployments", "cluster-agent", spec_of(stored(tenants, "deployment", "cluster-agent")), "flux"),
    )  # fmt: skip
    with resetting(tenants.cluster, *resets, seed=7), injecting.operator() as first:
        first.ready().leading()
        audit, began = AuditTrail(tenants.cluster, injecting), time.monotonic()
        tenants.apply(tenants.target("Full"))
        within(
            90,
            "they were undone",
            lambda: times(tenants, "agent") >= 4 and times(tenants, "cluster-agent") >= 2,
        )
        allowed = most(time.monotonic() - began)
        written = len(audit.changed(NODE)), len(audit.changed(CLUSTER))
        _assert_told(tenants)
        assert (4 <= written[0] <= allowed, 2 <= written[1] <= allowed) == (True, True), (written, allowed)
        with injecting.operator() as second:
            second.ready()
            first.kill()
            _assert_patient(injecting, tenants, second)


def _assert_told(tenants: Clusterful) -> None:
    """Each writer is named, in condition and Event; who only took away is not in managedFields, and nobody else is named for him."""
    status, reason, message = tenants.condition("Injected")
    assert (status, reason) == ("False", "InjectionContested")
    assert f"DaemonSet {tenants.names['agents']}/agent: argocd-controller undoes" in message
    assert f"Deployment {tenants.names['agents']}/cluster-agent: an unknown writer" in message
    events = tenants.events("agents")
    assert ("InjectionContested" in events, "argocd-controller undoes" in events) == (True, True)


def _assert_patient(injecting: Install, tenants: Clusterful, second: OperatorProcess) -> None:
    """Take over a fight that has gone on for longer: it is known, and nothing is written before it is time.

    Who takes over has long counted what there is: that its plans are not made yet must not clear the status that they begin with.
    """
    status = tenants.status()
    for each in status["components"]:
        if each["name"] == "agent":
            each["undone"] |= {"times": 8, "notBefore": "2099-01-01T00:00:00Z"}
        else:
            each["undone"] |= {"times": 5, "notBefore": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    patch = f"--patch={json.dumps({'status': status})}"
    place = ["-n", tenants.names["agents"], "patch", "agt", "datadog", "--subresource=status", "--type=merge"]
    tenants.cluster.kubectl(*place, patch)
    audit = AuditTrail(tenants.cluster, injecting)
    second.leading()
    within(30, "it knows of both", lambda: second.metric(CONTESTED) == 2)
    within(60, "the other one is written again", lambda: len(audit.changed(CLUSTER)) > 0)

    assert audit.changed(NODE) == []
    assert times(tenants, "agent") == 8
    assert tenants.condition("Injected")[1] == "InjectionContested"
