"""What every benchmark shares: a figure with its target, and the run of a command that is measured.

Absolute times are of this machine and this moment.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple


@dataclass(frozen=True)
class Figure:
    """One measured figure: what, how much, the most that it may be, and its ratio to the baseline."""

    what: str
    value: float
    most: float
    unit: str
    ratio: str = ""

    def line(self) -> str:
        """Render it as a line."""
        verdict = "ok" if self.value <= self.most else "MISSED"
        return (
            f"{self.what:<58} {self.value:>9.3f} {self.unit:<4} target {self.most:g}  {verdict}  {self.ratio}"
        )


class Run(NamedTuple):
    """What a run took: seconds by the clock, MiB at its peak, seconds on a processor.

    The memory counts from this process's own, which its child starts as: see ``resolver`` for small ones.
    """

    seconds: float
    memory: float
    processor: float


def measure(
    command: Sequence[str],
    question: bytes = b"",
    environment: Mapping[str, str] | None = None,
    fine: Callable[[int, bytes], bool] = lambda code, _: code == 0,
) -> Run:
    """Run a command with something on its stdin; end the benchmarks where exit code and output are not fine.

    A program that fails is quick: what it took is no figure.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = perf_counter()
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=output, stderr=errors, env=environment) as process:
            assert process.stdin  # noqa: S101  (for the type checker)
            process.stdin.write(question)
            process.stdin.close()
            _, status, usage = os.wait4(process.pid, 0)
            seconds = perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if not fine(process.returncode, output.read()):
            sys.exit(f"failed: {' '.join(command)[:200]}\n{errors.read().decode(errors='replace')[-2000:]}")
    return Run(seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)
