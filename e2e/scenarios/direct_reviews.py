"""Reviews as the API server writes them, of every sort, sent to a replica of the webhook without the API server."""

import base64
import itertools
import json
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import urllib3

from e2e.scenarios.operated_world import agent
from e2e.scenarios.running_webhook import AdmissionInstall

_ADMIN = {"username": "admin", "groups": ["system:masters"]}
_CLIENTS = 8
_GROUPS = {"DaemonSet": "apps", "Rollout": "example.com"}


@dataclass(frozen=True)
class Sort:
    """Reviews of one sort: how many there are in a hundred, and what must come of each."""

    name: str
    share: float
    path: str
    body: bytes
    expected: Callable[[int, Mapping[str, Any]], bool]


def sorts(admitting: AdmissionInstall) -> list[Sort]:
    """Return every sort: allowed, refused, asked about, injected, not judged, large and malformed."""
    tenants = admitting.tenants
    own = tenants.pod("web", tenants.handle("shop", "db"))
    foreign = tenants.pod("web", tenants.handle("bank", "db"))
    plain = {**own, "metadata": {**own["metadata"], "annotations": {}}}
    fresh = agent(tenants.names["agents"])
    fresh["metadata"]["name"] = "fresh"
    fresh["spec"]["template"]["spec"]["containers"][0]["env"] = []
    return [
        Sort("allowed", 81, "/validate", _review(own), _is_allowed),
        Sort("refused", 2, "/validate", _review(foreign), _is_refused),
        Sort("asked about", 3, "/validate", _review(own, plain), _is_allowed),
        Sort("injected", 4, "/mutate", _review(fresh), _is_injected),
        Sort("not judged", 4, "/validate", _review(_rollout(foreign)), _is_allowed),
        Sort("large", 0.9, "/validate", _review({**own, "status": {"message": "a" * 1_200_000}}), _is_allowed),
        Sort("14 MB", 0.1, "/validate", _review({**foreign, "status": {"message": "a" * 14_000_000}}), _is_refused),
        Sort("half of one", 2.5, "/validate", _review(own)[:-20], _is_bad),
        Sort("another version", 2.5, "/validate", _review(own).replace(b"io/v1", b"io/v7", 1), _is_refused),
    ]  # fmt: skip


class Client:
    """The API server's place: kept connections to one replica, that trust what the API server trusts."""

    def __init__(self, admitting: AdmissionInstall) -> None:
        trusted = base64.b64decode(admitting.secret()["ca.crt"]).decode()
        self._pool = urllib3.HTTPSConnectionPool(
            "127.0.0.1", admitting.port, ssl_context=ssl.create_default_context(cadata=trusted),
            retries=False, timeout=30, maxsize=_CLIENTS,
        )  # fmt: skip

    def send(self, mix: Sequence[Sort]) -> list[str]:
        """Send reviews, several at a time, and return of what sort those were whose answer is another than expected."""
        with ThreadPoolExecutor(_CLIENTS) as threads:
            return [said for said in threads.map(self._send, mix) if said]

    def _send(self, sort: Sort) -> str:
        answer = self._pool.request("POST", f"{sort.path}?timeout=30s", body=sort.body)
        response = answer.json()["response"] if answer.status == 200 else {}
        return "" if sort.expected(answer.status, response) else f"{sort.name}: {answer.status} {response}"


def mixed(found: Sequence[Sort]) -> Iterator[Sort]:
    """Yield reviews without end, each sort as often as its share says, evenly spread."""
    given = dict.fromkeys((each.name for each in found), 0.0)
    for number in itertools.count(1):
        late = max(found, key=lambda sort: number * sort.share / 100 - given[sort.name])
        given[late.name] += 1
        yield late


def _review(manifest: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> bytes:
    name = manifest["kind"]
    kind = {"group": _GROUPS.get(name, ""), "version": "v1", "kind": name}
    request = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": kind,
        "resource": {"group": kind["group"], "version": "v1", "resource": f"{name.lower()}s"},
        "name": manifest["metadata"]["name"], "namespace": manifest["metadata"]["namespace"],
        "operation": "UPDATE" if old else "CREATE", "userInfo": _ADMIN, "object": manifest, "oldObject": old,
    }  # fmt: skip
    review = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}
    return json.dumps(review, separators=(",", ":")).encode()


def _rollout(pod: Mapping[str, Any]) -> dict[str, Any]:
    return {**pod, "kind": "Rollout", "metadata": {**pod["metadata"], "annotations": {}}}


def _is_allowed(status: int, response: Mapping[str, Any]) -> bool:
    return status == 200 and response["allowed"] is True and "patch" not in response


def _is_refused(status: int, response: Mapping[str, Any]) -> bool:
    return status == 200 and response["allowed"] is False and response["status"]["code"] in {400, 403}


def _is_injected(status: int, response: Mapping[str, Any]) -> bool:
    return status == 200 and response["allowed"] is True and "patch" in response


def _is_bad(status: int, response: Mapping[str, Any]) -> bool:
    return status == 400 and not response
