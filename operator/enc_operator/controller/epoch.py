"""The epoch: how many leaders there were. Who takes the lead counts himself in; the fence refuses what an earlier one writes.

It is an annotation of a ServiceAccount that the chart makes for it, and not the Lease's `leaseTransitions`: of Leases the API server's
policies see no change any more once the policy was removed and installed again (`templates/fence/epoch.yaml` says why).
"""

from collections.abc import Mapping
from typing import Any

from enc_operator.cluster.calls import Call
from enc_operator.cluster.gateway import Gateway
from enc_operator.controller.settings import Settings
from enc_operator.core.rbac.convergence import EPOCH


def take_epoch(gateway: Gateway, settings: Settings) -> int:
    """Count a new leader and return its epoch, which each of its writes carries; to be called once, after the Lease was won.

    Raise ApiError; 409 says that somebody else has counted himself in meanwhile, who then leads.
    """
    account = gateway.call(Call("GET", _path(settings)))
    epoch = epoch_of(account) + 1
    notes = {**account["metadata"].get("annotations", {}), EPOCH: str(epoch)}
    counted = {**account, "metadata": {**account["metadata"], "annotations": notes}}
    gateway.call(Call("PUT", _path(settings), body=counted))
    return epoch


def read_epoch(gateway: Gateway, settings: Settings) -> int:
    """Return the epoch of the newest leader, 0 where there was none yet; raise ApiError."""
    return epoch_of(gateway.call(Call("GET", _path(settings))))


def epoch_of(account: Mapping[str, Any]) -> int:
    """Return the epoch in a ServiceAccount."""
    text = str(account["metadata"].get("annotations", {}).get(EPOCH, "0"))
    return int(text) if text.isascii() and text.isdigit() else 0


def _path(settings: Settings) -> str:
    lease = settings.lease
    return f"/api/v1/namespaces/{lease.namespace}/serviceaccounts/{lease.name}-epoch"
