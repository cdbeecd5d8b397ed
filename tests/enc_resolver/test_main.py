"""The program as the Agent runs it: bytes in, bytes out, an exit code, and never a traceback."""

import json
import os
import resource
import runpy
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from enc_resolver import __main__ as program
from kubernetes_stand_in import StandIn
from resolver_program import START, ask, question


def test_files_and_secrets(api: StandIn, tmp_path: Path) -> None:
    """A batch over every provider is answered in one run, and nothing is said on stderr."""
    (tmp_path / "pw").write_text("from-file")
    api.secrets["ns/db"] = {"pw": b"from-secret"}
    handles = ["pw", f"file@{tmp_path}/pw", "k8s_secret@ns/db/pw", "x@y"]
    code, output, errors = ask(question(*handles), str(tmp_path), "--service-account", str(api.account))
    assert (code, errors) == (0, b"")
    answers = json.loads(output)
    assert [answers[handle]["value"] for handle in handles] == ["from-file", "from-file", "from-secret", ""]
    assert answers["x@y"]["error"].startswith("provider not supported: x")


def test_files_alone_load_neither_tls_nor_types() -> None:
    """Answering with files loads none of the modules that cost start-up time."""
    heavy = [
        "ssl",
        "http",
        "threading",
        "typing",
        "dataclasses",
        "argparse",
        "random",
        "contextlib",
        "pathlib",
    ]
    code = f"{START.replace('; run()', '')}; import json, enc_resolver.__main__; print([m for m in {heavy!r} if m in sys.modules])"
    bare = f"import sys, json; print([m for m in {heavy!r} if m in sys.modules])"
    loaded = [subprocess.check_output([sys.executable, "-IS", "-c", text]) for text in (bare, code)]
    assert loaded[0] == loaded[1]


@pytest.mark.parametrize(
    ("asked", "arguments", "message"),
    [
        pytest.param(b"", [], "failed to unmarshal json input", id="an empty question"),
        pytest.param(question(1), [], "failed to unmarshal json input", id="a handle that is no string"),
        pytest.param(question(), [], "no secrets listed in input", id="no handles"),
        pytest.param({"version": "3"}, [], 'incompatible protocol version "3"', id="another protocol"),
        pytest.param(question("a"), ["--nonsense"], "unknown flag: --nonsense", id="a wrong command line"),
        pytest.param(
            question("a"), ["--\u00e9\n"], "unknown flag: --\\xe9\\n", id="a line that would break the log"
        ),
    ],
)
def test_failure_as_a_whole(asked: object, arguments: list[str], message: str) -> None:
    """No question, no answer: exit code 1, one line on stderr, nothing on stdout."""
    line = message if message.endswith("\\n") is False else "unknown flag: --\\xe9\n"
    assert ask(asked, *arguments) == (1, b"", f"enc-resolver: {line}\n".encode())


def test_no_core_is_dumped() -> None:
    """A crash of the program writes no memory to a disk."""
    start = START.replace("run()", "import resource, enc_resolver.__main__ as program; program.harden()")
    code = f"{start}; print(resource.getrlimit(resource.RLIMIT_CORE))"
    assert subprocess.check_output([sys.executable, "-IS", "-c", code]) == b"(0, 0)\n"


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[bytes], list[bytes]]]:
    """Run main in this process with a question; give what was written to stdout and stderr."""
    mask = os.umask(0o22)
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)

    def start(data: bytes) -> list[bytes]:
        (tmp_path / "stdin").write_bytes(data)
        source = os.open(tmp_path / "stdin", os.O_RDONLY)
        written = [b"", b"", b""]
        read = os.read
        monkeypatch.setattr(os, "read", lambda file, size: read(source if file == 0 else file, size))

        def write(file: int, content: bytes) -> int:
            written[file] += content[:1000]
            return len(content[:1000])

        monkeypatch.setattr(os, "write", write)
        monkeypatch.setattr(select, "select", lambda *_: ([0], [], []))
        return written

    yield start
    monkeypatch.undo()
    os.umask(mask)


