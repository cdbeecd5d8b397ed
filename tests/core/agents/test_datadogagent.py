"""`DatadogAgent` resources: what the vendor's operator makes of them."""

import json
from typing import Any

import pytest

from agent_manifests import HANDLE, check, config_map, env, secret, target
from assessing import inventory_of
from enc_operator.core.agents.backends import BackendKind
from enc_operator.core.agents.install import read_agents
from enc_operator.core.agents.model import Level
from enc_operator.core.agents.texts import Installed
from enc_operator.core.inventory import Component
from enc_operator.core.templates.variables import Unknown

RUNNERS = {"clusterChecks": {"useClusterChecksRunners": True}}
KEYS = secret("keys", {"api_key": "ENC[secret]", "other": "ENC[other]", "plain": "canary"})


def parts(spec: dict[str, Any], *texts: str) -> dict[Component, Installed]:
    """Read the components of a DatadogAgent."""
    manifest = {
        "apiVersion": "datadoghq.com/v2alpha1",
        "kind": "DatadogAgent",
        "metadata": {"name": "dd", "namespace": "dd"},
        "spec": spec,
    }
    found = read_agents(inventory_of(json.dumps(manifest), *texts))
    return {item.agent.component: item for item in found}


def node(override: dict[str, Any], *texts: str, **spec: Any) -> Installed:
    """Read the node Agent of a DatadogAgent."""
    return parts({"override": {"nodeAgent": override}, **spec}, *texts)[Component.NODE]


def texts_of(found: Installed, level: Level) -> list[tuple[str, str]]:
    """Return path and text of an Agent's own texts."""
    return [(own.path, own.text) for own in found.texts if own.level is level]


@pytest.mark.parametrize(
    ("spec", "accounts"),
    [
        pytest.param({}, ["dd-agent", "dd-cluster-agent"], id="without runners"),
        pytest.param(
            {"features": RUNNERS},
            ["dd-agent", "dd-cluster-agent", "dd-cluster-checks-runner"],
            id="with runners",
        ),
        pytest.param(
            {"override": {"clusterAgent": {"serviceAccountName": "mine"}}},
            ["dd-agent", "mine"],
            id="with a ServiceAccount of its own",
        ),
        pytest.param(
            {"override": {"nodeAgent": {"disabled": True}}}, ["dd-cluster-agent"], id="without node Agents"
        ),
    ],
)
def test_components(spec: dict[str, Any], accounts: list[str]) -> None:
    """Each component runs as its own ServiceAccount."""
    assert [item.agent.service_account for item in parts(spec).values()] == accounts


def test_cluster_checks() -> None:
    """Cluster checks go to the runners, or without them to the node Agents."""
    without, with_runners = parts({}), parts({"features": RUNNERS})

    assert without[Component.NODE].agent.takes_cluster_checks
    assert not with_runners[Component.NODE].agent.takes_cluster_checks
    assert with_runners[Component.RUNNER].agent.takes_cluster_checks


@pytest.mark.parametrize(
    ("credentials", "value"),
    [
        pytest.param({"apiKey": "ENC[key]"}, "ENC[key]", id="a key that is a handle"),
        pytest.param({"apiKey": "0123"}, Unknown.WORD, id="a key that is none"),
        pytest.param({"apiSecret": {"secretName": "keys"}}, "ENC[secret]", id="a Secret that holds a handle"),
        pytest.param(
            {"apiSecret": {"secretName": "keys", "keyName": "other"}},
            "ENC[other]",
            id="another key of a Secret",
        ),
        pytest.param(
            {"apiSecret": {"secretName": "keys", "keyName": "plain"}},
            Unknown.WORD,
            id="a Secret that holds none",
        ),
        pytest.param(
            {"apiSecret": {"secretName": "gone"}}, Unknown.ANY, id="a Secret that is not in the input"
        ),
    ],
)
def test_credentials(credentials: dict[str, Any], value: str | Unknown) -> None:
    """The API key becomes a variable of every component."""
    found = parts({"global": {"credentials": credentials}}, KEYS)

    expected = [("DD_API_KEY", value)] if isinstance(value, str) else []
    for item in found.values():
        assert item.agent.environment == {"DD_API_KEY": value}
        assert texts_of(item, Level.SETTING) == expected


def test_environment_of_containers() -> None:
    """A container's variables add to the shared ones; one container never hides another's, and system-probe reads none."""
    containers = {
        "agent": {"env": env(DD_HOSTNAME="ENC[agent]", X="agent")},
        "trace-agent": {"env": env(DD_HOSTNAME="plain", X="trace")},
        "system-probe": {"env": env(DD_SITE="ENC[probe]")},
    }

    found = node(
        {"env": env(DD_HOSTNAME="ENC[node]"), "containers": containers},
        **{"global": {"env": env(DD_TAGS=HANDLE)}},
    )

    assert texts_of(found, Level.SETTING) == [
        ("DD_TAGS", HANDLE),
        ("DD_HOSTNAME", "ENC[node]"),
        ("DD_HOSTNAME", "ENC[agent]"),
    ]
    assert found.agent.environment == {"DD_TAGS": HANDLE, "DD_HOSTNAME": "ENC[agent]", "X": "agent"}


