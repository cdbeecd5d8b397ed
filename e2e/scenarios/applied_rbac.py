"""A world of RBAC on a real API server: brought there, waited for, asked by SubjectAccessReviews, and taken away again."""

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from kubernetes import client

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.generated_rbac import GROUP, READY, WORLD_LABEL, Asked, Object, World

_WORKERS = 3
_PLURALS = {
    "Role": "roles", "ClusterRole": "clusterroles", "RoleBinding": "rolebindings", "ClusterRoleBinding": "clusterrolebindings",
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What the API server says to a question, and why."""

    allowed: bool
    reason: str


@dataclass
class AppliedWorld:
    """A world that the API server knows."""

    world: World
    cluster: Cluster
    accepted: list[Object] = field(default_factory=list)
    """What it took, in the order in which it was sent; a later one of the same name replaced the earlier."""
    refused: list[Object] = field(default_factory=list)

    def ask(self, questions: Sequence[Asked]) -> list[Answer]:
        """Ask all questions, with some clients at once."""
        parts = [questions[start::_WORKERS] for start in range(_WORKERS)]
        with ThreadPoolExecutor(_WORKERS) as pool:
            answered = list(pool.map(self._ask_with_one_client, parts))
        return [answered[index % _WORKERS][index // _WORKERS] for index in range(len(questions))]

    def _ask_with_one_client(self, questions: Iterable[Asked]) -> list[Answer]:
        with self.cluster.api() as api:
            return [_review(api, question) for question in questions]


@contextmanager
def applied(cluster: Cluster, world: World) -> Iterator[AppliedWorld]:
    """Bring a world to the API server, until its authorizer knows all of it; take it away at the end."""
    applied_world = AppliedWorld(world, cluster)
    with cluster.api() as api:
        try:
            for namespace in world.namespaces:
                client.CoreV1Api(api).create_namespace(
                    {"metadata": {"name": namespace, "labels": {WORLD_LABEL: world.name}}}
                )
            _send_all(api, world.objects, applied_world)
            wait_until(
                lambda: _aggregation_is_settled(api), "every aggregated ClusterRole is filled", seconds=30
            )
            _send_all(api, world.ready, applied_world)
            wait_until(
                lambda: _authorizer_is_ready(api, world), "the authorizer knows the last objects", seconds=30
            )
            yield applied_world
        finally:
            _take_away(api, world)


def _send_all(api: client.ApiClient, objects: Iterable[Object], into: AppliedWorld) -> None:
    for each in objects:
        (into.accepted if _send(api, each) else into.refused).append(each)


def _send(api: client.ApiClient, manifest: Object) -> bool:
    """Create or replace an object; tell whether the API server took it."""
    metadata = manifest["metadata"]
    within = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    path = f"/apis/{GROUP}/v1{within}/{_PLURALS[manifest['kind']]}"
    status, body = request(api, "POST", path, manifest)
    if status == HTTPStatus.CONFLICT:
        status, body = request(api, "PUT", f"{path}/{metadata['name']}", manifest)
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return False
    assert status in {HTTPStatus.OK, HTTPStatus.CREATED}, body
    return True


def request(api: client.ApiClient, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Send JSON and return status and decoded answer, refusals too; the typed client takes twice the time."""
    url = f"{api.configuration.host}{path}"
    headers = {**api.default_headers, "Content-Type": "application/json"}
    answer = api.rest_client.pool_manager.request(method, url, body=json.dumps(body), headers=headers)
    return answer.status, json.loads(answer.data)


def _review(api: client.ApiClient, question: Asked) -> Answer:
    """Ask as the API server asks for a ServiceAccount's token: with its groups (k8s.io/apiserver `pkg/authentication/serviceaccount`)."""
    namespace, name = question.account
    asked = {
        "verb": question.verb,
        "resource": "secrets",
        "namespace": question.namespace,
        "name": question.secret,
    }
    spec = {
        "user": f"system:serviceaccount:{namespace}:{name}",
        "groups": ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"],
        "resourceAttributes": asked,
    }
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    code, body = request(api, "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    assert code == HTTPStatus.CREATED, body
    return Answer(body["status"]["allowed"], body["status"].get("reason", ""))


def _aggregation_is_settled(api: client.ApiClient) -> bool:
    """Tell whether every aggregated ClusterRole has the rules of those that it selects, by the API server's own selection.

    One that selects no rules keeps what it has: the controller then applies no `rules` at all
    (`pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go`).
    """
    return all(_is_filled(api, role) for role in _cluster_roles(api) if role.get("aggregationRule"))


def _is_filled(api: client.ApiClient, role: Object) -> bool:
    selected = [
        each
        for selector in role["aggregationRule"]["clusterRoleSelectors"]
        for each in _cluster_roles(api, _selector_text(selector))
        if each["metadata"]["name"] != role["metadata"]["name"]
    ]
    wanted = [rule for each in selected for rule in each["rules"] or ()]
    has = role["rules"] or []
    return not wanted or (all(rule in has for rule in wanted) and all(rule in wanted for rule in has))


def _cluster_roles(api: client.ApiClient, selector: str = "") -> list[Object]:
    status, body = request(api, "GET", f"/apis/{GROUP}/v1/clusterroles?labelSelector={quote(selector)}")
    assert status == HTTPStatus.OK, body
    found: list[Object] = body["items"]
    return found


def _selector_text(selector: Object) -> str:
    """Write a LabelSelector as the API's query parameter has it."""
    words = [f"{key}={value}" for key, value in selector.get("matchLabels", {}).items()]
    for each in selector.get("matchExpressions", ()):
        operator, values = each["operator"], ",".join(each.get("values", ()))
        words.append({
            "In": f"{each['key']} in ({values})", "NotIn": f"{each['key']} notin ({values})",
            "Exists": each["key"], "DoesNotExist": f"!{each['key']}",
        }[operator])  # fmt: skip
    return ",".join(words)


def _authorizer_is_ready(api: client.ApiClient, world: World) -> bool:
    """Tell whether the authorizer has the last Role, RoleBinding, ClusterRole and ClusterRoleBinding, hence all before them."""
    namespace = world.namespaces[0]
    accounts = ((namespace, READY), (namespace, f"{READY}-everywhere"))
    return all(_review(api, Asked(account, "get", namespace, "any")).allowed for account in accounts)


def _take_away(api: client.ApiClient, world: World) -> None:
    selector = f"{WORLD_LABEL}={world.name}"
    rbac, core = client.RbacAuthorizationV1Api(api), client.CoreV1Api(api)
    rbac.delete_collection_cluster_role_binding(label_selector=selector)
    rbac.delete_collection_cluster_role(label_selector=selector)
    for namespace in core.list_namespace(label_selector=selector).items:
        core.delete_namespace(namespace.metadata.name)
