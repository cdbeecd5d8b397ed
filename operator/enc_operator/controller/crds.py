"""Bringing the cluster's CRDs to those of this version, which `helm upgrade` leaves as they were."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.gateway import Gateway
from enc_operator.errors import EncError

_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_APPLY = {"fieldManager": "enc-operator-crds", "force": "true"}
_APPLY_PATCH = "application/apply-patch+yaml"  # of which JSON is a part
_SERVED_SECONDS = 30.0
_NOT_FOUND = 404

Crd = Mapping[str, Any]


def apply_crds(gateway: Gateway, crds: Iterable[Crd]) -> list[str]:
    """Apply CRDs and wait until they are served; return their names.

    Raise EncError, before anything is changed, where a stored version would be lost.
    """
    wanted = {str(crd["metadata"]["name"]): crd for crd in crds}
    refused = [
        reason for crd in wanted.values() if (reason := find_lost_version(crd, _current(gateway, crd)))
    ]
    if refused:
        raise EncError(
            "; ".join(refused), "install a version of enc-operator that is not older, or migrate the objects"
        )
    for name, crd in wanted.items():
        gateway.call(Call("PATCH", f"{_CRDS}/{name}", _APPLY, crd, _APPLY_PATCH))
    for crd in wanted.values():
        _wait(gateway, crd)
    return list(wanted)


def find_lost_version(crd: Crd, current: Crd | None) -> str:
    """Say which versions of objects in the store a CRD no longer knows; empty where there is none."""
    stored = (current or {}).get("status", {}).get("storedVersions", ())
    known = {version["name"] for version in crd["spec"]["versions"]}
    lost = [version for version in stored if version not in known]
    name = crd["metadata"]["name"]
    return (
        f"{name}: objects are stored as {', '.join(lost)}, which this version does not know" if lost else ""
    )


def _current(gateway: Gateway, crd: Crd) -> Crd | None:
    try:
        return gateway.call(Call("GET", f"{_CRDS}/{crd['metadata']['name']}"))
    except ApiError as error:
        if error.status == _NOT_FOUND:
            return None
        raise


def _wait(gateway: Gateway, crd: Crd) -> None:
    deadline = time.monotonic() + _SERVED_SECONDS
    while not is_served(_current(gateway, crd) or {}):
        if time.monotonic() > deadline:
            raise EncError(
                f"{crd['metadata']['name']} is not served after {_SERVED_SECONDS:g} s", "see its conditions"
            )
        time.sleep(0.2)


def is_served(crd: Crd) -> bool:
    """Tell whether the API server has taken a CRD in."""
    conditions = crd.get("status", {}).get("conditions", ())
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)
