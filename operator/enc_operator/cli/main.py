"""The command line's door: one place that starts a command and turns outcomes into exit codes.

0: nothing wrong. 1: something is. 2: it could not be found out: unreadable input, arguments that make no sense.
"""

import argparse
import os
import sys
from collections.abc import Sequence

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


def _dispatch(arguments: argparse.Namespace) -> int:  # noqa: PLR0911 - one for each command
    # Imported here: `--version` and `--help` need nothing of it, and a command nothing of the others.
    if arguments.command == "completion":
        from enc_operator.cli.completion.command import run_completion  # noqa: PLC0415

        return run_completion(build_parser("encctl"), arguments.shell)
    if arguments.command == "resolve":
        from enc_operator.cli.resolve.command import run_resolve  # noqa: PLC0415

        return run_resolve(arguments)
    if arguments.command == "can-i":
        from enc_operator.cli.can_i.command import run_can_i  # noqa: PLC0415

        return run_can_i(arguments)
    if arguments.command == "audit":
        from enc_operator.cli.audit.command import run_audit  # noqa: PLC0415

        return run_audit(arguments)
    if arguments.command == "grant":
        from enc_operator.cli.grant.command import run_grant  # noqa: PLC0415

        return run_grant(arguments)
    if arguments.command == "explain":
        from enc_operator.cli.explain.command import run_explain  # noqa: PLC0415

        return run_explain(arguments)
    if arguments.command == "lint":
        from enc_operator.cli.lint.command import run_lint  # noqa: PLC0415

        return run_lint(arguments)
    from enc_operator.cli.plan import run_plan  # noqa: PLC0415

    return run_plan(arguments)
