"""The chart's fence on a real API server: what the operator writes passes, whatever else its token is used for is refused.

The mutants are sent by the operator's ServiceAccount with the rights of an administrator added, so that RBAC refuses nothing and
only the fence is left.
"""

import copy
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.applied_rbac import request
from e2e.scenarios.custom_resources import FOLDER, installed
from e2e.scenarios.fenced_requests import misuses
from e2e.scenarios.fenced_writes import EPOCH, Manifest, World, mutants, permitted, target_permitted
from e2e.scenarios.rendered_chart import applied, render
from enc_operator.cluster.gateway import Gateway
from enc_operator.controller.fence import PREFIX, FenceCheck, Holds, Missing
from enc_operator.controller.settings import Settings, parse_settings

_INVALID = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}
_DONE = {HTTPStatus.OK, HTTPStatus.CREATED}
_TRIAL = "dryRun=All&fieldManager=mutant"


@pytest.fixture(scope="module")
def world(api_server: Cluster) -> Iterator[World]:
    """Make the namespaces of an operator, of Agents and of a tenant."""
    if isinstance(api_server, ExistingCluster):
        pytest.skip("the operator's ServiceAccount is made an administrator: this cluster is somebody's")
    run = secrets.token_hex(3)
    world = World(f"enc-fence-{run}", f"enc-agents-{run}", f"enc-tenant-{run}")
    names = (world.operator, world.agents, world.tenant)
    for name in names:
        api_server.kubectl("create", "namespace", name)
    yield world
    api_server.kubectl("delete", "namespace", "--wait=false", *names)


