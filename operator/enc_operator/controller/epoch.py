"""The epoch in force: whose writes the fence lets through. Who wins the Lease puts his in force; earlier leaders' writes are refused.

It stands in an annotation of a ServiceAccount that the chart makes for it, and is not read from the Lease: of Leases the API server's
policies see no change any more once the policy was removed and installed again (`templates/fence/epoch.yaml` says why).
"""

from collections.abc import Mapping
from typing import Any

from enc_operator.cluster.calls import Call
from enc_operator.cluster.gateway import Gateway
from enc_operator.core.rbac.convergence import EPOCH
from enc_operator.errors import EncError
from enc_operator.process.settings import Settings


def enforce_epoch(gateway: Gateway, settings: Settings, epoch: int) -> None:
    """Put a leader's epoch in force; nothing is written where it is already.

    Raise ApiError, of which 409 says that somebody else was faster; EncError where a later leader's is in force.
    """
    account = gateway.call(Call("GET", _path(settings)))
    found = epoch_of(account)
    if found > epoch:
        raise EncError(
            f"epoch {found} is in force, which is later than this leader's, {epoch}",
            f"if no later leader is there, remove the annotation {EPOCH} from the ServiceAccount {settings.lease.name}-epoch",
        )
    if found < epoch:
        notes = {**account["metadata"].get("annotations", {}), EPOCH: str(epoch)}
        changed = {**account, "metadata": {**account["metadata"], "annotations": notes}}
        gateway.call(Call("PUT", _path(settings), body=changed))


def read_epoch(gateway: Gateway, settings: Settings) -> int:
    """Return the epoch in force, 0 where there was no leader yet; raise ApiError."""
    return epoch_of(gateway.call(Call("GET", _path(settings))))


def epoch_of(account: Mapping[str, Any]) -> int:
    """Return the epoch in a ServiceAccount."""
    text = str(account["metadata"].get("annotations", {}).get(EPOCH, "0"))
    return int(text) if text.isascii() and text.isdigit() else 0


def _path(settings: Settings) -> str:
    lease = settings.lease
    return f"/api/v1/namespaces/{lease.namespace}/serviceaccounts/{lease.name}-epoch"
