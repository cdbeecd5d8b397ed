"""What can be typed: the commands, their options, and the help with examples. What they do is in modules of their own."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from enc_operator import __version__
from enc_operator.cli.adopt.arguments import add_adopt
from enc_operator.cli.audit.arguments import add_audit
from enc_operator.cli.completion.arguments import add_completion
from enc_operator.cli.doctor.arguments import add_doctor
from enc_operator.cli.explain.arguments import add_explain
from enc_operator.cli.grant.arguments import add_grant
from enc_operator.cli.kubectl.arguments import add_kubectl
from enc_operator.cli.lint.arguments import add_lint
from enc_operator.cli.options import add_command, add_ignores, add_input, add_paths
from enc_operator.cli.scan.arguments import add_scan
from enc_operator.cli.uninstall.arguments import add_uninstall

if TYPE_CHECKING:
    from enc_operator.cli.options import Commands

AGENT_TIMEOUT = 30
"""Seconds: `secret_backend_timeout` unless it is set."""
AGENT_OUTPUT = 1024 * 1024
"""Bytes: `secret_backend_output_max_size` unless it is set."""

EXAMPLES = """examples:
  encctl plan manifests/                      what would be resolved, by whom, and the permissions it takes
  encctl lint shop/                           what is wrong, with file, line and fix
  encctl resolve --command ./fetch 'ENC[db]'  what an Agent would get from an executable; values are never shown
  encctl can-i --live manifests/              may the Agents get every Secret that they would ask for?
  encctl audit manifests/                     what the Agents can read today that they need not, and what to change
  encctl grant manifests/                     the SecretGrants that would allow what is denied, for review
  encctl scan                                 plan and findings of a live cluster, read only
  encctl adopt                                from global permissions to the least, as files for review
  encctl doctor                               is an install on a live cluster as it should be?
  encctl explain access-denied                what a finding, a handle or an object is about
  encctl uninstall --dry-run                  what an operator installed with kubectl has to give back
  encctl completion bash                      a script to complete encctl in your shell
"""

_PLAN = """List every secret handle in the input, who would resolve it, whether the referrer may use the Secret and why; then the
least Roles and RoleBindings, the Agent workloads that change, and what is wrong."""

PLAN_EXAMPLES = """examples:
  encctl plan shop/ agents/
  helm template dd datadog/datadog -n datadog | encctl plan - shop/
  encctl plan -o yaml shop/ agents/ > objects.yaml        Roles, RoleBindings, the resolver, changed workloads; nothing else
  encctl plan --output-dir gitops/secrets shop/ agents/   the same as files with a kustomization
  encctl plan --agent ops/DaemonSet/watcher=agent .       an Agent that nothing shows to be one
"""

_RESOLVE = """Run an executable as an Agent does (secret_backend_command): check its permissions, ask it for handles, and say
what the Agent would make of the answer. Without --command it is enc-operator's own resolver. Values are never shown."""

RESOLVE_EXAMPLES = """examples:
  encctl resolve --command ./fetch 'ENC[db_password]' vault@db/orders
  encctl resolve --command ./fetch --argument=--region=eu etc/datadog-agent/   every handle of these files
  encctl resolve --root /run/secrets 'ENC[db_password]'                        Docker Swarm's secrets, by our resolver
"""

_CAN_I = """For every Secret that an Agent would get from the Kubernetes API: the question whether its ServiceAccount may, as a
kubectl command, with the answer of the RBAC in the input; or asked of the cluster, all at once (--live)."""

CAN_I_EXAMPLES = """examples:
  encctl can-i shop/ agents/
  encctl can-i --live --context prod shop/ agents/
"""

_ALL_CODES = """
exit codes:
  0  nothing wrong
  1  findings of level error; resolve: handles without a value; can-i: a no;
     audit: permissions that are too much; grant: references that no grant allows
  2  it could not be found out: unreadable input, arguments that make no sense
"""

_CODES = """
exit codes:
  0  nothing wrong
  1  findings of level error
  2  input that could not be read, or arguments that make no sense
"""

_RESOLVE_CODES = """
exit codes:
  0  all handles resolved
  1  some are not, or the executable failed
  2  could not be asked: the executable's permissions, a handle that only a running pod decides, unreadable input
"""

