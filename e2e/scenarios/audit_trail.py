"""What the operator's ServiceAccount sent, as the API server's audit log has it."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from e2e.cluster.interface import Cluster
from e2e.scenarios.running_operator import Install

_READS = {"get", "list", "watch"}
_OK, _FORBIDDEN = 200, 403


class AuditTrail:
    """Requests of an install's operator since this was made; skips the test where the cluster writes no audit log."""

    def __init__(self, cluster: Cluster, install: Install) -> None:
        if not cluster.audit_log:
            pytest.skip("the cluster writes no audit log that can be read")
        self._log = cluster.audit_log
        self._user = f"system:serviceaccount:{install.namespace}:{install.account}"
        self._from = self._log.stat().st_size

    def writes(self) -> list[str]:
        """Return what was written, trials of the fence, renewals of the Lease, Events and questions to RBAC left out."""
        beside = {"leases", "events", "subjectaccessreviews", "selfsubjectrulesreviews"}
        return [
            f"{each['verb']} {each['requestURI']} {each['responseStatus']['code']}"
            for each in self._events()
            if each["verb"] not in _READS
            and each.get("objectRef", {}).get("resource") not in beside
            and "dryRun" not in each["requestURI"]
        ]

    def changed(self, workload: str) -> list[datetime]:
        """Return when a workload, as `plural/name`, was changed."""
        return [
            datetime.fromisoformat(each["requestReceivedTimestamp"])
            for each in self._events()
            if each["verb"] == "patch"
            and each["requestURI"].partition("?")[0].endswith(f"/{workload}")
            and each["responseStatus"]["code"] == _OK
            and "dryRun" not in each["requestURI"]
        ]

    def refused(self, resource: str, namespace: str) -> bool:
        """Tell whether a write to a resource was refused."""
        return any(
            each["verb"] not in _READS
            and each["responseStatus"]["code"] == _FORBIDDEN
            and each.get("objectRef", {}).get("resource") == resource
            and each["objectRef"].get("namespace") == namespace
            and "dryRun" not in each["requestURI"]
            for each in self._events()
        )

    def _events(self) -> Iterator[dict[str, Any]]:
        with self._log.open("rb") as log:
            log.seek(self._from)
            for line in log:
                if line.endswith(b"\n"):
                    event = json.loads(line)
                    if event["user"]["username"] == self._user and "responseStatus" in event:
                        yield event
