"""DatadogInstrumentation on a cluster that runs nothing of its vendor's: a CRD that is open to every field, and such resources."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from e2e.cluster.interface import Cluster
from e2e.scenarios.custom_resources import installed
from e2e.scenarios.rendered_chart import Manifest
from e2e.scenarios.webhooked_world import Webhooked

GROUP = "/apis/datadoghq.com/v1alpha1"
PLURAL = "datadoginstrumentations"
_OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_VERSION = {
    "name": "v1alpha1",
    "served": True,
    "storage": True,
    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": _OPEN, "status": _OPEN}}},
    "subresources": {"status": {}},
}
CRD: Manifest = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{PLURAL}.datadoghq.com"},
    "spec": {
        "group": "datadoghq.com",
        "scope": "Namespaced",
        "names": {"kind": "DatadogInstrumentation", "plural": PLURAL, "singular": "datadoginstrumentation"},
        "versions": [_VERSION],
    },
}


@contextmanager
def instrumentations(cluster: Cluster) -> Iterator[None]:
    """Have the API server serve them, and take them away at the end with all that there are."""
    with installed(cluster, {"instrumentations": CRD}):
        yield


def instrumentation(world: Webhooked, secret: Any, target: str = "Deployment", **instance: Any) -> Manifest:
    """Return one of the shop that configures a check with something in the place of a password."""
    check = {"integration": "redisdb", "instances": [{"password": secret, **instance}]}
    return {
        "apiVersion": "datadoghq.com/v1alpha1",
        "kind": "DatadogInstrumentation",
        "metadata": {"name": world.fresh("checks"), "namespace": world.names["shop"]},
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": target, "name": "web"},
            "config": {"checks": [check]},
        },
    }
