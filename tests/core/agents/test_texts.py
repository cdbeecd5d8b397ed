"""An Agent's own settings that have no effect: misspelt, or overridden."""

import pytest

from assessing import NODE_AGENT, assess_texts, codes
from enc_operator.core.findings import Finding

COMMAND = "/readsecret_multiple_providers.sh"
IMAGE = "{name: agent, image: registry.datadoghq.com/agent:7}"


def agent(more: str) -> str:
    """Return a node Agent whose container has more to it."""
    return NODE_AGENT.replace(IMAGE, "name: agent\n        image: registry.datadoghq.com/agent:7\n" + more)


def config_map(name: str, data: str) -> str:
    """Return a ConfigMap of the Agent's namespace."""
    return f"kind: ConfigMap\nmetadata: {{name: {name}, namespace: dd}}\ndata: {data}\n"


def shown(finding: Finding) -> str:
    """Return what of the line a finding marks."""
    excerpt = finding.where.excerpt()
    assert excerpt
    return "".join(letter for letter, mark in zip(excerpt.text, excerpt.marks, strict=False) if mark == "^")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        pytest.param("DD_SECRET_BACKEND_CMD", "DD_SECRET_BACKEND_COMMAND", id="shortened"),
        pytest.param("DD_SECRETS_BACKEND_TYPE", "DD_SECRET_BACKEND_TYPE", id="a letter more"),
        pytest.param("STS_SECRET_BACKEND_COMAND", "STS_SECRET_BACKEND_COMMAND", id="StackState's"),
        pytest.param("DD_SECRET_BACKEND_COMMAND", None, id="a setting"),
        pytest.param("DD_TEAM", None, id="close to none"),
        pytest.param("MY_SECRET_BACKEND_COMMAND", None, id="not the Agent's"),
    ],
)
def test_misspelt(name: str, meant: str | None) -> None:
    """A variable that is close to a setting of the secret backend is reported, at its name."""
    found = assess_texts(agent(f"        env: [{{name: {name}, value: {COMMAND}}}]\n")).findings

    assert [(item.code, item.fix) for item in found] == (
        [("env-misspelt", f"did you mean {meant}?")] if meant else []
    )
    assert all(shown(item) == name for item in found)


def test_misspelt_in_a_config_map() -> None:
    """So is one that comes of a ConfigMap, at its key."""
    text = agent("        envFrom: [{configMapRef: {name: env}}]\n")
    (found,) = assess_texts(text, config_map("env", f"{{DD_SECRET_BACKEND_CMD: {COMMAND}}}")).findings

    assert (found.code, shown(found)) == ("env-misspelt", "DD_SECRET_BACKEND_CMD")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("/other", ["backend-overridden"], id="another command"),
        pytest.param(COMMAND, [], id="the same command"),
        pytest.param('""', [], id="an empty variable does not win"),
    ],
)
def test_overridden(value: str, expected: list[str]) -> None:
    """A backend of the main file that the environment replaces is reported."""
    mounted = agent(
        f"        env: [{{name: DD_SECRET_BACKEND_COMMAND, value: {value}}}]\n"
        "        volumeMounts: [{name: main, mountPath: /etc/datadog-agent}]\n"
        "      volumes: [{name: main, configMap: {name: main}}]\n"
    )
    main = config_map("main", f'{{datadog.yaml: "secret_backend_command: {COMMAND}"}}')
    found = assess_texts(mounted, main)

    assert [code for code in codes(found) if code == "backend-overridden"] == expected


OWN = agent(
    '        env: [{name: DD_API_KEY, value: "ENC[file@/etc/own/api]"}]\n'
    "        volumeMounts: [{name: own, mountPath: /etc/own}]\n"
    "      volumes: [{name: own, secret: {secretName: keys}}]\n"
)


def test_a_secret_of_a_side_car() -> None:
    """A Secret that only another container mounts is none that the Agent reads."""
    beside = OWN.replace("        volumeMounts: [{name: own, mountPath: /etc/own}]\n", "").replace(
        "      - name: agent\n",
        "      - {name: system-probe, image: x, volumeMounts: [{name: own, mountPath: /etc/own}]}\n      - name: agent\n",
    )

    assert codes(assess_texts(OWN)) == []
    assert codes(assess_texts(beside)) == ["file-refused"]
