"""Whom the injection leaves as it is, and why."""

from dataclasses import replace
from typing import Any

import pytest

from assessing import NODE_AGENT, document, resolver
from enc_operator.core.agents.backends import Backend, BackendKind
from enc_operator.core.injection.planning import plan_injection
from injecting import TARGET, edited, inject, workload


@pytest.mark.parametrize(
    ("env", "code", "shown"),
    [
        pytest.param(
            {"DD_SECRET_BACKEND_COMMAND": "/mine"},
            "backend-conflict",
            "(/mine)",
            id="a command of the user's own",
        ),
        pytest.param(
            {"DD_SECRET_BACKEND_TYPE": "aws.secrets"},
            "backend-kept",
            "(secret_backend_type aws.secrets)",
            id="a backend type",
        ),
        pytest.param(
            {"DD_SECRET_BACKEND_COMMAND": "/readsecret.py"},
            "backend-kept",
            "(the Agent's readsecret script)",
            id="the script for a folder",
        ),
    ],
)
def test_conflicts(env: dict[str, str], code: str, shown: str) -> None:
    """A backend of the user's own is never overwritten."""
    variables = [{"name": name, "value": value} for name, value in env.items()]

    injection = inject(edited(NODE_AGENT, env=variables))

    assert injection.manifest is None
    assert injection.refused is not None
    assert injection.refused.code == code
    assert shown in injection.refused.message


def test_backend_of_the_main_file() -> None:
    """A backend that the Agent's main file configures is the user's own too."""
    injection = plan_injection(
        workload(document(NODE_AGENT)), TARGET, resolver(), Backend(BackendKind.MULTIPLE)
    )

    assert injection.refused is not None
    assert injection.refused.code == "backend-kept"


def test_command_from_elsewhere_is_a_conflict() -> None:
    """A command that comes from a ConfigMap or a Secret is the user's own."""
    env = [{"name": "DD_SECRET_BACKEND_COMMAND", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]

    refused = inject(edited(NODE_AGENT, env=env)).refused

    assert refused is not None
    assert refused.code == "backend-conflict"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            {"os": {"name": "windows"}}, "it runs on Windows, where the resolver does not run", id="by its OS"
        ),
        pytest.param(
            {"nodeSelector": {"kubernetes.io/os": "windows"}},
            "it runs on Windows, where the resolver does not run",
            id="by its nodes",
        ),
        pytest.param(
            {"nodeSelector": {"autopilot.gke.io/mode": "x"}},
            "GKE Autopilot admits no change to the Agent's pods",
            id="Autopilot",
        ),
        pytest.param({"containers": []}, "it has no container that resolves handles", id="no containers"),
    ],
)
def test_refusals(spec: dict[str, Any], message: str) -> None:
    """What cannot take the resolver is refused with the reason, and stays as it is."""
    manifest = edited(NODE_AGENT)
    manifest["spec"]["template"]["spec"].update(spec)

    injection = inject(manifest)

    assert injection.manifest is None
    assert injection.refused is not None
    assert (injection.refused.code, injection.refused.message) == ("agent-refused", message)


def test_mode_none() -> None:
    """Mode none changes nothing."""
    injection = inject(document(NODE_AGENT), replace(TARGET, mode="none"))

    assert injection.manifest is None
    assert injection.refused is not None
    assert injection.refused.code == "none"
