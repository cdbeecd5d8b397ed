"""What is asked for: words of the command line told apart, references collected with their places."""

from pathlib import Path

import pytest

from assessing import NODE_AGENT, assess_texts, pod
from enc_operator.cli.resolve.asking import Use, collect, find_commands, split_asked
from enc_operator.errors import UsageError


@pytest.mark.parametrize(
    ("word", "handle"),
    [
        pytest.param("ENC[db]", "db", id="a handle as it is written"),
        pytest.param(" ENC[ a] b]\t", " a] b", id="blanks are trimmed around it, not in it"),
        pytest.param("ENC[]", "", id="an empty handle"),
        pytest.param("k8s_secret@a/b/c", "k8s_secret@a/b/c", id="a handle with a provider"),
        pytest.param("a/b;c", "a/b;c", id="a handle with a semicolon"),
    ],
)
def test_handles(word: str, handle: str) -> None:
    """A handle may be bare where nothing else looks like it."""
    assert split_asked([word]) == ([handle], [])


def test_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What exists is a path, even if it looks like a handle; ENC[…] is always a handle."""
    monkeypatch.chdir(tmp_path)
    for name in ("db", "a@b", "ENC[db]"):
        (tmp_path / name).write_text("")

    assert split_asked([".", "db", "a@b", "-", "ENC[db]"]) == (["db"], [".", "db", "a@b", "-"])


@pytest.mark.parametrize(
    ("word", "fix"),
    [
        pytest.param("db", "check the path, or write 'ENC[db]' for the handle", id="a word"),
        pytest.param("db-ENC[x]", "a handle is a whole value: 'ENC[…]', in quotes", id="a part of a value"),
        pytest.param("ENC[x", "a handle is a whole value: 'ENC[…]', in quotes", id="an open bracket"),
        pytest.param("x@\udcff", "write it in UTF-8", id="bytes that are not UTF-8"),
    ],
)
def test_neither(word: str, fix: str) -> None:
    """What is neither is refused, and the error says what it could be."""
    with pytest.raises(UsageError) as raised:
        split_asked([word])

    assert raised.value.fix == fix


def test_collected() -> None:
    """Each handle is asked for once, the given ones first, with every place where it stands."""
    first, second = pod(), pod(name="other")

    asked = collect(["x@y"], assess_texts(NODE_AGENT, first, second))

    assert list(asked.handles) == ["x@y", "k8s_secret@shop/db/password"]
    assert asked.handles["k8s_secret@shop/db/password"] == [
        Use("file1.yaml", 8, 76, "Pod shop/web", "redisdb/instances/0/password"),
        Use("file2.yaml", 8, 76, "Pod shop/other", "redisdb/instances/0/password"),
    ]
    assert collect(["a@b", "a@b"], None).handles == {"a@b": []}


def test_two_agents_ask_once() -> None:
    """What two Agents would resolve stands at one place."""
    asked = collect([], assess_texts(NODE_AGENT, NODE_AGENT.replace("name: node", "name: second"), pod()))

    assert len(asked.handles["k8s_secret@shop/db/password"]) == 1


@pytest.mark.parametrize(
    ("handle", "why"),
    [
        pytest.param(
            "ENC[k8s_secret@shop/%%host%%_%%host%%/k]",
            "only the running pod or Agent knows %%host%%",
            id="a variable in the handle",
        ),
        pytest.param(
            "EN%%port%%C[a]",
            "the value of %%port%% decides whether it is a handle at all",
            id="one before it",
        ),
    ],
)
def test_undetermined(handle: str, why: str) -> None:
    """A handle that only a running pod decides is listed with the reason, once."""
    two = NODE_AGENT + "---" + NODE_AGENT.replace("name: node", "name: second")

    asked = collect([], assess_texts(two, pod(handle)))

    assert [item.why for item in asked.left_out] == [why]
    assert not asked.handles


def test_known_variables_are_filled_in() -> None:
    """A variable that the pod decides already is asked for as the Agent would."""
    asked = collect([], assess_texts(NODE_AGENT, pod("ENC[k8s_secret@%%kube_namespace%%/db/k]")))

    assert list(asked.handles) == ["k8s_secret@shop/db/k"]


def test_malformed_handles_are_asked_for() -> None:
    """The Agent asks whatever stands in the brackets; what a handle cannot be is the executable's answer."""
    asked = collect([], assess_texts(NODE_AGENT, pod("ENC[]")))

    [use] = asked.handles[""]
    assert use.note.startswith("denied: ")


def test_note_on_what_nobody_resolves() -> None:
    """A reference that no Agent resolves as things stand says so."""
    [use] = collect([], assess_texts(pod())).handles["k8s_secret@shop/db/password"]

    assert use.note == "not resolved as things stand: the input has no node Agent of flavour datadog"


def test_broken_characters_are_asked_as_go_reads_them() -> None:
    """Half a character in JSON is a replacement character to the Agent."""
    assert list(collect([], assess_texts(NODE_AGENT, pod("ENC[a@\\ud800]"))).handles) == ["a@\ufffd"]


def test_commands() -> None:
    """The commands that Agents of the input name, each once; one that the input hides is none."""
    env = "env: [{name: DD_SECRET_BACKEND_COMMAND, value: /opt/fetch}]"
    own = NODE_AGENT.replace("agent:7}", f"agent:7, {env}}}")

    assert find_commands(assess_texts(own, own.replace("name: node", "name: b"))) == [
        ("/opt/fetch", "node Agent dd/node")
    ]
    assert find_commands(assess_texts(NODE_AGENT)) == []
    assert find_commands(None) == []
