"""An Agent's workload as the Agent that it runs, and the texts of its own configuration."""

from typing import Any

import pytest

from agent_manifests import (
    HANDLE,
    agent,
    check,
    config_map,
    env,
    secret,
)
from assessing import inventory_of
from enc_operator.core.agents.install import read_agents
from enc_operator.core.agents.model import Level
from enc_operator.core.agents.texts import Installed
from enc_operator.core.agents.workloads import reading_containers
from enc_operator.core.inventory import Flavour

MAIN = "/etc/datadog-agent/datadog.yaml"


def installed(*texts: str) -> Installed:
    """Read the one Agent of some texts."""
    (found,) = read_agents(inventory_of(*texts))
    return found


def settings(found: Installed) -> list[tuple[str, str, str]]:
    """Return name, processes and text of the settings that are handles."""
    return [(own.path, own.process, own.text) for own in found.texts if own.level is Level.SETTING]


def codes(found: Installed) -> list[str]:
    """Return the codes of the findings."""
    return [finding.code for finding in found.findings]


def mounted(data: dict[str, str], *mounts: dict[str, Any], **options: Any) -> tuple[str, str]:
    """Return an Agent that mounts a ConfigMap, and the ConfigMap."""
    volumes = [{"name": "v", "configMap": {"name": "map"}}]
    volume_mounts = [{"name": "v", **mount} for mount in mounts]
    return agent(volumes=volumes, volumeMounts=volume_mounts, **options), config_map("map", data)


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        pytest.param([], [], id="no container"),
        pytest.param([("agent", "a"), ("trace-agent", "b")], [0, 1], id="by name, whatever the image"),
        pytest.param([("agent", "a"), ("system-probe", "a")], [0], id="not system-probe"),
        pytest.param(
            [("agent", "r/a:7"), ("extra", "m/a:8"), ("istio", "i")], [0, 1], id="by the Agent's image"
        ),
        pytest.param([("istio", "i"), ("agent", "a")], [1], id="a side car that stands first does not"),
        pytest.param([("stackstate-agent", "s"), ("other", "o")], [0], id="the first where no name is known"),
    ],
)
def test_reading_containers(containers: list[tuple[str, str]], expected: list[int]) -> None:
    """The processes that resolve handles are known by name, or by the Agent's image."""
    listed = [{"name": name, "image": image} for name, image in containers]
    manifest = {"spec": {"template": {"spec": {"containers": listed}}}}

    assert [index for index, _ in reading_containers(manifest)] == expected


def test_processes() -> None:
    """Each process that reads a variable is named once; system-probe reads none."""
    found = installed(
        agent(
            env=env(DD_API_KEY=HANDLE),
            containers=[
                {"name": "trace-agent", "image": "datadog/agent:7", "env": env(DD_API_KEY=HANDLE)},
                {"name": "process-agent", "image": "datadog/agent:7", "env": env(DD_API_KEY="ENC[other]")},
                {"name": "system-probe", "image": "datadog/agent:7", "env": env(DD_SITE=HANDLE)},
            ],
        )
    )

    assert settings(found) == [
        ("DD_API_KEY", "agent, trace-agent", HANDLE),
        ("DD_API_KEY", "process-agent", "ENC[other]"),
    ]


def test_structured_variables() -> None:
    """Handles in a variable's JSON are settings of their own, at their places."""
    value = '{"https://a": ["ENC[one]", "ENC[one]"], "https://b": ["plain"]}'

    found = installed(agent(env=env(DD_ADDITIONAL_ENDPOINTS=value)))

    assert [own.where.inner for own in found.texts] == [("https://a", 0), ("https://a", 1)]
    assert codes(found) == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("TOKEN", HANDLE, ["env-unknown"], id="a handle in a variable of no setting"),
        pytest.param("DD_API_KEY", "enc[a]", ["handle-case"], id="lower case"),
        pytest.param("DD_API_KEY", "ENC[a]\n", ["handle-newline"], id="a line break"),
        pytest.param("DD_TAGS", "team:ENC[a]", ["handle-partial"], id="a part of a text"),
        pytest.param("TOKEN", "enc[a]", [], id="lower case in a variable of no setting"),
    ],
)
def test_odd_variables(name: str, value: str, expected: list[str]) -> None:
    """What looks meant as a handle and is none is said."""
    assert codes(installed(agent(env=env(**{name: value})))) == expected


