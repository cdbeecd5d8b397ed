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
from enc_operator.core.injection.parts import BACKEND_COMMAND, OWN_NAMESPACE, limits
from enc_operator.core.inventory import TargetFact
from enc_operator.core.objects.shapes import entries, labels, text

_OWNERS = ("DatadogAgent", "DatadogAgentInternal")
_NAME = "agent.datadoghq.com/name"
_PREFIX = "DD_"  # datadog-operator knows no other Agent


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
    """The fields of a DatadogAgent that an AgentTarget leads to, by the Agent's own script."""

    target: TargetFact

    @property
    def text(self) -> str:
        """The DatadogAgent's spec, as JSON on one line, which is YAML too."""
        target = self.target
        refresh = {"refreshInterval": target.refresh_interval} if target.refresh_interval else {}
        backend = {"command": BUILTIN_COMMAND, "timeout": target.timeout, **refresh}
        own = {"name": f"{_PREFIX}{OWN_NAMESPACE}", "value": "true"}
        env = {} if target.cross_namespace else {"env": [own]}
        return json.dumps({"global": {"secretBackend": {**backend, "enableGlobalPermissions": False}, **env}})

    def stands_in(self, manifest: Mapping[str, Any]) -> bool:
        """Tell whether a workload has the variables that datadog-operator makes of it, in every container that resolves handles."""
        wanted = {f"{_PREFIX}{BACKEND_COMMAND}": BUILTIN_COMMAND, **limits(_PREFIX, self.target)}
        readers = [container for _, container in reading_containers(manifest)]
        return all(wanted.items() <= _literals(container).items() for container in readers)


def _literals(container: Mapping[str, Any]) -> dict[str, str]:
    return {text(each, "name"): text(each, "value") for _, each in entries(container, "env")}
