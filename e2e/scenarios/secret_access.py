"""Giving a ServiceAccount a Role for Secrets, and telling whether it has taken effect."""

from kubernetes import client

from e2e.cluster.interface import Cluster


def allow(cluster: Cluster, namespace: str, account: str, *secrets: str) -> None:
    """Let a ServiceAccount `get` Secrets of its namespace by name, with a Role called after it and the first of them."""
    role = f"{account}-{secrets[0]}"
    named = [f"--resource-name={secret}" for secret in secrets]
    cluster.kubectl("-n", namespace, "create", "role", role, "--verb=get", "--resource=secrets", *named)
    subject = f"--serviceaccount={namespace}:{account}"
    cluster.kubectl("-n", namespace, "create", "rolebinding", role, f"--role={role}", subject)


def reads(core: client.CoreV1Api, namespace: str, name: str) -> bool:
    """Tell whether the client may read a Secret now."""
    try:
        core.read_namespaced_secret(name, namespace)
    except client.ApiException:
        return False
    return True
