"""What the API-server level promises to every other test."""

import json
import secrets

import pytest
from kubernetes import client

from e2e.cluster import choice
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster, Level
from e2e.scenarios.secret_access import allow, reads


def test_the_newest_pinned_version_runs_unless_another_is_asked_for(api_server: Cluster) -> None:
    """The version that the server reports is the one that the choice names."""
    asked = choice.asked_version()

    with api_server.api() as api:
        running = client.VersionApi(api).get_code()

    assert f"{running.major}.{running.minor}" == asked


def test_a_service_account_may_do_what_a_role_says_and_nothing_else(
    api_server: Cluster, namespace: str
) -> None:
    """Tokens work, and RBAC decides on what they allow."""
    api_server.kubectl("-n", namespace, "create", "secret", "generic", "shop", "--from-literal=key=value")
    allow(api_server, namespace, "default", "shop")

    with api_server.api_of(namespace, "default") as api:
        core = client.CoreV1Api(api)
        wait_until(lambda: reads(core, namespace, "shop"), "the role has taken effect", seconds=10)
        with pytest.raises(client.ApiException, match='secrets \\\\"other\\\\" is forbidden'):
            core.read_namespaced_secret("other", namespace)


def test_the_audit_log_says_who_asked_for_what_but_holds_no_bodies(
    api_server: Cluster, namespace: str
) -> None:
    """Every request is in the log with user and object; a Secret's value is not."""
    if api_server.audit_log is None:
        pytest.skip("an existing cluster's audit log is not ours to read")
    canary = secrets.token_hex(16)
    api_server.kubectl(
        "-n", namespace, "create", "secret", "generic", "audited", f"--from-literal=key={canary}"
    )

    text = api_server.audit_log.read_text()

    events = [json.loads(line) for line in text.splitlines()]
    found = [
        event
        for event in events
        if event.get("objectRef", {}).get("namespace") == namespace and event["verb"] == "create"
    ]
    assert [event["objectRef"]["name"] for event in found if event["objectRef"]["resource"] == "secrets"] == [
        "audited"
    ]
    assert {event["level"] for event in events} == {"Metadata"}
    assert canary not in text


def test_a_deleted_namespace_takes_its_objects_along(api_server: Cluster) -> None:
    """The controllers run: a namespace gets a ServiceAccount and can be deleted."""
    with api_server.api() as api:
        core = client.CoreV1Api(api)
        core.create_namespace({"metadata": {"name": "enc-e2e-deleted"}})
        core.create_namespaced_config_map("enc-e2e-deleted", {"metadata": {"name": "inside"}})
        core.delete_namespace("enc-e2e-deleted")

        wait_until(lambda: not _names(core, "enc-e2e-deleted"), "the namespace is gone", seconds=60)


def test_two_clusters_run_side_by_side_and_know_nothing_of_each_other(
    api_server: Cluster, namespace: str
) -> None:
    """A second cluster starts beside the first, with ports and data of its own."""
    second = choice.start(Level.API_SERVER)
    try:
        with second.api() as api:
            assert not _names(client.CoreV1Api(api), namespace)
        with api_server.api() as api:
            assert _names(client.CoreV1Api(api), namespace)
    finally:
        second.close()


def _names(core: client.CoreV1Api, name: str) -> list[str]:
    return [each.metadata.name for each in core.list_namespace(field_selector=f"metadata.name={name}").items]
