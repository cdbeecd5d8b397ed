"""The program under arbitrary questions, API answers and file trees: it never crashes, and never tells a value.

Every value that exists is a canary; it may stand in an answer's value and nowhere else. HYPOTHESIS_PROFILE=explore looks
twenty times longer.
"""

import base64
import json
import os
import ssl
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_resolver import service_account
from enc_resolver.connection import Connection
from kubernetes_stand_in import secret_body
from resolver_program import ask_in_process

CANARY = "canary-7f3a"
WORDS = st.sampled_from(
    [
        "k8s_secret@",
        "file@",
        "ns",
        "db",
        "pw",
        "/",
        ";",
        "@",
        "..",
        ".",
        "ENC[",
        "]",
        "{",
        '"',
        "\\",
        "%2e",
        "\0",
        "\n",
    ]
)
HANDLES = st.lists(WORDS | st.text(max_size=3), max_size=8).map("".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | HANDLES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HANDLES, inner, max_size=3),
    max_leaves=8,
)
QUESTIONS = st.fixed_dictionaries(
    {
        "version": st.sampled_from(["1.0", "1.1", "1.9"]) | JSON,
        "secrets": st.lists(HANDLES, max_size=6) | JSON,
    },
    optional={"secret_backend_timeout": st.integers() | st.floats() | JSON, "type": JSON, "x": JSON},
)
ARGUMENTS = st.sampled_from([["read"], ["--with-provider-prefixes", "read"], ["--strip-newline"]])


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mount a ServiceAccount that no server is behind."""
    folder = tmp_path_factory.mktemp("account")
    (folder / "token").write_text(f"token-{CANARY}")
    return folder


class FakeTls:
    """A connection that gives bytes, whatever is sent."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = list(pieces)

    def recv(self, _: int) -> bytes:
        """Give the next piece, then the end."""
        return self.pieces.pop(0) if self.pieces else b""

    def settimeout(self, _: float) -> None:
        """Be in time."""

    def sendall(self, _: bytes) -> None:
        """Listen to nobody."""

    def close(self) -> None:
        """Be open for the next one."""


@pytest.fixture(scope="module")
def pieces() -> Iterator[list[bytes]]:
    """Answer every connection with these pieces, without TLS and without pauses."""
    pieces: list[bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        patch.setattr(service_account, "_verifying", lambda _: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        patch.setattr(Connection, "_open", lambda _: FakeTls(pieces))
        patch.setattr(time, "sleep", lambda _: None)
        yield pieces


def check(code: int, output: bytes, errors: bytes) -> dict[str, Any]:
    """Check what holds of every answer; give it."""
    assert code in {0, 1}
    assert CANARY.encode() not in errors
    assert b"Traceback" not in errors
    assert errors.count(b"\n") <= 1
    if code:
        assert output == b""
        return {}
    answers: dict[str, Any] = json.loads(output)
    for answer in answers.values():
        assert set(answer) == {"value", "error"}
        assert not (answer["value"] and answer["error"])
        assert CANARY not in answer["error"]
    return answers


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay out files that the questions' words can name."""
    folder = tmp_path_factory.mktemp("root")
    (folder / "ns").mkdir()
    (folder / "pw").write_text(CANARY)
    (folder / "ns" / "pw").write_text(f"ENC[{CANARY}]")
    (folder / "db").write_bytes(CANARY.encode() + b"\xff")
    return folder


@given(QUESTIONS.map(json.dumps).map(str.encode), ARGUMENTS)
def test_questions(root: Path, account: Path, question: bytes, arguments: list[str]) -> None:
    """Whatever is asked in the protocol's form gets an answer for every handle, or none at all."""
    answers = check(*ask_in_process(question, *arguments, str(root), "--service-account", str(account)))
    if answers:
        asked = json.loads(question)["secrets"]
        assert set(answers) == {handle or "" for handle in asked}
        assert all(answer["value"] in {"", CANARY} for answer in answers.values())


@given(QUESTIONS.map(json.dumps).map(str.encode), st.integers(0, 200), st.binary(max_size=4))
def test_garbled_questions(root: Path, account: Path, question: bytes, place: int, noise: bytes) -> None:
    """A question in which some bytes were replaced is answered, or refused as a whole."""
    garbled = question[:place] + noise + question[place + len(noise) :]
    check(*ask_in_process(garbled, str(root), "--service-account", str(account)))


BODY = secret_body("ns", "db", {"pw": CANARY.encode()})
ENCODED = base64.b64encode(CANARY.encode())
PIECES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 x\r\n\r\n",
        b"HTTP/1.1 429 x\r\nRetry-After: 0\r\n",
        b"HTTP/1.1 401 x\r\n",
        b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY),
        b"Content-Length: %d\r\n" % len(BODY),
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"\r\n",
        b"0\r\n",
        BODY,
        CANARY.encode(),
        ENCODED,
    ]
)
REPLIES = st.lists(PIECES | st.binary(max_size=6), max_size=8)