def test_sources_of_variables() -> None:
    """Handles come from literals, ConfigMaps and Secrets; what is not in the input stays out."""
    found = installed(
        agent(
            env=[
                *env(DD_SITE="ENC[literal]"),
                {"name": "DD_API_KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "api"}}},
                {"name": "DD_APP_KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "plain"}}},
                {"name": "DD_HOSTNAME", "valueFrom": {"configMapKeyRef": {"name": "map", "key": "host"}}},
            ],
            envFrom=[{"configMapRef": {"name": "map"}}, {"secretRef": {"name": "absent"}}],
        ),
        config_map("map", {"DD_LOG_LEVEL": "ENC[from]", "host": "ENC[key]"}),
        secret("keys", {"api": "ENC[secret]", "plain": "canary"}),
    )

    assert settings(found) == [
        ("DD_LOG_LEVEL", "agent", "ENC[from]"),
        ("DD_SITE", "agent", "ENC[literal]"),
        ("DD_API_KEY", "agent", "ENC[secret]"),
        ("DD_HOSTNAME", "agent", "ENC[key]"),
    ]
    assert codes(found) == ["env-unknown"]  # the ConfigMap's key `host` is a variable of its own


@pytest.mark.parametrize(
    "mount",
    [
        pytest.param({"mountPath": MAIN, "subPath": "datadog.yaml"}, id="by subPath"),
        pytest.param({"mountPath": "/etc/datadog-agent"}, id="in a folder"),
    ],
)
def test_main_file(mount: dict[str, Any]) -> None:
    """The main file's handles are settings, unless the environment wins over them."""
    text = "api_key: ENC[a]\nproxy: {https: 'ENC[b]'}\nsite: plain\n"

    found = installed(*mounted({"datadog.yaml": text}, mount, env=env(DD_API_KEY="x")))

    assert settings(found) == [("proxy.https", "", "ENC[b]")]
    assert codes(found) == ["not-resolved"]


def test_broken_main_file() -> None:
    """A main file that cannot be read is a finding; the environment still counts."""
    mount = {"mountPath": MAIN, "subPath": "datadog.yaml"}

    found = installed(*mounted({"datadog.yaml": "a: ["}, mount, env=env(DD_API_KEY=HANDLE)))

    assert codes(found) == ["config-invalid"]
    assert len(settings(found)) == 1


def test_main_file_of_stackstate() -> None:
    """StackState's Agent reads its own file, and variables of its own prefix."""
    volumes = [{"name": "v", "configMap": {"name": "map"}}]
    mounts = [
        {"name": "v", "mountPath": "/etc/stackstate-agent/stackstate.yaml", "subPath": "stackstate.yaml"}
    ]
    workload = agent(
        image="stackstate/stackstate-agent-2:2",
        volumes=volumes,
        volumeMounts=mounts,
        env=env(STS_SITE=HANDLE),
    )

    found = installed(workload, config_map("map", {"stackstate.yaml": "api_key: ENC[x]"}))

    assert found.agent.flavour is Flavour.STACKSTATE
    assert settings(found) == [("STS_SITE", "agent", HANDLE), ("api_key", "", "ENC[x]")]


def test_checks_count_once() -> None:
    """A check file that several mounts show is one text; other files are none."""
    found = installed(
        *mounted(
            {"redisdb.yaml": check(HANDLE), "notes.txt": HANDLE},
            {"mountPath": "/conf.d"},
            {"mountPath": "/etc/datadog-agent/conf.d"},
            containers=[
                {"name": "trace-agent", "image": "x", "volumeMounts": [{"name": "v", "mountPath": "/conf.d"}]}
            ],
        )
    )

    assert [(own.level, own.path) for own in found.texts] == [(Level.CHECK, "/conf.d/redisdb.yaml")]