@pytest.fixture(scope="module")
def values(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the values of the install."""
    file = tmp_path_factory.mktemp("fence") / "values.yaml"
    agents = [{"namespace": world.agents, "serviceAccounts": list(world.accounts)}]
    file.write_text(yaml.safe_dump({"agents": agents, "replicas": 1}))
    return file


@pytest.fixture(scope="module")
def manifests(api_server: Cluster, world: World, values: Path) -> list[Manifest]:
    """Render the chart; what runs pods is left out, here are none."""
    lease_spec = {"holderIdentity": "a", "leaseTransitions": EPOCH}
    rendered = [
        each
        for each in render(api_server, world.operator, values, "--no-hooks")
        if each["kind"] != "Deployment"
    ]
    return [{**each, "spec": lease_spec} if each["kind"] == "Lease" else each for each in rendered]


@pytest.fixture(scope="module")
def settings(manifests: list[Manifest]) -> Settings:
    """Read the settings that the chart renders."""
    found = [each["data"]["settings.yaml"] for each in manifests if each["kind"] == "ConfigMap"]
    return parse_settings(found[0])


@pytest.fixture(scope="module")
def fenced(
    api_server: Cluster, world: World, manifests: list[Manifest], settings: Settings
) -> Iterator[client.ApiClient]:
    """Install fence and permissions, and return a client with the operator's own token."""
    crds = {path.stem: yaml.safe_load(path.read_text()) for path in FOLDER.glob("*.yaml")}
    with installed(api_server, crds), applied(api_server, manifests):
        with api_server.api_of(world.operator, "enc-operator") as api:
            check = check_of(api, settings)
            wait_until(lambda: holds(check), "the fence holds", seconds=30)
            yield api


@pytest.fixture(scope="module")
def mighty(api_server: Cluster, world: World, fenced: client.ApiClient) -> Iterator[client.ApiClient]:
    """Return the same client after everything was allowed to it by RBAC."""
    name = f"{world.operator}-mighty"
    account = [
        f"--serviceaccount={world.operator}:{each}"
        for each in ("enc-operator", "enc-operator-take-back", "enc-operator-crds")
    ]
    api_server.kubectl("create", "clusterrolebinding", name, "--clusterrole=cluster-admin", *account)
    wait_until(
        lambda: send(fenced, "GET", "/api/v1/secrets?limit=1")[0] == HTTPStatus.OK,
        "RBAC allows all",
        seconds=10,
    )
    yield fenced
    api_server.kubectl("delete", "clusterrolebinding", name)


def check_of(api: client.ApiClient, settings: Settings) -> FenceCheck:
    """Make the operator's self-test with a client's credentials."""
    return FenceCheck(Gateway(copy.deepcopy(api.configuration)), settings)


def holds(check: FenceCheck) -> bool:
    """Tell whether the self-test is content."""
    return isinstance(check.check(), Holds)


def send(api: client.ApiClient, method: str, path: str, body: Any = None, patch: str = "") -> tuple[int, str]:
    """Return the status and the answer's message."""
    headers = {**api.default_headers, "Content-Type": patch or "application/json"}
    sent = None if body is None else json.dumps(body)
    answer = api.rest_client.pool_manager.request(
        method, api.configuration.host + path, body=sent, headers=headers
    )
    text = answer.data.decode()
    return answer.status, json.loads(text).get("message", "") if text.startswith("{") else text


def path_of(manifest: Manifest, *, named: bool = False) -> str:
    """Return where a manifest is created, or where it stands."""
    group = manifest["apiVersion"]
    root = f"/apis/{group}" if "/" in group else f"/api/{group}"
    metadata = manifest["metadata"]
    return f"{root}/namespaces/{metadata['namespace']}/{manifest['kind'].lower()}s" + (
        f"/{metadata['name']}" if named else ""
    )


@pytest.mark.parametrize("kind", ["role", "binding"])
def test_the_operators_writes_pass(kind: str, world: World, fenced: client.ApiClient) -> None:
    """With the chart's own permissions, a Role and a binding are created, replaced and deleted."""
    good = getattr(world, kind)(f"enc-{'b' * 26}")

    created, _ = send(fenced, "POST", path_of(good), good)
    status, found = request(fenced, "GET", path_of(good, named=True))
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


def compare(world: World, api: client.ApiClient, good: Manifest, method: str) -> int:
    """Send every mutant on trial; return how many the fence refused."""
    refused = 0
    for what, mutant in [("nothing", good), *mutants(good)]:
        if "namespace" not in mutant["metadata"] or (
            method == "PUT" and mutant["metadata"].get("name") != good["metadata"]["name"]
        ):
            continue
        status, said = send(api, method, f"{path_of(mutant, named=method == 'PUT')}?{_TRIAL}", mutant)
        if status in _INVALID:
            continue
        assert status in _DONE or (status == HTTPStatus.FORBIDDEN and PREFIX in said), (
            f"{what}: {status} {said}"
        )
        assert (status in _DONE) == permitted(world, mutant), f"{what}: {status} {said}"
        refused += status == HTTPStatus.FORBIDDEN
    return refused


def test_an_agenttarget_is_changed_only_in_our_bookkeeping(
    api_server: Cluster, world: World, mighty: client.ApiClient
) -> None:
    """Every mutant of an AgentTarget is refused but for our finalizer and our annotations; its status may be written."""
    with api_server.api() as administrator:
        old = request(administrator, "POST", path_of(world.target()), world.target())[1]
    refused = 0
    for what, mutant in [*mutants(old), *with_bookkeeping(old)]:
        if mutant["metadata"].get("name") != "agents" or mutant["metadata"].get("namespace") != world.agents:
            continue
        status, said = send(mighty, "PUT", f"{path_of(old, named=True)}?{_TRIAL}", mutant)
        if status in {*_INVALID, HTTPStatus.CONFLICT}:
            continue
        assert status in _DONE or (status == HTTPStatus.FORBIDDEN and PREFIX in said), (
            f"{what}: {status} {said}"
        )
        assert (status in _DONE) == target_permitted(old, mutant), f"{what}: {status} {said}"
        refused += status == HTTPStatus.FORBIDDEN
    counts = {"allowed": 1, "denied": 0, "residual": 0}
    written = request(
        mighty, "PUT", f"{path_of(old, named=True)}/status", {**old, "status": {"references": counts}}
    )[0]

    assert refused > 30
    assert written == HTTPStatus.OK


def with_bookkeeping(old: Manifest) -> Iterator[tuple[str, Manifest]]:
    """Yield what kopf and the operator keep in metadata."""
    for more in (
        {"finalizers": [*old["metadata"]["finalizers"], "enc-operator.io/take-back"]},
        {
            "annotations": {
                **old["metadata"]["annotations"],
                "kopf.zalando.org/last-handled-configuration": "{}",
            }
        },
        {"annotations": {**old["metadata"]["annotations"], "enc-operator.io/seen": "1"}},
    ):
        yield f"{more}", {**old, "metadata": {**old["metadata"], **more}}


def test_misuse_of_the_token_is_refused(api_server: Cluster, world: World, mighty: client.ApiClient) -> None:
    """Whatever else an administrator's rights would let a stolen token do is refused, by the fence."""
    with strangers(api_server, world):
        for what, method, path, body, patch in misuses(world):
            joined = f"{path}{'&' if '?' in path else '?'}{_TRIAL}" if "/exec?" not in path else path
            status, said = send(mighty, method, joined, body, patch)

            assert (status, PREFIX in said) == (HTTPStatus.FORBIDDEN, True), f"{what}: {status} {said}"


@contextmanager
def strangers(cluster: Cluster, world: World) -> Iterator[None]:
    """Have things of other people in the cluster."""
    webhook = {"name": "a.example.com", "clientConfig": {"url": "https://example.com"}, "admissionReviewVersions": ["v1"],
               "sideEffects": "None", "rules": [], "failurePolicy": "Ignore"}  # fmt: skip
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    named = {"name": "enc-operator", "namespace": world.operator}
    workload = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    things = [
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "foreign", "namespace": world.tenant}},
        {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent", "namespace": world.agents}, "spec": workload},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": named, "spec": {**workload, "replicas": 0}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": world.agents}, "spec": template["spec"]},
        {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "a", "namespace": world.tenant}, "reason": "a", "message": "a",
         "involvedObject": {"kind": "Pod", "name": "a", "namespace": world.tenant}, "type": "Normal"},
        {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
         "metadata": {"name": "enc-foreign"}, "webhooks": [webhook]},
    ]  # fmt: skip
    with applied(cluster, things):
        yield


def test_what_else_the_operator_writes_passes(world: World, fenced: client.ApiClient) -> None:
    """Its Lease, Events and access reviews are written with the chart's own permissions."""
    lease = f"/apis/coordination.k8s.io/v1/namespaces/{world.operator}/leases/enc-operator"
    found = request(fenced, "GET", lease)[1]
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
