"""Injecting into what was injected before: what is no longer wanted goes, what the user wrote stays."""

from dataclasses import replace

from assessing import NODE_AGENT, document
from injecting import TARGET, edited, environment, inject, pod_spec

LIMIT = "DD_SECRET_SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE"


def test_another_target() -> None:
    """Limits of an earlier injection go when the AgentTarget no longer asks for them."""
    once = inject(document(NODE_AGENT), replace(TARGET, refresh_interval=60))
    assert once.manifest is not None

    twice = inject(once.manifest, replace(TARGET, cross_namespace=True), namespaces=("a",))

    found = environment(pod_spec(twice)["containers"][0])
    assert LIMIT not in found
    assert "DD_SECRET_REFRESH_INTERVAL" not in found
    assert found["DD_SECRET_ALLOWED_K8S_NAMESPACE"] == "a"


def test_the_users_own_limits_stay() -> None:
    """What stood there before the first injection is the user's."""
    manifest = edited(NODE_AGENT, env=[{"name": "DD_SECRET_ALLOWED_K8S_NAMESPACE", "value": "mine"}])

    found = environment(pod_spec(inject(manifest))["containers"][0])

    assert found["DD_SECRET_ALLOWED_K8S_NAMESPACE"] == "mine"


def test_emptied_arguments_are_stored_without_a_value() -> None:
    """The API server stores no empty text, so what comes back without it is as it was written."""
    env = [{"name": "DD_SECRET_BACKEND_ARGUMENTS", "value": "old"}]
    once = inject(edited(NODE_AGENT, env=env)).manifest
    assert once is not None
    arguments = pod_spec(inject(once))["containers"][0]["env"][0]
    assert arguments.pop("value") == ""

    assert inject(once).changes == ()
