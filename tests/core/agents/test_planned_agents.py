"""An Agent as it will be after the injection: backend, limits, mounts, and what stays as the workload says."""

from typing import Any

import pytest
import yaml

from agent_manifests import agent, agents, env, mode_none, target
from enc_operator.core.agents.backends import BackendKind
from enc_operator.core.inventory import Component


@pytest.mark.parametrize(
    ("component", "options", "extra", "kind"),
    [
        pytest.param("agent", {}, [], BackendKind.BUNDLED, id="nothing is configured"),
        pytest.param("cluster-agent", {}, [], BackendKind.BUILTIN, id="the Cluster Agent has no Python"),
        pytest.param("cluster-checks-runner", {}, [], BackendKind.BUNDLED, id="a runner"),
        pytest.param("agent", {}, [mode_none()], BackendKind.NONE, id="left as it is"),
        pytest.param(
            "agent",
            {},
            [target(resolver={"mode": "builtin"})],
            BackendKind.BUILTIN,
            id="built-in is asked for",
        ),
        pytest.param(
            "agent",
            {"env": env(DD_SECRET_BACKEND_COMMAND="/readsecret_multiple_providers.sh")},
            [],
            BackendKind.BUNDLED,
            id="the built-in script gives way",
        ),
        pytest.param(
            "agent",
            {"env": env(DD_SECRET_BACKEND_COMMAND="/etc/fetch")},
            [],
            BackendKind.CUSTOM,
            id="the user's own command stays",
        ),
        pytest.param(
            "agent",
            {"env": env(DD_SECRET_BACKEND_TYPE="k8s.secrets")},
            [],
            BackendKind.TYPE,
            id="a type stays",
        ),
        pytest.param(
            "agent",
            {"env": [{"name": "DD_SECRET_BACKEND_COMMAND", "valueFrom": {"configMapKeyRef": {"name": "x"}}}]},
            [],
            BackendKind.CUSTOM,
            id="a command that is not in the input stays",
        ),
    ],
)
def test_backend(component: str, options: dict[str, Any], extra: list[str], kind: BackendKind) -> None:
    """The user's own backend stays; else the AgentTarget's mode decides."""
    (found,) = agents(agent(component, **options), *extra)

    assert found.backend.kind is kind


@pytest.mark.parametrize(
    ("extra", "variables", "own"),
    [
        pytest.param([], {}, True, id="the injection keeps Agents to their pods' namespaces"),
        pytest.param([target(crossNamespace=True)], {}, False, id="unless the AgentTarget opens them"),
        pytest.param(
            [target(crossNamespace=True)],
            {"DD_SECRET_SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE": "true"},
            True,
            id="the user's own limit stays",
        ),
        pytest.param([mode_none()], {}, False, id="no injection, no limit"),
        pytest.param(
            [], {"DD_SECRET_BACKEND_COMMAND": "/etc/fetch"}, False, id="the user's own backend, no limit"
        ),
    ],
)
def test_scoping(extra: list[str], variables: dict[str, str], own: bool) -> None:  # noqa: FBT001
    """An Agent's own limits after the injection."""
    (found,) = agents(agent(env=env(**variables)), *extra)

    assert found.scoping.own_namespace_only is own


@pytest.mark.parametrize(
    ("record", "namespaces"),
    [
        pytest.param("", ("shop",), id="what the user wrote"),
        pytest.param('{"set": {"DD_SECRET_ALLOWED_K8S_NAMESPACE": "shop"}}', (), id="what an injection set"),
        pytest.param('{"set": {"DD_SECRET_ALLOWED_K8S_NAMESPACE": "a"}}', ("shop",), id="what changed since"),
    ],
)
def test_limits_of_a_workload_that_was_injected(record: str, namespaces: tuple[str, ...]) -> None:
    """Only those count that are the user's own."""
    variables = env(DD_SECRET_BACKEND_COMMAND="/etc/enc/bin/resolver", DD_SECRET_ALLOWED_K8S_NAMESPACE="shop")
    manifest = yaml.safe_load(agent(env=variables))
    init = {"name": "enc-resolver", "env": env(ENC_INJECTED=record)}
    manifest["spec"]["template"]["spec"]["initContainers"] = [init]

    (found,) = agents(yaml.safe_dump(manifest))

    assert found.scoping.namespaces == namespaces


def test_mounts() -> None:
    """Declared volumes stand before the user's own mounts, and hide one at the same place."""
    volumes = [{"name": name, "secret": {"secretName": name}} for name in ("mine", "shadowed")]
    mounts = [
        {"name": "mine", "mountPath": "/etc/mine"},
        {"name": "shadowed", "mountPath": "/etc/enc/secrets/keys"},
    ]
    declared = target(secretVolumes=[{"name": "keys", "secretName": "k", "keys": ["api"]}])

    (found,) = agents(agent(volumes=volumes, volumeMounts=mounts), declared)

    assert [(mount.secret_name, mount.declared is not None) for mount in found.mounts] == [
        ("k", True),
        ("mine", False),
    ]
    assert [mount.key_of("/etc/enc/secrets/keys/api") for mount in found.mounts] == ["api", None]
    assert found.mounts[0].key_of("/etc/enc/secrets/keys/other") is None


@pytest.mark.parametrize(
    ("component", "providers", "takes"),
    [
        pytest.param("agent", "clusterchecks endpointschecks", True, id="a node Agent without runners"),
        pytest.param("agent", "endpointschecks", False, id="a node Agent beside runners"),
        pytest.param("agent", "", False, id="a node Agent that asks for nothing"),
        pytest.param("cluster-checks-runner", "", True, id="a runner"),
    ],
)
def test_cluster_checks(component: str, providers: str, takes: bool) -> None:  # noqa: FBT001
    """Who takes the Cluster Agent's checks says so."""
    (found,) = agents(agent(component, env=env(DD_EXTRA_CONFIG_PROVIDERS=providers)))

    assert found.takes_cluster_checks is takes


def test_environment_is_the_checks_process() -> None:
    """Variables in templates are those of the process that runs checks, wherever it stands."""
    trace = {"name": "trace-agent", "image": "datadog/agent:7", "env": env(X="trace")}
    manifest = yaml.safe_load(agent(env=env(X="agent"), containers=[trace]))
    manifest["spec"]["template"]["spec"]["containers"].reverse()

    (found,) = agents(yaml.safe_dump(manifest))

    assert found.environment["X"] == "agent"


def test_account() -> None:
    """The old field counts, and without any the ServiceAccount is `default`."""
    manifest = yaml.safe_load(agent())
    spec = manifest["spec"]["template"]["spec"]
    del spec["serviceAccountName"]
    (plain,) = agents(yaml.safe_dump(manifest))
    spec["serviceAccount"] = "old"
    (old,) = agents(yaml.safe_dump(manifest))

    assert (plain.service_account, old.service_account) == ("default", "old")


def test_skipped_checks() -> None:
    """An Agent that is told to skip checks is known."""
    (found,) = agents(agent(env=env(DD_SECRET_BACKEND_SKIP_CHECKS="true")))

    assert found.skip_checks
    assert found.component is Component.NODE
