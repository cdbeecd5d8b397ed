"""What the fence lets the operator do to Agents' workloads, on a real API server: the injection and its end, and of every mutant nothing more.

`fenced_injection` says in Python what the fence says in CEL; the two are written apart and compared.
"""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus

import pytest
from kubernetes import client

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.folder import wait_until
from e2e.scenarios.fenced_injection import payload_permitted, permitted, worse
from e2e.scenarios.fenced_install import DONE, INVALID, TRIAL, exchange, path_of, send
from e2e.scenarios.fenced_writes import Manifest, mutants
from e2e.scenarios.operated_world import Clusterful, agent
from e2e.scenarios.running_operator import Install, installed
from enc_operator.controller.fence import PREFIX
from enc_operator.core.agents.backends import Backend, BackendKind
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.injection.parts import config_map
from enc_operator.core.injection.planning import Order
from enc_operator.core.injection.writing import MARK, Decision, State, decide_injection
from enc_operator.core.inventory import Component, Flavour, SecretVolume, TargetFact, WorkloadFact
from enc_operator.core.syntax import Source
from enc_operator.frame import make_frame

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VOLUME = SecretVolume("tls", "tls-keys", ("ca",), ())


@pytest.fixture(scope="module")
def fenced_in(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """Install the chart with injection."""
    if isinstance(tenants.cluster, ExistingCluster):
        pytest.skip("the operator's ServiceAccount is made an administrator: this cluster is somebody's")
    agents = {tenants.names["agents"]: ["node", "cluster"]}
    folder = tmp_path_factory.mktemp("fenced")
    with installed(
        tenants.cluster, tenants.names["operator"], folder, agents, injection={"enabled": True}
    ) as found:
        yield found


@pytest.fixture(scope="module")
def stolen(fenced_in: Install, tenants: Clusterful) -> Iterator[client.ApiClient]:
    """Return a client with the operator's token, to whom RBAC allows everything, once the fence holds."""
    name = f"{fenced_in.namespace}-stolen"
    account = f"--serviceaccount={fenced_in.namespace}:{fenced_in.account}"
    tenants.cluster.kubectl("create", "clusterrolebinding", name, "--clusterrole=cluster-admin", account)
    trial = agent(tenants.names["agents"])
    with tenants.cluster.api_of(fenced_in.namespace, fenced_in.account) as api:
        trial["metadata"]["name"] = "trial"
        wait_until(
            lambda: PREFIX in send(api, "POST", f"{path_of(trial)}?{TRIAL}", trial)[1],
            "the fence holds",
            seconds=60,
        )
        yield api
    tenants.cluster.kubectl("delete", "clusterrolebinding", name)


@pytest.fixture(scope="module")
def live(stolen: client.ApiClient, tenants: Clusterful) -> Manifest:
    """Return an Agent as it is stored, with containers, volumes, mounts and an init container of its own."""
    manifest = agent(tenants.names["agents"])
    manifest["metadata"] |= {"annotations": {"example.com/a": "b"}}
    spec = manifest["spec"]["template"]["spec"]
    mounts = [{"name": "run", "mountPath": "/run", "readOnly": True}]
    spec["containers"][0] |= {"volumeMounts": mounts, "securityContext": {"runAsUser": 0}}
    spec["containers"].append(
        {"name": "system-probe", "image": "example.com/agent:7", "env": [{"name": "A", "value": "b"}]}
    )
    spec |= {
        "volumes": [{"name": "run", "hostPath": {"path": "/run"}}],
        "initContainers": [{"name": "init", "image": "example.com/agent:7"}],
    }
    tenants.apply(manifest)
    status, found = exchange(stolen, "GET", path_of(manifest, named=True))
    assert status == HTTPStatus.OK
    stored: Manifest = found
    del stored["metadata"]["resourceVersion"]  # the controller's status would make every write a conflict
    return stored


def decided(live: Manifest, install: str) -> Decision:
    """Return what the operator decides about a workload."""
    where = Where(Source("f"), ObjectRef("DaemonSet", live["metadata"]["namespace"], "agent"))
    workload = WorkloadFact(where, Component.NODE, Flavour.DATADOG, live, "label")
    target = TargetFact(None, live["metadata"]["namespace"], "", manage="Full", volumes=(VOLUME,))
    order = Order(workload, target, Backend(BackendKind.BUILTIN))
    return decide_injection(order, make_frame(NOW, frozenset()).resolver, (), install)


def injected(live: Manifest, install: str) -> Manifest:
    """Return a workload as the operator writes it."""
    decision = decided(live, install)
    assert decision.state is State.ABSENT
    found = copy.deepcopy(live)
    found["spec"]["template"]["spec"] = copy.deepcopy(dict(decision.spec or {}))
    found["metadata"]["annotations"][MARK] = install
    return found


def test_of_every_mutant_the_injection_passes(
    stolen: client.ApiClient, live: Manifest, fenced_in: Install
) -> None:
    """Each value of an injected workload removed, replaced, doubled, emptied: what the model permits passes, the fence refuses the rest."""
    install = fenced_in.settings["install"]
    good = injected(live, install)
    refused = 0
    for what, mutant in [("nothing", good), *mutants(good), *worse(good)]:
        metadata = mutant.get("metadata", {})
        if any(metadata.get(field) != good["metadata"][field] for field in ("name", "namespace", "uid")):
            continue
        status, answer = exchange(stolen, "PUT", f"{path_of(good, named=True)}?{TRIAL}", mutant)
        if status in {*INVALID, HTTPStatus.CONFLICT}:
            continue
        assert status in DONE or PREFIX in answer["message"], f"{what}: {status} {answer}"
        allowed = permitted(live, answer if status in DONE else mutant, install)
        assert (status in DONE) == allowed, f"{what}: {status} {answer.get('message', '')}"
        refused += status == HTTPStatus.FORBIDDEN

    assert refused >= 200


def test_the_end_of_an_injection_passes(
    stolen: client.ApiClient, live: Manifest, fenced_in: Install, tenants: Clusterful
) -> None:
    """What was there before may be written over what was injected."""
    good = injected(live, fenced_in.settings["install"])
    tenants.cluster.kubectl("replace", "-f", "-", text=json.dumps(good))
    _, stored = exchange(stolen, "GET", path_of(good, named=True))
    back = copy.deepcopy(stored)
    del back["metadata"]["resourceVersion"]
    back["spec"] = live["spec"]
    del back["metadata"]["annotations"][MARK]

    status, answer = exchange(stolen, "PUT", f"{path_of(good, named=True)}?{TRIAL}", back)

    assert status == HTTPStatus.OK, answer
    tenants.cluster.kubectl("replace", "-f", "-", text=json.dumps(back))


def test_workloads_of_others_are_left(
    stolen: client.ApiClient, live: Manifest, fenced_in: Install, tenants: Clusterful
) -> None:
    """Neither in another namespace, nor one that runs as a ServiceAccount that is no Agent's, nor is one created or deleted."""
    other = agent(tenants.names["agents"])
    other["metadata"]["name"] = "other"
    other["spec"]["template"]["spec"]["serviceAccountName"] = "somebody"
    elsewhere = agent(tenants.names["shop"])
    tenants.apply(other, elsewhere)

    for manifest in (other, elsewhere):
        _, stored = exchange(stolen, "GET", path_of(manifest, named=True))
        stored["metadata"].setdefault("annotations", {})
        mutant = injected(stored, fenced_in.settings["install"])
        status, said = send(stolen, "PUT", f"{path_of(manifest, named=True)}?{TRIAL}", mutant)
        assert (status, PREFIX in said) == (HTTPStatus.FORBIDDEN, True)
    status, said = send(stolen, "DELETE", f"{path_of(live, named=True)}?dryRun=All")
    assert (status, PREFIX in said) == (HTTPStatus.FORBIDDEN, True)


def test_of_config_maps_only_resolvers(
    stolen: client.ApiClient, fenced_in: Install, tenants: Clusterful
) -> None:
    """One passes where Agents run, created or deleted, never changed; of every mutant nothing else."""
    install, namespace = fenced_in.settings["install"], tenants.names["agents"]
    good: Manifest = copy.deepcopy(
        dict(config_map(namespace, make_frame(NOW, frozenset()).resolver, install))
    )
    good["data"] = {"resolver": "a", "guard": "b"}
    refused = 0
    for what, mutant in [("nothing", good), *mutants(good)]:
        if "namespace" not in mutant.get("metadata", {}):
            continue
        status, answer = exchange(stolen, "POST", f"{path_of(mutant)}?{TRIAL}", mutant)
        if status in INVALID:
            continue
        assert (status in DONE) == payload_permitted(mutant, install, namespace), f"{what}: {status} {answer}"
        assert status in DONE or PREFIX in answer["message"], f"{what}: {status} {answer}"
        refused += status == HTTPStatus.FORBIDDEN
    assert refused >= 40

    tenants.apply(good)
    named = path_of(good, named=True)
    label = {"metadata": {"labels": {"a": "b"}}}
    assert PREFIX in send(stolen, "PATCH", f"{named}?{TRIAL}", label, "application/merge-patch+json")[1]
    assert send(stolen, "DELETE", named)[0] == HTTPStatus.OK
