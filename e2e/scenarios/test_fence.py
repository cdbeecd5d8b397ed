"""The chart's fence on a real API server: what the operator writes passes, whatever else its token is used for is refused.

The mutants are sent by the operator's ServiceAccount with the rights of an administrator added, so that RBAC refuses nothing and
only the fence is left.
"""

import json
from http import HTTPStatus

import pytest
from kubernetes import client

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.fenced_install import (
    DONE,
    INVALID,
    TRIAL,
    WEBHOOK,
    authority,
    check_of,
    compare,
    exchange,
    foreign_role,
    holds,
    path_of,
    send,
    strangers,
    webhook_changes,
    with_bookkeeping,
)  # fmt: skip
from e2e.scenarios.fenced_requests import misuses
from e2e.scenarios.fenced_writes import Manifest, World, mutants, target_permitted
from e2e.scenarios.rendered_chart import applied
from enc_operator.cluster.gateway import Gateway
from enc_operator.controller.epoch import enforce_epoch, read_epoch
from enc_operator.controller.fence import PREFIX, Missing
from enc_operator.errors import EncError
from enc_operator.process.settings import Settings


@pytest.mark.parametrize("kind", ["role", "binding"])
def test_the_operators_writes_pass(kind: str, world: World, fenced: client.ApiClient) -> None:
    """With the chart's own permissions, a Role and a binding are created, replaced and deleted."""
    good = getattr(world, kind)(f"enc-{'b' * 26}")

    created, _ = send(fenced, "POST", path_of(good), good)
    status, found = exchange(fenced, "GET", path_of(good, named=True))
    found["metadata"]["annotations"]["enc-operator.io/references"] = "2"
    replaced, _ = send(fenced, "PUT", path_of(good, named=True), found)
    conditions = {"preconditions": {"uid": found["metadata"]["uid"]}}
    deleted, _ = send(fenced, "DELETE", path_of(good, named=True), conditions)

    assert (created, status, replaced, deleted) == (201, 200, 200, 200)


@pytest.mark.parametrize("kind", ["role", "binding"])
def test_a_mutant_is_created_only_if_it_is_permitted(
    kind: str, world: World, mighty: client.ApiClient
) -> None:
    """Of every mutant of a good object, the API server takes those that the model permits, and the fence refuses the rest."""
    count = compare(world, mighty, getattr(world, kind)(), "POST")

    assert count >= 200


@pytest.mark.parametrize("kind", ["role", "binding"])
def test_a_mutant_replaces_only_if_it_is_permitted(kind: str, world: World, mighty: client.ApiClient) -> None:
    """The same holds for what an object of ours is replaced by."""
    good = getattr(world, kind)(f"enc-{'c' * 26}")
    status, said = send(mighty, "POST", path_of(good), good)
    assert status == HTTPStatus.CREATED, said

    count = compare(world, mighty, good, "PUT")

    send(mighty, "DELETE", path_of(good, named=True))
    assert count >= 100


def test_an_agenttarget_is_changed_only_in_our_bookkeeping(
    world: World, target: Manifest, mighty: client.ApiClient
) -> None:
    """Every mutant of an AgentTarget is refused but for our finalizer and our annotations; its status may be written."""
    path, refused = path_of(target, named=True), 0
    for what, mutant in [*mutants(target), *with_bookkeeping(target)]:
        metadata = mutant.get("metadata", {})
        if (metadata.get("namespace"), metadata.get("name")) != (world.agents, "agents"):
            continue
        status, answer = exchange(mighty, "PUT", f"{path}?{TRIAL}", mutant)
        if status in {*INVALID, HTTPStatus.CONFLICT}:
            continue
        # A field that is left out gets its default: what is stored counts.
        allowed = target_permitted(target, answer if status in DONE else mutant)
        assert status in DONE or PREFIX in answer["message"], f"{what}: {status} {answer}"
        assert (status in DONE) == allowed, f"{what}: {status} {answer}"
        refused += status == HTTPStatus.FORBIDDEN
    counts = {"allowed": 1, "denied": 0, "residual": 0}
    written = {**target, "status": {"references": counts}}

    assert refused > 30
    assert exchange(mighty, "PUT", f"{path}/status", written)[0] == HTTPStatus.OK


def test_misuse_of_the_token_is_refused(
    api_server: Cluster, world: World, target: Manifest, mighty: client.ApiClient
) -> None:
    """Whatever else an administrator's rights would let a stolen token do is refused, by the fence."""
    assert target["metadata"]["name"] == "agents"
    with strangers(api_server, world):
        for what, method, path, body, patch in misuses(world):
            joined = (
                path if "?" in path else f"{path}?{TRIAL}"
            )  # what has a question mark of its own connects
            status, said = send(mighty, method, joined, body, patch)

            assert (status, PREFIX in said) == (HTTPStatus.FORBIDDEN, True), f"{what}: {status} {said}"


