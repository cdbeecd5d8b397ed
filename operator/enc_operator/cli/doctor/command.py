"""From the arguments of `encctl doctor` to its exit code, and what it prints."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from enc_operator import __version__
from enc_operator.cli.doctor.looking import Doctor
from enc_operator.cli.doctor.model import Check, Status, exit_code
from enc_operator.cli.kubectl.arguments import kubectl_of
from enc_operator.cli.printing import printable
from enc_operator.core.rendering import render_json

_ANSI = {
    Status.OK: "\033[32m",
    Status.WARN: "\033[33m",
    Status.FAIL: "\033[1;31m",
    Status.UNKNOWN: "\033[36m",
}
_WIDE = max(map(len, Status))


def run_doctor(arguments: argparse.Namespace) -> int:
    """Look at a cluster, print each check, and return the exit code."""
    doctor = Doctor(kubectl_of(arguments), arguments.namespace)
    if arguments.output == "json":
        checks = list(doctor.checks())
        sys.stdout.write(render_json(_as_data(checks)))
    else:
        checks = _printed(doctor.checks())
        print(_summary(checks))
    return exit_code(checks)


def _printed(checks: Iterable[Check]) -> list[Check]:
    """Print each check as it comes: a large cluster takes a while."""
    found = []
    for check in checks:
        found.append(check)
        status = str(check.status).ljust(_WIDE)
        if sys.stdout.isatty():
            status = f"{_ANSI[check.status]}{status}\033[0m"
        where = f"{printable(check.where)}: " if check.where else ""
        print(f"{status} {check.name}: {where}{printable(check.what)}", flush=True)
        if check.fix:
            print(f"{' ' * _WIDE}   fix: {printable(check.fix)}", flush=True)
    return found


def _summary(checks: Sequence[Check]) -> str:
    counts = Counter(check.status for check in checks)
    return ", ".join(f"{counts[status]} {status}" for status in Status)


def _as_data(checks: Sequence[Check]) -> dict[str, Any]:
    counts = Counter(check.status for check in checks)
    return {
        "version": __version__,
        "checks": [
            {
                "status": str(check.status),
                "check": check.name,
                "where": check.where or None,
                "what": check.what,
                "fix": check.fix or None,
            }
            for check in checks
        ],
        "summary": {str(status): counts[status] for status in Status},
    }
