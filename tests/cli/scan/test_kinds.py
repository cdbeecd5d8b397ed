"""What is kept of an object, and whose pod it is."""

from typing import Any

import pytest

from enc_operator.cli.scan.kinds import owner_of, slim
from enc_operator.core.findings import ObjectRef
from kubectl_stand_in import kinds

POD: dict[str, Any] = {
    "metadata": {
        "name": "web",
        "namespace": "shop",
        "uid": "u",
        "managedFields": [{}],
        "annotations": {"a": "b", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
    },
    "spec": {
        "serviceAccountName": "web",
        "containers": [{"name": "app", "image": "redis", "env": [{"name": "PASSWORD", "value": "s3cret"}]}],
        "volumes": [{}],
    },
    "status": {"podIP": "10.0.0.1", "phase": "Running"},
}


def test_pods() -> None:
    """Of a pod its place, annotations, names and images are kept; its environment is not."""
    assert slim(kinds("Pod")[0], POD) == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "uid": "u", "annotations": {"a": "b"}},
        "spec": {"serviceAccountName": "web", "containers": [{"name": "app", "image": "redis"}]},
        "status": {"podIP": "10.0.0.1"},
    }


def test_workloads() -> None:
    """Of a workload the specification is kept, so that it can be applied with its changes."""
    manifest = {
        "metadata": {"name": "n", "namespace": "dd", "uid": "u", "resourceVersion": "7"},
        "spec": {"a": 1},
        "status": {},
    }

    assert slim(kinds("DaemonSet")[0], manifest) == {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "n", "namespace": "dd"},
        "spec": {"a": 1},
    }


def test_roles() -> None:
    """Of a Role everything is kept by which it is compared with the plan."""
    metadata = {"name": "r", "namespace": "shop", "uid": "u", "finalizers": ["x"]}

    kept = slim(kinds("Role")[0], {"metadata": {**metadata, "managedFields": []}, "rules": []})

    assert kept["metadata"] == metadata


@pytest.mark.parametrize(
    ("owners", "labels", "owner"),
    [
        pytest.param([("ReplicaSet", "web-6d4", True)], {"pod-template-hash": "6d4"}, "Deployment web", id="a Deployment's"),
        pytest.param([("ReplicaSet", "web-6d4", True)], {}, "ReplicaSet web-6d4", id="a ReplicaSet's of its own"),
        pytest.param(
            [("Backup", "b", False), ("StatefulSet", "db", True)], {}, "StatefulSet db", id="the controller's"
        ),
        pytest.param([("Backup", "b", False)], {}, None, id="nobody's who controls it"),
        pytest.param([("Node", "n1", True)], {}, None, id="a static pod's"),
        pytest.param([], {}, None, id="nobody's"),
    ],
)  # fmt: skip
def test_owners(owners: list[tuple[str, str, bool]], labels: dict[str, str], owner: str | None) -> None:
    """A pod is its controller's; one of a Deployment's ReplicaSet is the Deployment's."""
    references = [{"kind": kind, "name": name, "controller": controls} for kind, name, controls in owners]
    manifest = {"metadata": {"namespace": "shop", "labels": labels, "ownerReferences": references}}

    kind, _, name = (owner or "").partition(" ")
    assert owner_of(manifest) == (ObjectRef(kind, "shop", name) if owner else None)