def test_what_else_the_operator_writes_passes(world: World, fenced: client.ApiClient) -> None:
    """Its Lease, Events and access reviews are written with the chart's own permissions."""
    lease = f"/apis/coordination.k8s.io/v1/namespaces/{world.operator}/leases/enc-operator"
    found = exchange(fenced, "GET", lease)[1]
    renewed = {**found, "spec": {**found["spec"], "renewTime": "2030-01-01T00:00:00.000000Z"}}
    event = {"metadata": {"generateName": "enc-"}, "reason": "a", "message": "a", "type": "Normal",
             "involvedObject": {"kind": "Pod", "name": "a", "namespace": world.tenant}}  # fmt: skip
    review = {"spec": {"user": "a", "resourceAttributes": {"verb": "get", "resource": "secrets"}}}

    assert send(fenced, "PUT", lease, renewed)[0] == HTTPStatus.OK
    assert send(fenced, "POST", f"/api/v1/namespaces/{world.tenant}/events", event)[0] == HTTPStatus.CREATED
    assert (
        send(fenced, "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)[0]
        == HTTPStatus.CREATED
    )


@pytest.mark.parametrize(
    "what", ["/api/v1/secrets", "/api/v1/configmaps", "/api/v1/nodes", "/apis/apps/v1/daemonsets"]
)
def test_the_charts_permissions_read_nothing_more(what: str, fenced: client.ApiClient) -> None:
    """No Secret, and ConfigMaps and workloads only where the Agents are."""
    assert send(fenced, "GET", f"{what}?limit=1")[0] == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("policy", ["rbac", "epoch", "others", "resources"])
def test_a_policy_without_its_binding_is_noticed(
    policy: str,
    api_server: Cluster,
    world: World,
    target: Manifest,
    settings: Settings,
    fenced: client.ApiClient,
) -> None:
    """Half of a fence is silent; the self-test names the policy that does nothing, and holds again when it is whole."""
    check = check_of(fenced, settings)
    binding = f"validatingadmissionpolicybinding/enc-operator-fence.{world.operator}.{policy}"
    kept = api_server.kubectl("get", binding, "--output=json")
    api_server.kubectl("delete", binding)

    wait_until(lambda: not holds(check), "it is noticed", seconds=10)
    found = check.check()
    api_server.kubectl("apply", "-f", "-", text=kept)
    wait_until(lambda: holds(check), "the fence holds again", seconds=10)

    assert target["metadata"]["name"] == "agents"
    assert isinstance(found, Missing)
    assert found.reasons
    assert all(f"was let through (policy {policy})" in reason for reason in found.reasons)


def test_a_leader_is_counted_and_its_predecessor_refused(
    world: World, settings: Settings, fenced: client.ApiClient
) -> None:
    """Who takes the lead may write under the next epoch, and who led before no more, also after a policy came and went."""
    gateway = Gateway(fenced.configuration)
    path, before = f"{path_of(world.role())}?{TRIAL}", read_epoch(gateway, settings)

    epoch = before + 5
    enforce_epoch(gateway, settings, epoch)
    enforce_epoch(gateway, settings, epoch)
    wait_until(
        lambda: send(fenced, "POST", path, world.role(epoch=epoch))[0] in DONE,
        "the next may write",
        seconds=5,
    )
    status, said = send(fenced, "POST", path, world.role(epoch=before))

    assert read_epoch(gateway, settings) == epoch
    with pytest.raises(EncError, match="later than this leader's"):
        enforce_epoch(gateway, settings, before)
    assert status == HTTPStatus.FORBIDDEN
    assert f"{PREFIX}the annotation enc-operator.io/epoch" in said


def test_without_its_epoch_only_the_operator_stops(
    api_server: Cluster, world: World, manifests: list[Manifest], fenced: client.ApiClient
) -> None:
    """With the count of leaders gone the operator grants nothing, and nobody else is held up."""
    account = next(each for each in manifests if each["metadata"]["name"] == "enc-operator-epoch")
    path = f"{path_of(world.role())}?{TRIAL}"
    api_server.kubectl("--namespace", world.operator, "delete", "serviceaccount", "enc-operator-epoch")

    wait_until(lambda: send(fenced, "POST", path, world.role())[0] not in DONE, "it is refused", seconds=10)
    with api_server.api() as administrator:
        others = send(administrator, "POST", path, foreign_role(world))
    api_server.kubectl("apply", "-f", "-", text=json.dumps(account))
    wait_until(lambda: send(fenced, "POST", path, world.role())[0] in DONE, "it passes again", seconds=10)

    assert others[0] == HTTPStatus.CREATED, others[1]


def test_of_our_webhooks_only_the_ca_bundle_is_renewed(
    api_server: Cluster, world: World, mighty: client.ApiClient
) -> None:
    """A new caBundle passes; another failurePolicy, another address, another label do not."""
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    named = {"name": f"enc-operator.{world.operator}"}
    path = f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{named['name']}?{TRIAL}"
    with applied(api_server, [{**kind, "metadata": named, "webhooks": [WEBHOOK]}]):
        found = exchange(mighty, "GET", path)[1]
        old = found["webhooks"][0]
        renewed = [{**old, "clientConfig": {**old["clientConfig"], "caBundle": authority()}}]

        assert send(mighty, "PUT", path, {**found, "webhooks": renewed})[0] == HTTPStatus.OK
        for other in webhook_changes(old):
            assert PREFIX in send(mighty, "PUT", path, {**found, "webhooks": other})[1]
        labelled = {**found, "metadata": {**found["metadata"], "labels": {"a": "b"}}}
        assert PREFIX in send(mighty, "PUT", path, labelled)[1]
