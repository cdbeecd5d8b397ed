"""What the scenarios of the operator's own calls share: gateways to the real API server, directly or through the faulty proxy."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from kubernetes import client

from e2e.cluster.interface import Cluster
from e2e.scenarios.faulty_proxy import FaultyProxy
from enc_operator.cluster.gateway import Gateway


@contextmanager
def direct(cluster: Cluster) -> Iterator[Gateway]:
    """Reach the API server as the cluster's administrator."""
    with closing(Gateway.of_kubeconfig(str(cluster.kubeconfig))) as gateway:
        yield gateway


def administrator_token(cluster: Cluster, namespace: str) -> str:
    """Make a ServiceAccount that may do everything, and return a token of it; both end with the namespace."""
    binding = f"{namespace}-operator"
    cluster.kubectl("-n", namespace, "create", "serviceaccount", "operator")
    cluster.kubectl(
        "create", "clusterrolebinding", binding, "--clusterrole=cluster-admin",
        f"--serviceaccount={namespace}:operator",
    )  # fmt: skip
    with cluster.api() as api:
        # The binding goes with the namespace that its subject is in.
        owner = client.CoreV1Api(api).read_namespace(namespace).metadata
        reference = {"apiVersion": "v1", "kind": "Namespace", "name": namespace, "uid": owner.uid}
        client.RbacAuthorizationV1Api(api).patch_cluster_role_binding(
            binding, {"metadata": {"ownerReferences": [reference]}}
        )
    return cluster.kubectl("-n", namespace, "create", "token", "operator").strip()


@contextmanager
def through(proxy: FaultyProxy, token: str, **options: Any) -> Iterator[Gateway]:
    """Reach the API server through the proxy."""
    with closing(Gateway(proxy.configuration(token), **options)) as gateway:
        yield gateway