def test_answer_in_process(streams: Callable[[bytes], list[bytes]], tmp_path: Path) -> None:
    """An answer is written whole, also where the pipe takes it piece by piece; its files would be ours alone."""
    (tmp_path / "pw").write_text("v" * 5000)
    written = streams(json.dumps(question("pw")).encode())
    assert program.main([str(tmp_path)]) == 0
    assert json.loads(written[1])["pw"]["value"] == "v" * 5000
    assert os.umask(0o077) == 0o077


@pytest.mark.parametrize(
    ("data", "arguments", "message"),
    [
        pytest.param(b"", [], b"failed to unmarshal json input", id="no question"),
        pytest.param(b"{}", ["-x"], b"unknown flag: -x", id="wrong command line"),
        pytest.param(
            json.dumps(question("x" * 2**20)).encode(), [], b"1 handles are not answered", id="unnamed"
        ),
    ],
)
def test_complaint_in_process(
    streams: Callable[[bytes], list[bytes]], data: bytes, arguments: list[str], message: bytes
) -> None:
    """What goes wrong as a whole is one line on stderr."""
    written = streams(data)
    assert program.main(arguments) == (0 if b"not answered" in message else 1)
    assert message in written[2]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        pytest.param(BrokenPipeError(32, "canary"), b"or write the answer: Broken pipe", id="nobody reads"),
        pytest.param(MemoryError("canary"), b"internal error: MemoryError", id="no memory"),
        pytest.param(KeyboardInterrupt("canary"), b"internal error: KeyboardInterrupt", id="interrupted"),
    ],
)
def test_unforeseen_failure(
    streams: Callable[[bytes], list[bytes]],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    message: bytes,
) -> None:
    """Whatever fails, there is no traceback and no text of the exception."""
    written = streams(b"{}")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(program, "parse_request", fail)
    assert program.main([]) == 1
    assert message in written[2]
    assert b"canary" not in written[2]


def test_endless_question_in_process(
    streams: Callable[[bytes], list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question without end is not read to its end."""
    streams(b"x" * 100)
    monkeypatch.setattr(program, "LARGEST_REQUEST", 50)
    assert program.main([]) == 1


def test_question_that_does_not_come(
    streams: Callable[[bytes], list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question that does not end is waited for until three seconds before the Agent's patience does."""
    written = streams(b"")
    waits: list[float] = []

    def wait(*arguments: float) -> tuple[list[int], list[int], list[int]]:
        waits.append(arguments[3])
        return [], [], []

    monkeypatch.setattr(select, "select", wait)
    assert program.main([]) == 1
    assert written[2] == b"enc-resolver: cannot read the question: it did not end in time\n"
    assert 26 < waits[0] <= 27


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_closed_streams_in_process(
    streams: Callable[[bytes], list[bytes]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, closed: int
) -> None:
    """Nothing that is opened later takes a closed stream's place: no answer goes where nobody asked."""
    (tmp_path / "pw").write_text("value")
    written = streams(json.dumps(question("pw")).encode())
    real, opened = os.fstat, []

    def fstat(file: int) -> os.stat_result:
        if file == closed:
            raise OSError(9, "canary")
        return real(file)

    real_open = os.open

    def open_null(path: str, *rest: int, **named: int) -> int:
        opened.append(path)
        return real_open(path, *rest, **named)

    monkeypatch.setattr(os, "fstat", fstat)
    monkeypatch.setattr(os, "open", open_null)
    code = program.main([str(tmp_path)])
    monkeypatch.undo()
    assert (code, bool(written[1])) == ((0, True) if closed == 2 else (1, False))
    assert (os.devnull in opened) == (closed == 2)
    assert b"canary" not in written[2]


def test_closed_stderr(streams: Callable[[bytes], list[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody listens to complaints, the exit code remains."""
    streams(b"")

    def closed(*_: object) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(os, "write", closed)
    assert program.main([]) == 1


def test_program_ends_at_once(
    streams: Callable[[bytes], list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run as a module, the program ends with main's exit code and waits for nobody."""
    streams(b"")
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    monkeypatch.setattr(sys, "argv", ["resolver"])
    monkeypatch.delitem(sys.modules, "enc_resolver.__main__")
    runpy.run_module("enc_resolver", run_name="__main__")
    assert codes == [1]
