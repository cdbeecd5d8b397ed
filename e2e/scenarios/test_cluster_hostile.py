"""Objects that a tenant may store to blind the operator: nested deeper than Python reads, in a field that the API server leaves alone."""

import json
from typing import Any

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.operator_access import direct
from enc_operator.cluster.collections import Collection
from enc_operator.cluster.reflector import Reflector
from recorded_sink import RecordedSink


def store_nested(cluster: Cluster, namespace: str, name: str) -> None:
    """Store a ConfigMap with managedFields of 3,000 levels."""
    field = {"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1"}
    field |= {"time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:data": "DEEP"}}  # type: ignore[dict-item]
    metadata = {"namespace": namespace, "name": name, "managedFields": [field]}
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"value": name}}
    text = json.dumps(manifest).replace('"DEEP"', '{"f:x":' * 3000 + "{}" + "}" * 3000)
    cluster.kubectl("create", "--validate=false", "-f", "-", text=text)


def test_an_object_nested_too_deep_hides_no_other(api_server: Cluster, namespace: str) -> None:
    """Lists and watches with it are read, itself included."""
    sink = RecordedSink()

    def reduce(manifest: Any) -> str | None:
        return (manifest.get("data") or {}).get("value")

    store_nested(api_server, namespace, "listed")
    with direct(api_server) as gateway:
        reflector = Reflector(gateway, Collection("/api/v1/configmaps").namespaced(namespace), reduce, sink)
        reflector.start()
        try:
            wait_until(lambda: sink.names() == {"listed"}, "the first is known", seconds=10)
            store_nested(api_server, namespace, "watched")
            api_server.kubectl("-n", namespace, "create", "configmap", "beside", "--from-literal=value=1")
            wait_until(lambda: sink.names() == {"listed", "watched", "beside"}, "all are known", seconds=10)
        finally:
            reflector.stop()

    assert (reflector.state.failures, reflector.state.lists) == (0, 1)
