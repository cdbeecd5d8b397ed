"""One run of the executable: the Agent's question on its standard input, limits on what it writes and how long it takes.

Source: the Agent's `comp/core/secrets/impl/fetch_secret.go`. What the answer means does not belong here.
"""

import contextlib
import errno
import json
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Thread
from time import monotonic
from typing import IO

from enc_operator.cli.resolve.permissions import WINDOWS, Fault

_GO_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_GRACE = 1.0  # seconds for what was killed to let go of its pipes


@dataclass(frozen=True, slots=True)
class Limits:
    """The Agent's patience in seconds, and how many bytes it reads of standard output, and of standard error."""

    timeout: int
    output: int


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended. The streams may hold secrets, so they are in no representation."""

    started: bool
    exit_code: int | None = None
    seconds: float = 0.0
    fault: Fault | None = None
    stdout: bytes = field(default=b"", repr=False)
    stderr: bytes = field(default=b"", repr=False)


def render_request(handles: Sequence[str], timeout: int) -> bytes:
    """Write the question byte for byte as the Agent's Go does: keys in order, no blanks, HTML escaped, UTF-8."""
    content = {"secret_backend_timeout": timeout, "secrets": list(handles), "version": "1.1"}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return "".join(_GO_ESCAPES.get(letter, letter) for letter in text).encode()


def run_executable(command: Sequence[str], request: bytes, limits: Limits) -> Ran:
    """Run a command with the Agent's environment (ours), and end it with all that it started when its time is over."""
    began = monotonic()
    try:
        process = subprocess.Popen(  # noqa: S603 - to run the user's executable is what the user asks for
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except OSError as error:
        return Ran(started=False, fault=_not_started(command[0], error))
    run = _Run(process, limits)
    fault = run.wait(request, began + limits.timeout)
    streams = {name: bytes(content) for name, content in run.streams.items()}
    fault = fault or _exit_fault(process.returncode)
    return Ran(
        started=True, exit_code=process.returncode, seconds=monotonic() - began, fault=fault, **streams
    )


class _Run:
    """A process and the threads at its pipes: the one way to wait for all three that every system has."""

    def __init__(self, process: "subprocess.Popen[bytes]", limits: Limits) -> None:
        self.process = process
        self.limits = limits
        self.streams = {"stdout": bytearray(), "stderr": bytearray()}
        self.too_long = ""

    def wait(self, request: bytes, deadline: float) -> Fault | None:
        """Feed and read the process until it ends or must be ended; return what went wrong."""
        threads = [
            Thread(target=self._feed, args=(self.process.stdin, request), daemon=True),
            Thread(target=self._drain, args=(self.process.stdout, "stdout"), daemon=True),
            Thread(target=self._drain, args=(self.process.stderr, "stderr"), daemon=True),
        ]
        for thread in threads:
            thread.start()
        fault: Fault | None = None
        try:
            if not (_join(threads, deadline) and self._ends(deadline)):
                fault = self._late(ended=self.process.poll() is not None)
        finally:
            if fault or self.process.poll() is None:  # Ctrl-C too
                self._kill()
            _join(threads, monotonic() + _GRACE)
            self._close()
        return self._overlong() if self.too_long else fault

    def _feed(self, pipe: IO[bytes], request: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):  # it need not read its input
            while request:
                request = request[pipe.write(request) :]
            pipe.close()

    def _drain(self, pipe: IO[bytes], name: str) -> None:
        kept = self.streams[name]
        with contextlib.suppress(OSError, ValueError):
            while piece := pipe.read(65536):
                if len(kept) + len(piece) > self.limits.output:
                    self.too_long = name
                    self._kill()
                    return
                kept += piece

    def _ends(self, deadline: float) -> bool:
        try:
            self.process.wait(max(0.0, deadline - monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True

    def _late(self, *, ended: bool) -> Fault:
        if ended:
            what = "the executable ended, but something that it started keeps its output open: the Agent waits for that without end"
            return Fault(what, "let background processes close stdout and stderr, or do not start any")
        return Fault(
            f"the executable was not done after {self.limits.timeout} s: the Agent kills it, and no handle is resolved",
            "make it faster, give it a deadline of its own, or raise secret_backend_timeout (here --timeout)",
        )

    def _overlong(self) -> Fault:
        return Fault(
            f"the executable wrote more than {self.limits.output} bytes to {self.too_long}: the Agent reads no further, and no handle is resolved",
            "write the answer only, or raise secret_backend_output_max_size (here --output-max-size)",
        )

    def _kill(self) -> None:
        with contextlib.suppress(OSError):
            if WINDOWS:
                self.process.kill()
            else:
                os.killpg(self.process.pid, signal.SIGKILL)

    def _close(self) -> None:
        for pipe in filter(None, (self.process.stdin, self.process.stdout, self.process.stderr)):
            pipe.close()
        self.process.wait()


def _join(threads: Sequence[Thread], deadline: float) -> bool:
    for thread in threads:
        thread.join(max(0.0, deadline - monotonic()))
    return not any(thread.is_alive() for thread in threads)


def _not_started(path: str, error: OSError) -> Fault:
    if error.errno == errno.ENOEXEC:
        return Fault(
            f"the executable cannot be started: {path} is neither a program of this machine nor a script with a first line #!",
            "begin it with #!/bin/sh or #!/usr/bin/env python3, or build it for this machine",
        )
    if error.errno == errno.ENOENT:
        return Fault(
            "the executable cannot be started: what its first line (#!) or its loader names does not exist here",
            "correct the first line; look for line ends of Windows in it",
        )
    return Fault(
        f"the executable cannot be started: {error.strerror}", "the Agent starts it directly, without a shell"
    )


def _exit_fault(code: int) -> Fault | None:
    if code == 0:
        return None
    how = f"ended with exit code {code}" if code > 0 else f"was ended by {_signal_name(-code)}"
    return Fault(
        f"the executable {how}: the Agent drops every handle of the batch, and logs what it wrote to stderr",
        "exit with 0 and write the error of each handle; --show-stderr shows what it says",
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
