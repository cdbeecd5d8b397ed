"""Our custom resources on a real API server: their CRDs, and its verdict on a resource without storing it."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from kubernetes import client

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster

Crd = Mapping[str, Any]

FOLDER = Path(__file__).parents[2] / "charts/enc-operator/crds"
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_UNKNOWN_FIELD = re.compile(r'unknown field "((?:[^"\\]|\\.)*)"')
_OF_THE_RESOURCE = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}


@dataclass(frozen=True)
class Verdict:
    """Whether the API server takes a resource, the fields that it complains about, and its words."""

    accepted: bool
    fields: frozenset[str]
    words: str


@contextmanager
def installed(cluster: Cluster, crds: Mapping[str, Crd]) -> Iterator[None]:
    """Have the CRDs served; those that were not there before are taken away at the end."""
    with cluster.api() as api:
        ours = [
            crd for crd in crds.values() if _request(api, "POST", _DEFINITIONS, crd)[0] != HTTPStatus.CONFLICT
        ]
        try:
            for crd in crds.values():
                wait_until(lambda crd=crd: _is_served(api, crd), f"{_name(crd)} is served", seconds=30)  # type: ignore[misc]
            yield
        finally:
            for crd in ours:
                _request(api, "DELETE", f"{_DEFINITIONS}/{_name(crd)}")
            for crd in ours:
                wait_until(lambda crd=crd: _is_gone(api, crd), f"{_name(crd)} is gone", seconds=30)  # type: ignore[misc]


def judge(
    api: client.ApiClient,
    crd: Crd,
    namespace: str,
    resource: Any,
    *,
    validation: str = "Strict",
    version: str = "",
) -> Verdict:
    """Have a resource created on trial; a text is sent as the YAML that it is.

    `validation` is the API's fieldValidation; `version` is the apiVersion to create it in, if it is not the CRD's own.
    """
    path = f"{_path(crd, namespace, version)}?dryRun=All&fieldValidation={validation}"
    return _verdict(*_request(api, "POST", path, resource))


def create(api: client.ApiClient, crd: Crd, namespace: str, resource: Any) -> Any:
    """Create a resource and return it as the API server stores it."""
    status, stored = _request(api, "POST", _path(crd, namespace), resource)
    assert status == HTTPStatus.CREATED, stored
    return stored


def judge_status(api: client.ApiClient, crd: Crd, namespace: str, resource: Any) -> Verdict:
    """Have the status of a resource that exists replaced on trial."""
    path = f"{_path(crd, namespace)}/{resource['metadata']['name']}/status?dryRun=All&fieldValidation=Strict"
    return _verdict(*_request(api, "PUT", path, resource))


def _verdict(status: int, answer: Any) -> Verdict:
    if status in {HTTPStatus.OK, HTTPStatus.CREATED}:
        return Verdict(accepted=True, fields=frozenset(), words="")
    assert status in _OF_THE_RESOURCE, f"{status}: {answer}"
    words = answer["message"] if isinstance(answer, dict) else str(answer)
    causes = (answer.get("details") or {}).get("causes") or () if isinstance(answer, dict) else ()
    named = {cause["field"] for cause in causes if "field" in cause} - {"<nil>"}
    return Verdict(accepted=False, fields=frozenset(named or _UNKNOWN_FIELD.findall(words)), words=words)


def _path(crd: Crd, namespace: str, version: str = "") -> str:
    spec = crd["spec"]
    within = f"/namespaces/{namespace}" if spec["scope"] == "Namespaced" and namespace else ""
    own = f"{spec['group']}/{spec['versions'][0]['name']}"
    return f"/apis/{version or own}{within}/{spec['names']['plural']}"


def _name(crd: Crd) -> str:
    return str(crd["metadata"]["name"])


def _is_served(api: client.ApiClient, crd: Crd) -> bool:
    """Tell whether requests are answered, which comes a moment after the condition Established."""
    status, found = _request(api, "GET", f"{_DEFINITIONS}/{_name(crd)}")
    conditions = (found.get("status", {}).get("conditions") or ()) if status == HTTPStatus.OK else ()
    established = any(each["type"] == "Established" and each["status"] == "True" for each in conditions)
    return established and _request(api, "GET", _path(crd, ""))[0] == HTTPStatus.OK


def _is_gone(api: client.ApiClient, crd: Crd) -> bool:
    return _request(api, "GET", f"{_DEFINITIONS}/{_name(crd)}")[0] == HTTPStatus.NOT_FOUND


def _request(api: client.ApiClient, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Send a text as YAML, anything else as JSON; return status and answer, refusals too."""
    written = isinstance(body, str)
    headers = {
        **api.default_headers,
        "Content-Type": f"application/{'yaml' if written else 'json'}",
        "Accept": "application/json",
    }
    url = f"{api.configuration.host}{path}"
    sent = body if written or body is None else json.dumps(body)
    answer = api.rest_client.pool_manager.request(method, url, body=sent, headers=headers)
    text = answer.data.decode()
    return answer.status, json.loads(text) if text.startswith("{") else text
