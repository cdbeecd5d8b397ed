"""The guard around the built-in resolver, run by every shell there is over what Go's encoder can write."""

import json
import shutil
import time
from pathlib import Path

import pytest

from enc_operator.resolver_bundle import (
    guard_script,
)
from shell_scripts import QUESTION, SHELLS, Ran, run, write_program


def go_json(text: str) -> str:
    """Spell a string as Go's encoding/json does: HTML characters escaped, and two line separators."""
    spelt = json.dumps(text, ensure_ascii=False)
    for character in "<>&\u2028\u2029\x7f":
        code = f"\\u{ord(character):04x}" if character != "\x7f" else character
        spelt = spelt.replace(character, code)
    return spelt


@pytest.fixture
def helper(tmp_path: Path) -> Path:
    """Stand in for the Cluster Agent's binary: print what is in the file beside it, fail as told."""
    lines = [
        "#!/bin/sh",
        f'echo "$*" > {tmp_path}/called',
        f"cat > {tmp_path}/asked",
        f"cat {tmp_path}/answer",
    ]
    return write_program(tmp_path / "helper", "\n".join([*lines, f"exit $(cat {tmp_path}/code)"]) + "\n")


def guarded(shell: list[str], helper: Path, answer: str, code: int = 0, folders: tuple[str, ...] = ()) -> Ran:
    """Run the guard over a helper that gives this answer; it may read files below the folders."""
    folder = helper.parent
    (folder / "answer").write_text(answer)
    (folder / "code").write_text(str(code))
    (folder / "guard").write_text(guard_script())
    allowed = [word for folder in folders for word in ("--allow-root", folder)]
    return run([*shell, helper.parent / "guard", helper, *allowed], QUESTION)


REFUSED = [
    pytest.param("ENC[k8s_secret@victim/s/k]", id="a handle"),
    pytest.param(" \t ENC[x]\t", id="in spaces and tabs"),
    pytest.param("ENC[]", id="an empty handle"),
    pytest.param('ENC[{"a": "\\"}]', id="JSON inside, with a backslash"),
    pytest.param("ENC[<&>\u2028]", id="characters that Go escapes"),
    pytest.param("ENC[a]\r\n", id="with line breaks that the Agent may strip"),
    pytest.param("EN%%hostname%%C[a]", id="once a variable is empty"),
    pytest.param("\u2030x\u2030E%%y%%NC\u2030z\u2030[a]", id="once several are"),
]
PASSED = [
    pytest.param("", id="nothing"),
    pytest.param("pw", id="a word"),
    pytest.param("x ENC[a]", id="a handle inside"),
    pytest.param("enc[a]", id="lower case"),
    pytest.param('","value":"ENC[a]","error":"', id="a value that looks like the protocol"),
    pytest.param('\\"value":"ENC[a]', id="likewise, with a backslash"),
    pytest.param("<b>&\u2028\u00e9\n\t\x01\x7f%%&/$`'", id="characters of every kind"),
    pytest.param("a\\tb\\", id="backslashes at the end"),
]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("value", REFUSED)
def test_guard_refuses_handles(shell: list[str], helper: Path, value: str) -> None:
    """A value that is a handle, or can become one, is an error; its neighbours are as they were."""
    entries = [
        f'"k8s_secret@h<{index}":{{"value":{go_json(text)},"error":""}}'
        for index, text in enumerate(["a", value, "b"])
    ]
    ran = guarded(shell, helper, "{" + ",".join(entries) + "}")
    answers = json.loads(ran.stdout)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert [answer["value"] for answer in answers.values()] == ["a", "", "b"]
    assert "itself a secret handle" in answers["k8s_secret@h<1"]["error"]
    assert b"ENC" not in ran.stdout


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("value", PASSED)
def test_guard_passes_everything_else(shell: list[str], helper: Path, value: str) -> None:
    """Any other answer is passed on as it is, names and errors included, whatever stands in them."""
    answer = json.dumps(
        {'k8s_secret@a":"ENC[': {"value": value, "error": '"value":"ENC[x]","error":""'}}, ensure_ascii=False
    )
    ran = guarded(shell, helper, answer.replace('": ', '":').replace(', "error"', ',"error"'))
    assert json.loads(ran.stdout) == json.loads(answer)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "entry",
    [
        pytest.param('{"value":"ENC[x]"}', id="without an error"),
        pytest.param('{"error":"","value":"ENC[x]"}', id="in the other order"),
        pytest.param('{"value" : "ENC[x]" , "error" : ""}', id="with spaces"),
        pytest.param('{"value":"\\u0009ENC[x]","error":"e"}', id="a tab by its number"),
    ],
)
def test_guard_refuses_other_spellings(shell: list[str], helper: Path, entry: str) -> None:
    """An encoder that writes otherwise gets no handle past it."""
    (answer,) = json.loads(guarded(shell, helper, f'{{"k8s_secret@h":{entry}}}').stdout).values()
    assert answer["value"] == ""


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "handle",
    [
        pytest.param("file@/var/run/secrets/kubernetes.io/serviceaccount/token", id="the Agent's own token"),
        pytest.param("/var/run/secrets/kubernetes.io/serviceaccount/token", id="without a provider"),
        pytest.param("", id="without a word"),
        pytest.param("file@/etc/enc/secrets/a", id="the folder itself"),
        pytest.param("file@/etc/enc/secrets/ab/key", id="a folder whose name begins alike"),
        pytest.param("file@/etc/encxd/x", id="a dot that would stand for anything"),
        pytest.param("file@/etc/enc/secrets/a/../b/key", id="out again"),
        pytest.param("file@/etc/enc/secrets/a/../../../passwd", id="out again, further"),
        pytest.param("file@/etc/enc/secrets/a/x,k8s_secret@a", id="the other provider in its name"),
        pytest.param('x":{"k8s_secret@a', id="a name that looks like the protocol"),
        pytest.param('x,"k8s_secret@a', id="likewise, after a comma"),
        pytest.param("\x01k8s_secret@a", id="the guard's own mark"),
        pytest.param("File@/etc/enc/secrets/a/key", id="another provider"),
    ],
)
@pytest.mark.parametrize("entry", ['{"value":%s,"error":""}', '{"error":"","value":%s}', '{"value":%s}'])
def test_guard_refuses_other_files(shell: list[str], helper: Path, handle: str, entry: str) -> None:
    """Whatever an encoder's order: only a Secret of the API and files below the folders; the neighbours are as they were."""
    names = ["k8s_secret@a/b/c", handle, "file@/etc/enc/secrets/a/..data/key"]
    text = ",".join(f"{go_json(each)}:{entry % go_json('canary')}" for each in names)
    ran = guarded(shell, helper, f"{{{text}}}", folders=("/etc/enc/secrets/a", "/etc/enc.d/", "/e[a-z]*"))
    answers = json.loads(ran.stdout)
    assert [answers[each]["value"] for each in names] == ["canary", "", "canary"]
    assert "not under a declared folder" in answers[handle]["error"]


