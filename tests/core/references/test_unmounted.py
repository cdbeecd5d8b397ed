"""Check files in a ConfigMap that no Agent mounts: what is sure of them whatever mounts them later."""

import pytest

from enc_operator.core.agents.install import read_agents
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.references.gathering import Gathered
from enc_operator.core.references.unmounted import could_hold_handle, gather_unmounted
from enc_operator.core.syntax import Source, parse_yaml
from living import agent
from reviewing import inventory

WHERE = Where(Source(""), ObjectRef("ConfigMap", "dd", "later")).at("data", "a.yaml")


def gathered(text: str, *, namespace: str = "dd", name: str = "a.yaml", known: bool = True) -> Gathered:
    """Return what a text refers to, as a file of a namespace in which two Agents run, or none."""
    agents = [item.agent for item in read_agents(inventory(agent(), agent("cluster-agent")))] if known else []
    found = Gathered()
    gather_unmounted(found, WHERE, name, text, agents, namespace)
    return found


def test_it_is_read_for_every_agent_of_its_namespace() -> None:
    """Whichever Agent of the namespace may come to mount it; nobody resolves it as things stand."""
    found = gathered("instances: [{p: 'ENC[k8s_secret@a/b/c]'}]").references

    assert [item.agent.name for item in found if item.agent] == [
        "Deployment dd/cluster-agent",
        "DaemonSet dd/agent",
    ]
    assert not any(item.live for item in found)
    assert {str(item.referrer) for item in found} == {"the Agents' configuration in namespace dd"}


@pytest.mark.parametrize(
    ("handle", "known", "unknown"),
    [
        pytest.param("ENC[k8s_secret@a/b/c]", None, None, id="a Secret"),
        pytest.param("ENC[x@y]", "provider-unknown", "left", id="what only the backend can judge"),
        pytest.param("ENC[file@/a/b]", "left", None, id="a file, which the mounts decide"),
        pytest.param("ENC[k8s_secret@%%kube_namespace%%/b/c]", "left", "left", id="what the pods decide"),
        pytest.param(
            "ENC[k8s_secret@%%host%%/b/c]",
            "variable-refused",
            "variable-refused",
            id="what is refused anyway",
        ),
    ],
)
def test_what_is_sure(handle: str, known: str | None, unknown: str | None) -> None:
    """What hangs on a mount, a backend or a pod that is not known yet is left to the time when it is."""
    for agents, expected in ((True, known), (False, unknown)):
        found = gathered(f"instances: [{{p: '{handle}'}}]", known=agents).references
        shown = {item.problem.code if item.problem else None for item in found} or {"left"}
        assert shown == {expected}


@pytest.mark.parametrize(("name", "codes"), [("a.yaml", ["config-invalid"]), ("run.sh", [])])
def test_what_is_no_yaml(name: str, codes: list[str]) -> None:
    """What cannot be read is reported where its name says that it is a check's."""
    assert [found.code for found in gathered("a: [", name=name).findings] == codes


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("ENC[a]", "ENC[a]", id="as it is"),
        pytest.param(r'"\x45NC[a]"', "ENC[a]", id="a letter by its number"),
        pytest.param(r'"E\u004eC[a]"', "ENC[a]", id="by another spelling of its number"),
        pytest.param(r'"ENC\U0000005ba]"', "ENC[a]", id="by a third one"),
        pytest.param('"EN\\\n  C[a]"', "ENC[a]", id="joined lines"),
        pytest.param('"EN\\\u2028C[a]"', "ENC[a]", id="lines that end as few do"),
        pytest.param("!!binary RU5DW2Fd", "ENC[a]", id="encoded"),
        pytest.param("!!%62inary RU5DW2Fd", "ENC[a]", id="encoded, by a tag that is written out"),
        pytest.param("!<tag:yaml.org,2002:binary> RU5DW2Fd", "ENC[a]", id="encoded, by a whole tag"),
        pytest.param(
            "!<%74ag:yaml.org,2002:binary> RU5DW2Fd", "ENC[a]", id="by a whole tag that is written out"
        ),
        pytest.param("EN%%hostname%%C[a]", "EN%%hostname%%C[a]", id="around a variable"),
        pytest.param("'%%env_A%%'", "%%env_A%%", id="a variable"),
        pytest.param(r'"%%\x65nv_A%%"', "%%env_A%%", id="a variable whose letter is written out"),
        pytest.param(r'"%%en\x76_A%%"', "%%env_A%%", id="a variable whose last letter is"),
        pytest.param(r'"\x25%env_A%%"', "%%env_A%%", id="a variable whose mark is written out"),
        pytest.param('"%\\\n%env_A%%"', "%%env_A%%", id="a variable over two lines"),
        pytest.param('"%%e\\\n  nv_A%%"', "%%env_A%%", id="a variable whose name is on two lines"),
        pytest.param(r'"\u2030env_A\U00002030"', "‰env_A‰", id="the Agent's own mark"),
    ],
)
def test_what_could_hold_a_handle(text: str, value: str) -> None:
    """However the letters are spelt that YAML makes a handle or a variable of."""
    assert parse_yaml(f"a: {text}").value == {"a": value}
    assert could_hold_handle(f"a: {text}")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('printf \'%s\\n\' "${A[@]}"; printf "100%%\\n"', id="a script"),
        pytest.param('{"expr": "rate(a{b=\\"c\\"}[5m])", "f": "%%host%%"}', id="a dashboard"),
        pytest.param("kafka.server:type=[a-z]+ \\d!", id="patterns"),
    ],
)
def test_what_could_hold_none(text: str) -> None:
    """Marks that scripts and the like are full of are not enough."""
    assert not could_hold_handle(text)