@given(REPLIES)
def test_api_answers(account: Path, pieces: list[bytes], reply: list[bytes]) -> None:
    """Whatever the API server sends, the handle has its value or an error, which holds nothing of what was sent."""
    pieces[:] = reply
    handles = ["k8s_secret@ns/db/pw", "k8s_secret@ns/db/no", "k8s_secret@ns/other/pw"]
    question = {"version": "1.1", "secrets": handles, "secret_backend_timeout": 5}
    answers = check(*ask_in_process(question, "--service-account", str(account)))
    assert list(answers) == handles
    assert answers[handles[0]]["value"] in {"", CANARY}
    assert [answers[handle]["value"] for handle in handles[1:]] == ["", ""]


@given(JSON)
def test_api_bodies(account: Path, pieces: list[bytes], data: object) -> None:
    """Whatever stands in a Secret's data, it is a value, or an error that does not hold it."""
    body = json.dumps(
        {"kind": "Secret", "metadata": {"namespace": "ns", "name": "db"}, "data": data}
    ).encode()
    pieces[:] = [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body]
    question = {"version": "1.1", "secrets": ["k8s_secret@ns/db/pw"]}
    check(*ask_in_process(question, "--service-account", str(account)))


NAMES = st.sampled_from(["a", "b", "..data", "..", ".", "x\ny", "\u00e9", "outside"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
TARGETS = (
    PATHS
    | PATHS.map("BASE/".__add__)
    | PATHS.map("BASE/root/".__add__)
    | st.sampled_from(["/", "/proc/self/environ", "/dev/zero", "a" * 300])
)
TREES = st.lists(st.tuples(PATHS, st.sampled_from(["file", "folder", "fifo"]) | TARGETS), max_size=8)


def plant(base: Path, path: str, what: str) -> None:
    """Put something at a path, where that is possible and inside the base."""
    target = os.path.normpath(base / "root" / path)
    if not target.startswith(f"{base}/root/") or not os.path.realpath(target).startswith(f"{base}/root/"):
        return
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
        if what == "folder":
            os.mkdir(target)  # noqa: PTH102
        elif what == "fifo":
            os.mkfifo(target)
        elif what == "file":
            with Path(target).open("x") as file:
                file.write("inside")
        else:
            Path(target).symlink_to(what.replace("BASE", str(base)))
    except OSError:
        pass  # something is there already, or on the way


@given(TREES, st.lists(PATHS, min_size=1, max_size=5), st.booleans())
def test_file_trees(tree: list[tuple[str, str]], paths: list[str], prefixed: bool) -> None:  # noqa: FBT001
    """Whatever links, folders and pipes there are, nothing from outside of the root is ever given."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(os.path.realpath(folder))
        (base / "outside").write_text(CANARY)
        (base / "root").mkdir()
        for path, what in tree:
            plant(base, path, what)
        handles = [f"file@{base}/root/{path}" if prefixed else path for path in paths]
        mode = ["--with-provider-prefixes"] if prefixed else []
        question = {"version": "1.1", "secrets": handles}
        answers = check(*ask_in_process(question, "read", str(base / "root"), *mode))
    assert all(answer["value"] in {"", "inside"} for answer in answers.values())
