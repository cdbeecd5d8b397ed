"""Benchmarks of encctl, the resolver, the operator and the admission webhook, as ratios against a baseline in the same run.

encctl's baseline is what reading the same files with PyYAML alone takes; the others' stand in their own modules.

Exits with 1 if a target is missed. Absolute times are of this machine and this moment.
"""

import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import perf_counter

import admission
import convergence
import corpus
import resolver
from figures import Figure, Run, measure

from enc_resolver.handles import handle_in, parse_handle

_ENCCTL = str(Path(sys.executable).parent / "encctl")
_BASELINE = """
import pathlib, sys, yaml
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.yaml")):
    list(yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader))
"""
_RUNS = 5
_HOSTILE = 3 * 1024 * 1024


def main() -> None:
    """Run all benchmarks and print their figures."""
    figures = [_version(), *_plans(), *_grammar(), *resolver.figures()]
    figures += [*convergence.figures(), *admission.figures()]
    print("\n".join(figure.line() for figure in figures))
    sys.exit(any(figure.value > figure.most for figure in figures))


def _version() -> Figure:
    bare = median(measure([sys.executable, "-c", "pass"]).seconds for _ in range(_RUNS))
    own = median(measure([_ENCCTL, "--version"]).seconds for _ in range(_RUNS))
    return Figure("encctl --version", own, 0.150, "s", f"{own / bare:.1f} x python -c pass")


def _plans() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small"), Path(folder, "large")
        for path, count in ((small, 1_000), (large, 20_000)):
            path.mkdir()
            corpus.write(path, count)
        pairs = [(_plan(small), measure([sys.executable, "-c", _BASELINE, str(small)])) for _ in range(_RUNS)]
        seconds = median(own.seconds for own, _ in pairs)
        ratio = median(own.seconds / base.seconds for own, base in pairs)
        long, memory, _ = _plan(large)
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


def _plan(folder: Path) -> Run:
    """Plan a corpus, which has errors to find: exit code 1, and the summary that only a whole run ends with."""
    return measure(
        [_ENCCTL, "plan", str(folder)], fine=lambda code, output: code == 1 and b" references, " in output
    )


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


if __name__ == "__main__":
    main()
