"""The program: the Agent's question on stdin, the answers on stdout, an exit code, and at most one line on stderr.

It fails as a whole (exit code 1, nothing on stdout) only where secret-helper does: no question, or one that cannot be
read. The Agent logs stderr, so nothing goes there that was not written in this program's own source.
"""

from __future__ import annotations

import os
import resource
import select
import sys
import time

from enc_resolver.arguments import UsageError, parse_arguments
from enc_resolver.exchange import (
    AGENT_TIMEOUT,
    ExchangeError,
    decide_deadline,
    parse_request,
    render_response,
)
from enc_resolver.lookup import read_handles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, NoReturn, Sequence

LARGEST_REQUEST = 64 * 1024 * 1024  # bytes


def main(arguments: Sequence[str]) -> int:
    """Answer one question; return the exit code, whatever happens."""
    started = time.monotonic()
    try:
        harden()
        _answer(arguments, started)
    except (ExchangeError, UsageError) as error:
        return _complain(str(error))
    except OSError as error:
        return _complain(f"cannot read the question or write the answer: {os.strerror(error.errno or 0)}")
    except BaseException as error:  # noqa: BLE001  (a traceback could show a value to whoever reads the Agent's log)
        return _complain(f"internal error: {type(error).__name__}")
    return 0


def harden() -> None:
    """Leave nothing behind: no core dump, no file for others, no value in what takes the place of a closed stream."""
    for stream in (0, 1):
        os.fstat(stream)
    try:
        os.fstat(2)
    except OSError:
        os.open(os.devnull, os.O_WRONLY)  # becomes 2, the lowest that is free
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(arguments: Sequence[str], started: float) -> None:
    settings = parse_arguments(arguments)
    request = parse_request(_read_question(started + decide_deadline(AGENT_TIMEOUT)))
    outcomes = read_handles(request.handles, settings, started + decide_deadline(request.timeout))
    response, unnamed = render_response(outcomes)
    _write_all(1, response)
    if unnamed:
        _complain(f"{unnamed} handles are not answered: their names alone exceed what the Agent reads")


def _read_question(until: float) -> bytes:
    pieces: List[bytes] = []
    room = LARGEST_REQUEST
    while room > 0:
        if not select.select([0], [], [], max(0.0, until - time.monotonic()))[0]:
            raise ExchangeError("cannot read the question: it did not end in time")
        piece = os.read(0, min(room, 1024 * 1024))
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        room -= len(piece)
    raise ExchangeError("failed to unmarshal json input")


def _write_all(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]


def _complain(message: str) -> int:
    try:  # noqa: SIM105  (contextlib is one more import)
        _write_all(2, f"enc-resolver: {message}\n".encode("ascii", "backslashreplace"))
    except OSError:
        pass  # nobody listens: the exit code says it
    return 1


def run() -> NoReturn:
    """Answer, and end at once: workers that still wait for a server are of no use to anyone."""
    os._exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
