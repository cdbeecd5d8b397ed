"""What a DatadogAgent has to say so that datadog-operator's workloads do what an AgentTarget asks for, as far as its fields go.

datadog-operator writes its workloads' own text, so an injection belongs to none of them; an init container cannot be said in a
DatadogAgent (datadog-operator: `api/datadoghq/v2alpha1/datadogagent_types.go`), the backend and its limits can.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from enc_operator.core.agents.backends import BUILTIN_COMMAND
from enc_operator.core.agents.workloads import reading_containers
from enc_operator.core.inventory import TargetFact
from enc_operator.core.objects.shapes import entries, labels, text

_OWNERS = ("DatadogAgent", "DatadogAgentInternal")
_NAME = "agent.datadoghq.com/name"
_OWN_NAMESPACE = "DD_SECRET_SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE"
_NAMES = {
    "command": "DD_SECRET_BACKEND_COMMAND",
    "timeout": "DD_SECRET_BACKEND_TIMEOUT",
    "refreshInterval": "DD_SECRET_REFRESH_INTERVAL",
}


def owner_of(manifest: Mapping[str, Any]) -> str:
    """Return the DatadogAgent that a workload is written from; empty where there is none.

    Newer releases of datadog-operator put a DatadogAgentInternal in between, of the same name but for profiles
    (`internal/controller/datadogagentinternal/controller_reconcile_v2_common.go`).
    """
    for _, owner in entries(manifest, "metadata", "ownerReferences"):
        if text(owner, "kind") in _OWNERS and text(owner, "apiVersion").startswith("datadoghq.com/"):
            name = labels(manifest, "metadata", "labels").get(_NAME) or text(owner, "name")
            return f"DatadogAgent {text(manifest, 'metadata', 'namespace')}/{name}"
    return ""


@dataclass(frozen=True, slots=True)
class Declared:
    """The fields of `spec.global.secretBackend` that an AgentTarget leads to, and whether pods are kept to their own namespace."""

    backend: Mapping[str, str | int]
    own_namespace: bool

    @classmethod
    def of(cls, target: TargetFact) -> "Declared":
        """Return what an AgentTarget asks for, by the Agent's own script."""
        refresh = {"refreshInterval": target.refresh_interval} if target.refresh_interval else {}
        backend: dict[str, str | int] = {"command": BUILTIN_COMMAND, "timeout": target.timeout, **refresh}
        return cls(backend, not target.cross_namespace)

    @property
    def text(self) -> str:
        """The DatadogAgent's spec, as JSON on one line, which is YAML too."""
        env = {"env": [{"name": _OWN_NAMESPACE, "value": "true"}]} if self.own_namespace else {}
        return json.dumps(
            {"global": {"secretBackend": {**self.backend, "enableGlobalPermissions": False}, **env}}
        )

    def stands_in(self, manifest: Mapping[str, Any]) -> bool:
        """Tell whether a workload has the variables that datadog-operator makes of it, in every container that resolves handles."""
        wanted = {_NAMES[field]: str(value) for field, value in self.backend.items()}
        if self.own_namespace:
            wanted[_OWN_NAMESPACE] = "true"
        readers = [container for _, container in reading_containers(manifest)]
        return all(wanted.items() <= _literals(container).items() for container in readers)


def _literals(container: Mapping[str, Any]) -> dict[str, str]:
    return {text(each, "name"): text(each, "value") for _, each in entries(container, "env")}
