"""What datadog-operator leaves in a cluster that does not run it: the owner of a workload, and the variables that it makes of a DatadogAgent."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from e2e.scenarios.custom_resources import installed
from e2e.scenarios.injected_workloads import COMMAND, Manifest
from e2e.scenarios.operated_world import Clusterful

_API = {"apiVersion": "datadoghq.com/v1alpha1", "kind": "DatadogAgentInternal"}
_PLURAL = "datadogagentinternals"
_OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_CRD: Manifest = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{_PLURAL}.datadoghq.com"},
    "spec": {
        "group": "datadoghq.com",
        "scope": "Namespaced",
        "names": {"kind": _API["kind"], "plural": _PLURAL},
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": _OPEN}}},
            }
        ],
    },
}


@contextmanager
def owning(tenants: Clusterful, name: str = "dd") -> Iterator[Manifest]:
    """Have what stands between a DatadogAgent and its workloads, and yield the reference that these have."""
    place = ["-n", tenants.names["agents"]]
    with installed(tenants.cluster, {"owner": _CRD}):
        tenants.apply({**_API, "metadata": {"name": name, "namespace": tenants.names["agents"]}, "spec": {}})
        stored = json.loads(tenants.cluster.kubectl(*place, "get", _PLURAL, name, "-o", "json"))
        yield {**_API, "name": name, "uid": stored["metadata"]["uid"], "controller": True}


def variables_of(said: Manifest) -> list[Manifest]:
    """Return what datadog-operator makes of a DatadogAgent's spec (`internal/controller/datadogagent/global`)."""
    backend, names = (
        said["global"]["secretBackend"],
        {"command": COMMAND, "timeout": "DD_SECRET_BACKEND_TIMEOUT"},
    )
    found = [{"name": name, "value": str(backend[field])} for field, name in names.items()]
    return [*found, *said["global"].get("env", [])]
