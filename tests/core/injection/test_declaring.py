"""What a DatadogAgent has to say in place of an injection, and when it does."""

import json
from dataclasses import replace
from typing import Any

import pytest

from assessing import NODE_AGENT, document
from enc_operator.core.injection.declaring import Declared, owner_of
from injecting import TARGET, edited

COMMAND = {"name": "DD_SECRET_BACKEND_COMMAND", "value": "/readsecret_multiple_providers.sh"}
TIMEOUT = {"name": "DD_SECRET_BACKEND_TIMEOUT", "value": "25"}
OWN = {"name": "DD_SECRET_SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE", "value": "true"}
REFRESH = {"name": "DD_SECRET_REFRESH_INTERVAL", "value": "300"}
BACKEND = {"command": COMMAND["value"], "timeout": 25}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (
            TARGET,
            {"global": {"secretBackend": {**BACKEND, "enableGlobalPermissions": False}, "env": [OWN]}},
        ),
        (
            replace(TARGET, cross_namespace=True, refresh_interval=300),
            {
                "global": {
                    "secretBackend": {**BACKEND, "refreshInterval": 300, "enableGlobalPermissions": False}
                }
            },
        ),
    ],
    ids=["pods' own namespaces", "other namespaces, and a refresh"],
)
def test_the_text(target: Any, expected: Any) -> None:
    """It is what the AgentTarget asks for, in the fields of the DatadogAgent."""
    assert json.loads(Declared(target).text) == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ([COMMAND, TIMEOUT, OWN], True),
        ([{"name": "A", "value": "b"}, OWN, TIMEOUT, COMMAND], True),
        ([COMMAND, TIMEOUT], False),
        ([COMMAND, OWN], False),
        ([{**COMMAND, "value": ""}, TIMEOUT, OWN], False),
        ([], False),
    ],
    ids=["all", "beside others", "without the limit", "without the timeout", "an empty command", "nothing"],
)
def test_whether_it_stands_in_a_workload(variables: list[Any], *, expected: bool) -> None:
    """As datadog-operator makes variables of it."""
    assert Declared(TARGET).stands_in(edited(NODE_AGENT, env=variables)) is expected


def test_without_the_limit_where_none_is_asked_for() -> None:
    """An AgentTarget with crossNamespace asks for none."""
    target = replace(TARGET, cross_namespace=True)

    assert Declared(target).stands_in(edited(NODE_AGENT, env=[COMMAND, TIMEOUT]))


def test_every_container_must_have_it() -> None:
    """One without would resolve nothing."""
    manifest = edited(NODE_AGENT, env=[COMMAND, TIMEOUT, OWN])
    manifest["spec"]["template"]["spec"]["containers"].append({"name": "trace-agent", "image": "a"})

    assert not Declared(TARGET).stands_in(manifest)


def test_a_refresh_must_be_there_too() -> None:
    """Where the AgentTarget asks for one."""
    target = replace(TARGET, refresh_interval=300)

    assert not Declared(target).stands_in(edited(NODE_AGENT, env=[COMMAND, TIMEOUT, OWN]))
    assert Declared(target).stands_in(edited(NODE_AGENT, env=[COMMAND, TIMEOUT, OWN, REFRESH]))


@pytest.mark.parametrize(
    ("api", "kind", "labels", "expected"),
    [
        ("datadoghq.com/v2alpha1", "DatadogAgent", {}, "DatadogAgent dd/d"),
        ("datadoghq.com/v1alpha1", "DatadogAgentInternal", {}, "DatadogAgent dd/d"),
        (
            "datadoghq.com/v1alpha1",
            "DatadogAgentInternal",
            {"agent.datadoghq.com/name": "real"},
            "DatadogAgent dd/real",
        ),
        ("datadoghq.com/v1alpha1", "DatadogAgentProfile", {}, ""),
        ("example.com/v1", "DatadogAgent", {}, ""),
    ],
    ids=["a DatadogAgent", "what stands between", "a profile's", "another kind", "another group"],
)
def test_the_owner(api: str, kind: str, labels: dict[str, str], expected: str) -> None:
    """By the ownerReferences."""
    manifest = dict(document(NODE_AGENT))
    owners = [{"apiVersion": api, "kind": kind, "name": "d"}]
    metadata = {"namespace": "dd", "labels": labels, "ownerReferences": owners}
    manifest["metadata"] = {**manifest["metadata"], **metadata}

    assert owner_of(manifest) == expected
