"""The command line's door: one place that starts a command and turns outcomes into exit codes.

0: nothing wrong. 1: something is. 2: it could not be found out: unreadable input, arguments that make no sense.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from enc_operator.cli.arguments import build_parser
from enc_operator.errors import EncError

_OK, _FAILED = 0, 2


def run() -> None:
    """Run encctl and exit."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run encctl and return the exit code."""
    try:
        code = _dispatch(build_parser().parse_args(arguments))
        sys.stdout.flush()
    except EncError as error:
        print(f"encctl: {error.message}" + (f"; {error.fix}" if error.fix else ""), file=sys.stderr)
        return _FAILED
    except BrokenPipeError:
        # The reader has gone (`| head`); Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _OK
    except OSError as error:  # a full disk behind `>`
        print(f"encctl: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        return 130
    return code


_COMMANDS = {
    "adopt": "adopt.command:run_adopt",
    "audit": "audit.command:run_audit",
    "can-i": "can_i.command:run_can_i",
    "doctor": "doctor.command:run_doctor",
    "explain": "explain.command:run_explain",
    "grant": "grant.command:run_grant",
    "lint": "lint.command:run_lint",
    "plan": "plan:run_plan",
    "resolve": "resolve.command:run_resolve",
    "scan": "scan.command:run_scan",
    "uninstall": "uninstall.command:run_uninstall",
}


def _dispatch(arguments: argparse.Namespace) -> int:
    """Import a command and run it: `--version` and `--help` need nothing of it, and a command nothing of the others."""
    if arguments.command == "completion":
        from enc_operator.cli.completion.command import run_completion  # noqa: PLC0415

        return run_completion(build_parser("encctl"), arguments.shell)
    module, _, name = _COMMANDS[arguments.command].partition(":")
    code: int = getattr(import_module(f"enc_operator.cli.{module}"), name)(arguments)
    return code
