"""From the arguments of `encctl scan` to its exit code, and what it prints."""

import argparse
import sys

from enc_operator.cli.kubectl.arguments import kubectl_of
from enc_operator.cli.printing import print_tables, progress
from enc_operator.cli.reading import options_of
from enc_operator.cli.scan.assessing import Scanned, assess_held
from enc_operator.cli.scan.difference import Rows, find_changes, install_of
from enc_operator.cli.scan.reading import ClusterReader, Held
from enc_operator.cli.scan.report import View
from enc_operator.core.rendering import render_json, render_objects
from enc_operator.errors import EncError, UsageError

_OK, _FINDINGS, _INCOMPLETE = 0, 1, 2


def run_scan(arguments: argparse.Namespace) -> int:
    """Scan a cluster, print what was found, and return the exit code."""
    if arguments.namespace and (arguments.diff or arguments.output == "yaml"):
        raise UsageError("a Role depends on references of every namespace", "leave -n out")
    kubectl = kubectl_of(arguments)
    reader = ClusterReader(kubectl, options_of(arguments), arguments.namespace)
    with progress("Reading") as advance:
        held = reader.read(advance)
    scanned = assess_held(held, kubectl, arguments.namespace)
    for note in scanned.notes:
        print(f"encctl: {note}", file=sys.stderr)
    if not scanned.whole and (arguments.diff or arguments.output == "yaml"):
        raise EncError("what could not be read may need Roles, too", "leave --diff and -o yaml out")
    changes = _changes(scanned, held, arguments.install) if arguments.diff else None
    _print(scanned, held, changes, arguments)
    if not scanned.complete:
        return _INCOMPLETE
    return _FINDINGS if scanned.assessment.has_errors else _OK


def _changes(scanned: Scanned, held: Held, install: str) -> Rows:
    return find_changes(scanned.assessment.permissions, held.ours, install_of(held.ours, install))


def _print(scanned: Scanned, held: Held, changes: Rows | None, arguments: argparse.Namespace) -> None:
    view = View(scanned, held.owners, narrowed=bool(arguments.namespace))
    table = arguments.output == "table"
    if arguments.output == "json":
        sys.stdout.write(render_json(view.data(changes)))
    elif table:
        view.print_findings()
        print_tables(view.tables(changes))
    else:
        sys.stdout.write(render_objects(scanned.assessment.objects()))
        view.print_findings(to_stderr=True)
    print(view.summary(changes), file=sys.stdout if table else sys.stderr)
