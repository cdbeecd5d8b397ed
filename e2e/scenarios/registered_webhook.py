"""A webhook of a test's own, known to the API server for one namespace as long as it is needed; who serves it is the test's business."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import trustme

from e2e.cluster.interface import Cluster


@contextmanager
def registered(
    cluster: Cluster, kind: str, namespace: str, server: tuple[int, trustme.CA], rule: Mapping[str, Any]
) -> Iterator[None]:
    """Have the API server ask a port of this machine, whose certificate a CA signed, about what a rule says; `kind` is the configuration's."""
    port, authority = server
    name = f"zz-somebody-elses-{namespace}"  # after ours: the API server asks in the order of the configurations' names
    webhook = {
        "name": f"{namespace}.enc-e2e.invalid",
        "clientConfig": {
            "url": f"https://127.0.0.1:{port}/",
            "caBundle": base64.b64encode(authority.cert_pem.bytes()).decode(),
        },
        "rules": [{"apiVersions": ["v1"], **rule}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "failurePolicy": "Fail",
    }
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "webhooks": [webhook],
    }
    cluster.kubectl("create", "-f", "-", text=json.dumps(configuration))
    try:
        yield
    finally:
        cluster.kubectl("delete", kind, name)
