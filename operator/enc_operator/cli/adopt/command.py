"""From the arguments of `encctl adopt` to its exit code: read, plan, write or print, and say what would stop."""

import argparse
import sys
from pathlib import Path

from enc_operator.cli.adopt.adopting import Adoption, plan_adoption
from enc_operator.cli.adopt.guide import refusals, render_guide, stops, summary, warnings
from enc_operator.cli.adopt.rendering import render_files
from enc_operator.cli.adopt.writing import signed, write_adoption
from enc_operator.cli.kubectl.arguments import kubectl_of
from enc_operator.cli.printing import progress
from enc_operator.cli.reading import options_of
from enc_operator.cli.scan.reading import ClusterReader

_OK, _STOPS, _INCOMPLETE = 0, 1, 2
_SHOWN = 10


def run_adopt(arguments: argparse.Namespace) -> int:
    """Write what an adoption takes, and return the exit code."""
    kubectl = kubectl_of(arguments)
    reader = ClusterReader(kubectl, options_of(arguments), "")
    with progress("Reading") as advance:
        held = reader.read(advance)
    adoption = plan_adoption(held, kubectl)
    files = {**dict(render_files(adoption)), "README.md": render_guide(adoption)}
    kept = False
    if arguments.dry_run:
        _print_files(files)
    else:
        kept = _write(files, Path(arguments.folder), force=arguments.force)
    _say(adoption, to_stderr=arguments.dry_run)
    if kept or not adoption.complete:
        return _INCOMPLETE
    return _STOPS if adoption.breaks else _OK


def _print_files(files: dict[str, str]) -> None:
    for name, text in files.items():
        print(f"==> {name} <==\n{signed(name, text)}")
    sys.stdout.flush()


def _write(files: dict[str, str], folder: Path, *, force: bool) -> bool:
    """Write the files and say so; return whether something that should be other by now was left alone."""
    outcome = write_adoption(files, folder, force=force)
    print("".join(f"written: {folder / name}\n" for name in outcome.written), end="")
    for name in outcome.kept:
        print(f"encctl: {folder / name} was changed since, and is left alone; --force overwrites it", file=sys.stderr)  # fmt: skip
    for name in outcome.left:
        print(f"encctl: {folder / name} is of an earlier run: nothing asks for it any more", file=sys.stderr)
    return bool(outcome.kept)


def _say(adoption: Adoption, *, to_stderr: bool) -> None:
    out = sys.stderr if to_stderr else sys.stdout
    for note in adoption.before.notes:
        print(f"encctl: {note}", file=sys.stderr)
    for title, lines in (
        ("Would stop all the same", list(stops(adoption))),
        ("No grant allows", list(refusals(adoption))),
        ("To look at", list(warnings(adoption))),
    ):
        if lines:
            more = f"  and {len(lines) - _SHOWN} more, in README.md\n" if len(lines) > _SHOWN else ""
            print(f"{title}:\n" + "".join(f"  {line}\n" for line in lines[:_SHOWN]) + more, end="", file=out)
    print(summary(adoption), file=out)
