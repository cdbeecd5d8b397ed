"""Running the resolver's program as an Agent does: a question in, an answer out, an exit code."""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from enc_resolver import __main__ as program

SOURCE = Path(program.__file__).parent.parent
START = f"import sys; sys.path.insert(0, {str(SOURCE)!r}); from enc_resolver.__main__ import run; run()"
COMMAND = [sys.executable, "-IS", "-c", START]
Answer = tuple[int, bytes, bytes]


def question(*handles: object, timeout: int = 30) -> dict[str, object]:
    """Ask as the Agent does."""
    return {"version": "1.1", "secrets": handles, "secret_backend_timeout": timeout}


def ask(question: object, *arguments: str) -> Answer:
    """Run the program isolated, as its first line does."""
    data = question if isinstance(question, bytes) else json.dumps(question).encode()
    done = subprocess.run([*COMMAND, *arguments], input=data, capture_output=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


def ask_in_process(question: object, *arguments: str) -> Answer:
    """Run the program's main in this process, over real streams."""
    data = question if isinstance(question, bytes) else json.dumps(question).encode()
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        files[0].write(data)
        files[0].seek(0)
        stack.enter_context(_limits_kept())
        with _standing_in([file.fileno() for file in files]):
            code = program.main(arguments)
        for file in files[1:]:
            file.seek(0)
        return code, files[1].read(), files[2].read()


@contextmanager
def _standing_in(files: Sequence[int]) -> Iterator[None]:
    kept = [os.dup(stream) for stream in range(3)]
    try:
        for stream, file in enumerate(files):
            os.dup2(file, stream)
        yield
    finally:
        for stream, file in enumerate(kept):
            os.dup2(file, stream)
            os.close(file)


@contextmanager
def _limits_kept() -> Iterator[None]:
    """Keep the process's limit on core dumps and its mask, which the program would lower for good."""
    mask = os.umask(0o077)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resource, "setrlimit", lambda *_: None)
        yield
    os.umask(mask)
