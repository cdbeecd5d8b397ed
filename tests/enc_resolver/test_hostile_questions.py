"""Bad input, row by row: the protocol's own error, the right exit code, and never a traceback."""

import json
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubernetes_stand_in import Reply, StandIn
from resolver_program import COMMAND, ask, question

LIMIT = 1024 * 1024  # what the Agent reads
UNREADABLE = b"enc-resolver: failed to unmarshal json input\n"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b" \n", id="blanks"),
        pytest.param(b"canary", id="not JSON"),
        pytest.param(b'{"version": "1.1", "secrets": ["canary"]', id="half an object"),
        pytest.param(b'{"version": "1.1", "secrets": ["a"]} canary', id="more than an object"),
        pytest.param(b'\xef\xbb\xbf{"version": "1.1", "secrets": ["a"]}', id="a byte order mark"),
        pytest.param(b"\x1f\x8b\x08canary", id="gzip"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'"canary"', id="a string"),
        pytest.param(b"1" * 10_000, id="a long number"),
        pytest.param(b"[" * 1_000_000, id="open brackets"),
        pytest.param(b'{"a":' * 300_000, id="open braces"),
        pytest.param(
            b'{"version": "1.1", "secrets": ["a"], "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            id="nested brackets in an unknown field",
        ),
        pytest.param(
            b'{"version": "1.1", "secrets": ["a"], "x": NaN}', id="a number that JSON does not have"
        ),
        pytest.param(b'{"version": "1.1", "secrets": "canary"}', id="handles that are no list"),
        pytest.param(b'{"version": "1.1", "secrets": {"canary": 1}}', id="handles that are an object"),
        pytest.param(b'{"version": "1.1", "secrets": ["a", 1]}', id="a number as handle"),
        pytest.param(b'{"version": "1.1", "secrets": [["canary"]]}', id="a list as handle"),
        pytest.param(b'{"version": "1.1", "secrets": [{"k": "canary"}]}', id="an object as handle"),
        pytest.param(b'{"version": "1.1", "secrets": [true]}', id="a boolean as handle"),
        pytest.param(b'{"version": 1.1, "secrets": ["a"]}', id="a version that is a number"),
        pytest.param(b"\0" * 70_000_000, id="70 MB of nothing"),
    ],
)
def test_unreadable_questions(data: bytes) -> None:
    """What is no question is refused with secret-helper's words, and nothing is answered."""
    assert ask(data) == (1, b"", UNREADABLE)


@pytest.mark.parametrize(
    "handles",
    [
        pytest.param([f"h{index}" for index in range(100_000)], id="100,000 files"),
        pytest.param(
            [f"k8s_secret@n/s{index}/k" for index in range(100_000)],
            id="100,000 Secrets outside of a cluster",
        ),
        pytest.param(["x" * 500_000], id="a handle of half a MiB"),
        pytest.param(["x" * LIMIT, "k8s_secret@" + "a/" * LIMIT], id="handles of 1 MiB and more"),
        pytest.param(["\ud800", "a\udfff", "\U0010ffff", "\0", "\u2028"], id="surrogates and separators"),
        pytest.param(["ENC[ENC[a]]", "[" * 10_000, "]" * 10_000], id="nested brackets"),
        pytest.param(['{"k": "v"}', '{"secret": "x/y"}', "[1]", '"', "\\"], id="JSON as handle"),
        pytest.param(
            ["a\0b", "../../etc/passwd", "/etc/passwd", ".", "..", "~", "a\r\nb", "%2e%2e/x"], id="ways out"
        ),
        pytest.param(["file@/etc/passwd", "file@/proc/self/environ", "file@", "k8s_secret@"], id="providers"),
        pytest.param(["a"] * 100_000, id="the same one often"),
        pytest.param(["", None], id="the empty one"),
    ],
)
def test_hostile_handles(handles: list[str], tmp_path: Path) -> None:
    """Whatever the handles are, each that is named gets an error of its own, below 1 MiB in all."""
    code, output, errors = ask(question(*handles), str(tmp_path))
    answers = json.loads(output)
    assert (code, len(output) < LIMIT) == (0, True)
    assert set(answers) <= {handle or "" for handle in handles}
    assert all(answer["error"] and not answer["value"] for answer in answers.values())
    unnamed = len({handle or "" for handle in handles}) - len(answers)
    told = (
        f"enc-resolver: {unnamed} handles are not answered: their names alone exceed what the Agent reads\n"
    )
    assert errors.decode() == (told if unnamed else "")


def test_unnamed_handles_harm_no_other(tmp_path: Path) -> None:
    """A handle too long to be named leaves the answers to the others as they are."""
    (tmp_path / "y").write_text("value")
    code, output, errors = ask(question("x" * LIMIT, "y"), str(tmp_path))
    assert (code, json.loads(output)) == (0, {"y": {"value": "value", "error": ""}})
    assert errors.startswith(b"enc-resolver: 1 handles are not answered")


