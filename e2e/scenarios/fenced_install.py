"""How scenarios of the fence talk to the API server, and what they put there: with a ServiceAccount's token, refusals included."""

import base64
import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import trustme
from kubernetes import client

from e2e.cluster.interface import Cluster
from e2e.scenarios.fenced_writes import Manifest, World, mutants, permitted
from e2e.scenarios.rendered_chart import applied
from enc_operator.cluster.gateway import Gateway
from enc_operator.controller.fence import PREFIX, FenceCheck, Holds
from enc_operator.process.settings import Settings

# 500: how the API server answers a kind of role, or a resourceVersion, that there is not.
INVALID = {400, 404, 422, 500}
DONE = {HTTPStatus.OK, HTTPStatus.CREATED}
TRIAL = "dryRun=All&fieldManager=mutant"
WEBHOOK: Manifest = {
    "name": "a.example.com",
    "clientConfig": {"url": "https://example.com"},
    "admissionReviewVersions": ["v1"],
    "sideEffects": "None",
    "rules": [],
    "failurePolicy": "Ignore",
}


def compare(world: World, api: client.ApiClient, good: Manifest, method: str) -> int:
    """Send every mutant on trial; return how many the fence refused."""
    refused = 0
    for what, mutant in [("nothing", good), *mutants(good)]:
        if "namespace" not in mutant.get("metadata", {}) or (
            method == "PUT" and mutant["metadata"].get("name") != good["metadata"]["name"]
        ):
            continue
        status, said = send(api, method, f"{path_of(mutant, named=method == 'PUT')}?{TRIAL}", mutant)
        if status in INVALID:
            continue
        assert status in DONE or (status == HTTPStatus.FORBIDDEN and PREFIX in said), (
            f"{what}: {status} {said}"
        )
        assert (status in DONE) == permitted(world, mutant), f"{what}: {status} {said}"
        refused += status == HTTPStatus.FORBIDDEN
    return refused


def check_of(api: client.ApiClient, settings: Settings) -> FenceCheck:
    """Make the operator's self-test with a client's credentials."""
    return FenceCheck(Gateway(copy.deepcopy(api.configuration)), settings)


def holds(check: FenceCheck) -> bool:
    """Tell whether the self-test is content."""
    return isinstance(check.check(), Holds)


def send(api: client.ApiClient, method: str, path: str, body: Any = None, patch: str = "") -> tuple[int, str]:
    """Return the status and the answer's message."""
    status, answer = exchange(api, method, path, body, patch)
    return status, answer.get("message", "") if isinstance(answer, dict) else str(answer)


def exchange(
    api: client.ApiClient, method: str, path: str, body: Any = None, patch: str = ""
) -> tuple[int, Any]:
    """Send JSON with a client's credentials; return status and answer, refusals too."""
    headers = {"Content-Type": patch or "application/json"}
    if token := api.configuration.api_key.get("BearerToken"):
        headers["Authorization"] = token
    sent = None if body is None else json.dumps(body)
    answer = api.rest_client.pool_manager.request(
        method, api.configuration.host + path, body=sent, headers=headers
    )
    text = answer.data.decode()
    return answer.status, json.loads(text) if text.startswith("{") else text


def path_of(manifest: Manifest, *, named: bool = False) -> str:
    """Return where a manifest is created, or where it stands."""
    group = manifest["apiVersion"]
    root = f"/apis/{group}" if "/" in group else f"/api/{group}"
    metadata = manifest["metadata"]
    return f"{root}/namespaces/{metadata['namespace']}/{manifest['kind'].lower()}s" + (
        f"/{metadata['name']}" if named else ""
    )


@contextmanager
def strangers(cluster: Cluster, world: World) -> Iterator[None]:
    """Have things of other people in the cluster."""
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    named = {"name": "enc-operator", "namespace": world.operator}
    workload = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    things: list[Manifest] = [
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "foreign", "namespace": world.tenant}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "node", "namespace": world.agents}},
        {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent", "namespace": world.agents}, "spec": workload},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": named, "spec": {**workload, "replicas": 0}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": world.agents}, "spec": template["spec"]},
        {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "a", "namespace": world.tenant}, "reason": "a", "message": "a",
         "involvedObject": {"kind": "Pod", "name": "a", "namespace": world.tenant}, "type": "Normal"},
        {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
         "metadata": {"name": "enc-foreign"}, "webhooks": [WEBHOOK]},
    ]  # fmt: skip
    with applied(cluster, things):
        yield


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


def authority() -> str:
    """Return a certificate as a caBundle has it."""
    return base64.b64encode(trustme.CA().cert_pem.bytes()).decode()


def webhook_changes(old: Manifest) -> list[list[Manifest]]:
    """Return what the webhooks of a configuration may not become."""
    return [
        [{**old, "failurePolicy": "Fail"}],
        [{**old, "clientConfig": {"url": "https://example.org"}}],
        [{**old, "timeoutSeconds": 30}],
        [{**old, "matchConditions": [{"name": "a", "expression": "true"}]}],
        [old, {**old, "name": "b.example.com"}],
        [],
    ]


def foreign_role(world: World) -> Manifest:
    """Return a Role that is nobody's business."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "a", "namespace": world.tenant},
    }
