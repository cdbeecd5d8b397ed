"""The object by which it is tried whether the API server asks the webhook: by the webhook's replicas, and by whoever examines an install."""

from collections.abc import Mapping
from typing import Any


def trial_grant(namespace: str, name: str) -> Mapping[str, Any]:
    """Return a grant that would open nothing, were it ever stored: there is no such Secret."""
    return {
        "apiVersion": "enc-operator.io/v1alpha1",
        "kind": "SecretGrant",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "from": [{"namespace": namespace, "serviceAccounts": ["*"]}],
            "to": [{"secretName": name, "keys": ["*"]}],
        },
    }