def test_values_that_do_not_fit(tmp_path: Path) -> None:
    """Values beyond 1 MiB in all are errors on their own handles; those before them are given."""
    for index in range(3):
        (tmp_path / str(index)).write_text(str(index) * 500_000)
    code, output, errors = ask(question("0", "1", "2"), str(tmp_path), "--max-size", "1000000")
    answers = json.loads(output)
    assert (code, errors, len(output) < LIMIT) == (0, b"", True)
    assert [len(answer["value"]) for answer in answers.values()] == [500_000, 500_000, 0]
    assert answers["2"]["error"] == "the response would exceed the 1 MiB that the Agent reads"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the program with a pipe on every stream."""
    (tmp_path / "pw").write_text("canary")
    pipe = subprocess.PIPE
    command = [*COMMAND, str(tmp_path), "--max-size", "1000000"]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0) as process:
        yield process
        process.kill()


def put(process: subprocess.Popen[bytes], data: bytes) -> None:
    """Write a piece of the question."""
    assert process.stdin
    process.stdin.write(data)


def test_slow_question(running: subprocess.Popen[bytes]) -> None:
    """A question that drips is read to its end."""
    for character in '{"version":"1.1","secrets":["pw"]}':
        put(running, character.encode())
        time.sleep(0.005)
    output, errors = running.communicate(timeout=20)
    assert (running.returncode, errors) == (0, b"")
    assert json.loads(output) == {"pw": {"value": "canary", "error": ""}}


def test_question_that_stops_half_way() -> None:
    """A question that does not end is given up with secret-helper's kind of failure, before the Agent kills us."""
    start = COMMAND[-1].replace(
        "; run()", "; import enc_resolver.__main__ as p; p.AGENT_TIMEOUT = 0.4; run()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([*COMMAND[:-1], start], stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0) as process:
        put(process, b'{"version":')
        assert process.stdout
        assert process.stderr
        output, errors = process.stdout.read(), process.stderr.read()
    assert process.returncode == 1
    assert (output, errors) == (b"", b"enc-resolver: cannot read the question: it did not end in time\n")


def test_nobody_reads_the_answer(running: subprocess.Popen[bytes]) -> None:
    """An answer that nobody takes ends the program with one line, which does not hold it."""
    assert running.stdout
    assert running.stderr
    running.stdout.close()
    put(running, b'{"version":"1.1","secrets":["pw"]}')
    assert running.stdin
    running.stdin.close()
    errors = running.stderr.read()
    assert running.wait(20) == 1
    assert errors == b"enc-resolver: cannot read the question or write the answer: Broken pipe\n"


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        pytest.param("<&-", (1, b"", True), id="stdin"),
        pytest.param(">&-", (1, b"", True), id="stdout"),
        pytest.param("2>&-", (0, b'{"pw":{"value":"canary","error":""}}', False), id="stderr"),
        pytest.param("<&- >&- 2>&-", (1, b"", False), id="all"),
    ],
)
def test_closed_streams(tmp_path: Path, closed: str, expected: tuple[int, bytes, bool]) -> None:
    """A stream that was never open is no place for an answer: nothing is answered where nobody could read it."""
    (tmp_path / "pw").write_text("canary")
    (tmp_path / "question").write_text('{"version":"1.1","secrets":["pw"]}')
    source = "" if "<" in closed else f"< {tmp_path}/question"
    shell = ["/bin/sh", "-c", f'exec "$@" {source} {closed}', "sh", *COMMAND, str(tmp_path)]
    done = subprocess.run(shell, capture_output=True, check=False, timeout=60)
    code, output, told = expected
    assert (done.returncode, done.stdout, b"Bad file descriptor" in done.stderr) == (code, output, told)
    assert b"Traceback" not in done.stderr


def test_killed_while_it_reads(running: subprocess.Popen[bytes]) -> None:
    """SIGTERM while the question still comes ends the program at once, without a word."""
    put(running, b'{"version"')
    time.sleep(0.3)
    started = time.monotonic()
    running.send_signal(signal.SIGTERM)
    output, errors = running.communicate(timeout=10)
    assert (running.returncode, output, errors) == (-signal.SIGTERM, b"", b"")
    assert time.monotonic() - started < 2


def test_killed_while_it_writes(running: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """SIGTERM in the midst of the answer leaves a piece that no reader takes for one."""
    handles = [str(index) for index in range(10)]
    for handle in handles:
        (tmp_path / handle).write_text("v" * 90_000)
    put(running, json.dumps(question(*handles)).encode())
    assert running.stdin
    assert running.stdout
    running.stdin.close()
    select.select([running.stdout], [], [], 20)
    running.send_signal(signal.SIGTERM)
    assert running.wait(10) == -signal.SIGTERM
    output = running.stdout.read()
    assert 0 < len(output) < 10 * 90_000
    with pytest.raises(json.JSONDecodeError):
        json.loads(output)


def test_killed_while_the_server_does_not_answer(api: StandIn) -> None:
    """SIGTERM while workers wait for the API server ends the program at once, too."""

    def hang() -> Reply:
        api.release.wait(20)
        return 0, {}, b""

    api.secrets["ns/db"] = hang
    pipe = subprocess.PIPE
    command = [*COMMAND, "--service-account", str(api.account)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin
        process.stdin.write(json.dumps(question("k8s_secret@ns/db/pw")).encode())
        process.stdin.close()
        while not api.asked:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == -signal.SIGTERM
