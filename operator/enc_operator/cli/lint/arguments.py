"""What can be typed after `encctl lint`, and its help."""

from typing import TYPE_CHECKING

from enc_operator.cli.options import add_command, add_ignores, add_input, add_paths

if TYPE_CHECKING:
    from enc_operator.cli.options import Commands, Parser

LEVELS = ("error", "warning", "info")
NEVER = "never"

_ABOUT = "List what is wrong in the input, with file, line, column and fix."

EXAMPLES = """examples:
  encctl lint shop/
  kustomize build overlays/prod | encctl lint -
  encctl lint -o json shop/ > findings.json
  encctl lint --diff shop/                          what --fix would change, and nothing else; 1 if there is anything
  encctl lint --fix shop/                           correct in the files what is certain, then list what is left
  encctl lint -o sarif shop/ > encctl.sarif         for code scanning; -o github for annotations of a workflow
  encctl lint --fail-on warning shop/               warnings make it exit with 1 too
  encctl lint --write-baseline known.json shop/     accept what is there …
  encctl lint --baseline known.json shop/           … and from then on see what is new
"""

_CODES = """
to ignore a finding, a comment on its line or above it, which says why:
  # encctl: ignore[code, code] because reason

exit codes:
  0  nothing wrong
  1  findings of level error (--fail-on), neither ignored nor in the baseline
  2  input that could not be read, or arguments that make no sense
"""


def add_lint(commands: "Commands", program: str) -> None:
    """Add the command."""
    summary = "what is wrong, with file, line and fix"
    parser = add_command(commands, "lint", summary, _ABOUT, (EXAMPLES + _CODES).replace("encctl", program))
    add_paths(parser)
    _add_fixing(parser)
    add_input(parser, "table", "yaml", "json", "sarif", "github")
    _add_choice(parser)
    add_ignores(parser)


def _add_fixing(parser: "Parser") -> None:
    fixing = parser.add_mutually_exclusive_group()
    fixing.add_argument(
        "--fix", action="store_true", help="correct what is certain in the files, and show it"
    )
    fixing.add_argument(
        "--diff", action="store_true", help="show what --fix would correct, and write nothing"
    )


def _add_choice(parser: "Parser") -> None:
    add = parser.add_argument
    add(
        "--severity", choices=LEVELS, default="info", help="show findings of this level and above (info: all)"
    )
    add(
        "--fail-on",
        choices=(*LEVELS, NEVER),
        default="error",
        help="exit with 1 for findings of this level and above (error)",
    )
    add("--baseline", metavar="FILE", help="accept the findings that this file holds")
    add("--write-baseline", metavar="FILE", help="accept all findings from now on: write them to this file")