@pytest.mark.parametrize(
    ("backend", "override", "command"),
    [
        pytest.param({"command": "/a", "args": "-x"}, {}, "/a", id="the resource's own"),
        pytest.param(
            {"command": "/a"},
            {"customConfigurations": {"datadog.yaml": {"configData": "secret_backend_command: /b"}}},
            "/a",
            id="it goes before the main file",
        ),
        pytest.param(
            {"command": "/a"},
            {"env": env(DD_SECRET_BACKEND_COMMAND="/c")},
            "/c",
            id="an override goes before it",
        ),
    ],
)
def test_backend(backend: dict[str, Any], override: dict[str, Any], command: str) -> None:
    """The secret backend of the resource is the environment's, which overrides replace."""
    found = node(override, **{"global": {"secretBackend": backend}})

    assert (found.agent.backend.kind, found.agent.backend.command) == (BackendKind.CUSTOM, command)


def test_backend_type() -> None:
    """A type is the user's own backend too."""
    found = parts({"global": {"secretBackend": {"type": "k8s.secrets"}}})

    assert {item.agent.backend.kind for item in found.values()} == {BackendKind.TYPE}


@pytest.mark.parametrize(
    ("custom", "expected"),
    [
        pytest.param({"datadog.yaml": {"configData": "api_key: ENC[a]"}}, ["ENC[a]"], id="inline"),
        pytest.param({"datadog.yaml": {"configMap": {"name": "main"}}}, ["ENC[map]"], id="from a ConfigMap"),
        pytest.param(
            {
                "datadog.yaml": {
                    "configMap": {"name": "main", "items": [{"key": "x", "path": "datadog.yaml"}]}
                }
            },
            ["ENC[x]"],
            id="from a key that is renamed",
        ),
        pytest.param({"datadog.yaml": {"configMap": {"name": "gone"}}}, [], id="from an absent ConfigMap"),
        pytest.param(
            {"datadog-cluster.yaml": {"configData": "api_key: ENC[a]"}},
            [],
            id="the Cluster Agent's is not read",
        ),
        pytest.param({"other.yaml": {"configData": "api_key: ENC[a]"}}, [], id="another file"),
    ],
)
def test_main_file(custom: dict[str, Any], expected: list[str]) -> None:
    """The main file comes inline or from a ConfigMap."""
    main = config_map("main", {"datadog.yaml": "api_key: ENC[map]", "x": "api_key: ENC[x]"})

    found = node({"customConfigurations": custom}, main)

    assert [text for _, text in texts_of(found, Level.SETTING)] == expected


def test_broken_main_file() -> None:
    """A main file that cannot be read is a finding."""
    found = node({"customConfigurations": {"datadog.yaml": {"configData": "a: ["}}})

    assert [finding.code for finding in found.findings] == ["config-invalid"]


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        pytest.param({"configDataMap": {"a.yaml": "1", "b.txt": "2"}}, ["/conf.d/a.yaml"], id="inline"),
        pytest.param(
            {"configMap": {"name": "nodeagent-extra-confd"}}, ["/conf.d/m.yaml"], id="from a ConfigMap"
        ),
        pytest.param(
            {
                "configMap": {
                    "name": "nodeagent-extra-confd",
                    "items": [{"key": "m.yaml", "path": "p.d/q.yaml"}],
                }
            },
            ["/conf.d/p.d/q.yaml"],
            id="renamed",
        ),
        pytest.param(
            {"configMap": {"name": "nodeagent-extra-confd"}, "configDataMap": {"a.yaml": "1"}},
            ["/conf.d/m.yaml"],
            id="a ConfigMap goes before inline data",
        ),
        pytest.param(
            {"configMap": {"name": "gone"}, "configDataMap": {"a.yaml": "1"}},
            [],
            id="an absent ConfigMap too",
        ),
    ],
)
def test_checks(extra: dict[str, Any], expected: list[str]) -> None:
    """Check files come inline or from a ConfigMap."""
    confd = config_map("nodeagent-extra-confd", {"m.yaml": check(HANDLE), "n.txt": "x"})

    assert [path for path, _ in texts_of(node({"extraConfd": extra}, confd), Level.CHECK)] == expected


def test_runners_mount_no_checks() -> None:
    """What is written for a runner's conf.d is mounted nowhere."""
    override = {"clusterChecksRunner": {"extraConfd": {"configDataMap": {"a.yaml": check(HANDLE)}}}}

    assert parts({"features": RUNNERS, "override": override})[Component.RUNNER].texts == []


def test_own_volumes() -> None:
    """Volumes of an override bring main files, checks and Secrets; declared volumes come before them."""
    volumes = [
        {"name": "main", "configMap": {"name": "main"}},
        {"name": "keys", "secret": {"secretName": "keys"}},
    ]
    mounts = [
        {"name": "main", "mountPath": "/etc/datadog-agent/datadog.yaml", "subPath": "datadog.yaml"},
        {"name": "main", "mountPath": "/conf.d/c.yaml", "subPath": "c.yaml"},
        {"name": "keys", "mountPath": "/etc/keys"},
    ]
    main = config_map("main", {"datadog.yaml": "api_key: ENC[map]", "c.yaml": "1"})
    declared = target(secretVolumes=[{"name": "d", "secretName": "declared", "keys": ["k"]}])

    found = node({"volumes": volumes, "containers": {"agent": {"volumeMounts": mounts}}}, main, declared)

    assert texts_of(found, Level.SETTING) == [("api_key", "ENC[map]")]
    assert texts_of(found, Level.CHECK) == [("/conf.d/c.yaml", "1")]
    assert [mount.secret_name for mount in found.agent.mounts] == ["declared", "keys"]