_CAN_I_CODES = """
exit codes:
  0  yes to all
  1  no to some
  2  could not be asked, or nothing in the input answers
"""


def program_name() -> str:
    """Return what the user typed."""
    return "kubectl enc" if Path(sys.argv[0]).name == "kubectl-enc" else "encctl"


def build_parser(program: str = "") -> argparse.ArgumentParser:
    """Build the parser of all commands, for a program of another name if one is given."""
    program = program or program_name()
    parser = argparse.ArgumentParser(
        prog=program,
        description="Who may resolve which secret handle, and the least permissions that make it so.",
        epilog=(EXAMPLES + _ALL_CODES).replace("encctl", program),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{program} {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_plan(commands, program)
    add_lint(commands, program)
    _add_resolve(commands, program)
    _add_can_i(commands, program)
    add_audit(commands, program)
    add_grant(commands, program)
    add_scan(commands, program)
    add_adopt(commands, program)
    add_doctor(commands, program)
    add_explain(commands, program)
    add_uninstall(commands, program)
    add_completion(commands)
    return parser


def _add_plan(commands: "Commands", program: str) -> None:
    summary = "references, permissions, changed workloads, findings"
    plan = add_command(commands, "plan", summary, _PLAN, (PLAN_EXAMPLES + _CODES).replace("encctl", program))
    add_paths(plan)
    add_input(plan, "table", "yaml", "json")
    plan.add_argument("--output-dir", metavar="DIR", help="write the objects as files with a kustomization")
    add_ignores(plan)


def _add_resolve(commands: "Commands", program: str) -> None:
    summary = "run an executable as an Agent does, values masked"
    epilog = (RESOLVE_EXAMPLES + _RESOLVE_CODES).replace("encctl", program)
    parser = add_command(commands, "resolve", summary, _RESOLVE, epilog)
    parser.add_argument(
        "asked",
        nargs="+",
        metavar="HANDLE|PATH",
        help="ENC[…], a handle with a provider, or files, folders and - to collect handles from",
    )
    _add_executable(parser)
    add_input(parser, "table", "json")


def _add_executable(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--command",
        dest="executable",
        metavar="FILE",
        help="secret_backend_command (enc-operator's resolver)",
    )
    add(
        "--argument",
        action="append",
        default=[],
        metavar="ARG",
        help="one of secret_backend_arguments, repeatable; --argument=--flag for a flag",
    )
    add("--root", metavar="DIR", help="our resolver: the folder of handles without a provider")
    add("--allow-root", action="append", default=[], metavar="DIR", help="our resolver: a folder for file@")
    add(
        "--timeout",
        type=_number("a number of seconds"),
        default=AGENT_TIMEOUT,
        metavar="SECONDS",
        help=f"secret_backend_timeout ({AGENT_TIMEOUT})",
    )
    add(
        "--output-max-size",
        type=_number("a number of bytes"),
        default=AGENT_OUTPUT,
        metavar="BYTES",
        help="secret_backend_output_max_size (1 MiB)",
    )
    add(
        "--allow-group-exec",
        action="store_true",
        help="secret_backend_command_allow_group_exec_perm, which the Agent's image sets",
    )
    add("--strip-newline", action="store_true", help="secret_backend_remove_trailing_line_break")
    add("--ignore-permissions", action="store_true", help="run it where the Agent would refuse to")
    add("--show-stderr", action="store_true", help="show what it writes to stderr, which may hold secrets")


def _number(what: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and 0 < int(text[:10]) <= 1_000_000_000):
            raise argparse.ArgumentTypeError(f"{text} is not {what} above 0")
        return int(text)

    return read


def _add_can_i(commands: "Commands", program: str) -> None:
    summary = "may the Agents get every Secret that they would ask for?"
    epilog = (CAN_I_EXAMPLES + _CAN_I_CODES).replace("encctl", program)
    parser = add_command(commands, "can-i", summary, _CAN_I, epilog)
    add_paths(parser)
    parser.add_argument(
        "--live",
        action="store_true",
        help="ask the cluster, with your kubectl (it must create subjectaccessreviews)",
    )
    add_input(parser, "table", "json")
    add_kubectl(parser)