@pytest.mark.parametrize("shell", SHELLS)
def test_guard_keeps_the_helpers_own_words(shell: list[str], helper: Path) -> None:
    """What was not read says why, in the helper's words; an answer may stand on many lines."""
    answer = {
        "file@/x": {"value": "", "error": "secret does not exist"},
        "/y": {"value": "canary", "error": ""},
    }
    found = json.loads(guarded(shell, helper, json.dumps(answer, indent=1)).stdout)
    assert found["file@/x"] == answer["file@/x"]
    assert found["/y"]["value"] == ""


def test_guard_is_transparent(helper: Path) -> None:
    """The helper gets the question and its arguments; its failure is the guard's."""
    ran = guarded(["sh"], helper, "canary", code=3)
    assert (ran.returncode, ran.stdout) == (3, b"")
    assert (helper.parent / "called").read_text() == "secret-helper read --with-provider-prefixes\n"
    assert (helper.parent / "asked").read_bytes() == QUESTION


def test_guard_takes_a_large_answer(helper: Path) -> None:
    """A MiB of answers, hostile ones among them, takes less than two seconds."""
    values = ["%%" * 50_000, '"' * 50_000, "ENC[" * 20_000, *("x" * 100 for _ in range(5000))]
    answer = ",".join(
        f'"k8s_secret@h{index}":{{"value":{go_json(value)},"error":""}}' for index, value in enumerate(values)
    )
    started = time.monotonic()
    answers = json.loads(guarded(["sh"], helper, f"{{{answer}}}").stdout)
    assert time.monotonic() - started < 2
    assert [
        index for index, value in enumerate(values) if answers[f"k8s_secret@h{index}"]["value"] != value
    ] == [2]


def test_guard_without_sed_gives_nothing(helper: Path, tmp_path: Path) -> None:
    """Where the guard cannot look, nothing passes."""
    empty = tmp_path / "empty"
    empty.mkdir()
    for name in ("cat", "sh"):
        (empty / name).symlink_to(shutil.which(name) or "")
    guarded(["sh"], helper, '{"k8s_secret@h":{"value":"canary","error":""}}')
    ran = run(["/bin/sh", helper.parent / "guard", helper], QUESTION, PATH=str(empty))
    assert ran.returncode != 0
    assert ran.stdout == b""
