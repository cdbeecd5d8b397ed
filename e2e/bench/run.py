"""Benchmarks of encctl, as ratios against a baseline in the same run: what reading the same files with PyYAML alone takes.

Exits with 1 if a target is missed. Absolute times are of this machine and this moment.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import corpus

from enc_resolver.handles import handle_in, parse_handle

_ENCCTL = str(Path(sys.executable).parent / "encctl")
_BASELINE = """
import pathlib, sys, yaml
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.yaml")):
    list(yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader))
"""
_RUNS = 5
_HOSTILE = 3 * 1024 * 1024


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


def main() -> None:
    """Run all benchmarks and print their figures."""
    figures = [_version(), *_plans(), *_grammar()]
    print("\n".join(figure.line() for figure in figures))
    sys.exit(any(figure.value > figure.most for figure in figures))


def _version() -> Figure:
    bare = median(_run([sys.executable, "-c", "pass"])[0] for _ in range(_RUNS))
    own = median(_run([_ENCCTL, "--version"])[0] for _ in range(_RUNS))
    return Figure("encctl --version", own, 0.150, "s", f"{own / bare:.1f} x python -c pass")


def _plans() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small"), Path(folder, "large")
        for path, count in ((small, 1_000), (large, 20_000)):
            path.mkdir()
            corpus.write(path, count)
        pairs = [
            (_run([_ENCCTL, "plan", str(small)]), _run([sys.executable, "-c", _BASELINE, str(small)]))
            for _ in range(_RUNS)
        ]
        seconds = median(own[0] for own, _ in pairs)
        ratio = median(own[0] / base[0] for own, base in pairs)
        long, memory = _run([_ENCCTL, "plan", str(large)])
    return [
        Figure("encctl plan, 1,000 manifests", seconds, 2.0, "s", f"{ratio:.1f} x PyYAML reading them"),
        Figure(
            "encctl plan, 20,000 manifests, per 1,000, against 1,000",
            long / 20 / seconds,
            1.3,
            "x",
            f"{long:.1f} s",
        ),
        Figure("encctl plan, 20,000 manifests, peak memory", memory, 200, "MiB"),
    ]


def _grammar() -> list[Figure]:
    figures = []
    for name, piece in {"/": "/", "ENC[": "ENC[", "blanks": " ", "@": "@", ";": ";"}.items():
        value = f"ENC[{piece * (_HOSTILE // len(piece))}]"
        start = perf_counter()
        handle = handle_in(value)
        with suppress(ValueError):
            parse_handle(handle or "")
        took = perf_counter() - start
        start = perf_counter()
        value.encode()
        figures.append(
            Figure(
                f"3 MiB handle of {name}",
                took,
                0.050,
                "s",
                f"{took / (perf_counter() - start):.1f} x encoding it",
            )
        )
    return figures


def _run(command: Sequence[str]) -> tuple[float, float]:
    """Run a command and return its wall time in seconds and its peak memory in MiB."""
    start = perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode > 1:
        sys.exit(f"failed: {' '.join(command)}")
    return perf_counter() - start, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
