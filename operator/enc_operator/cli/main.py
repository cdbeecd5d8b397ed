"""The command line: arguments, and one place that turns outcomes into exit codes.

0: nothing wrong. 1: findings of level error. 2: input that could not be read, or arguments that make no sense.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from enc_operator import __version__
from enc_operator.errors import EncError, UsageError

if TYPE_CHECKING:
    from enc_operator.cli.inputs import Input
    from enc_operator.cli.loading import Loaded, Options
    from enc_operator.core.assessment import Assessment

    _Parser = argparse.ArgumentParser
    _Commands = argparse._SubParsersAction[_Parser]  # noqa: SLF001 - argparse has no public name for it

_OK, _FINDINGS, _UNREADABLE = 0, 1, 2
_COMPONENTS = ("agent", "cluster-agent", "cluster-checks-runner")

_EXAMPLES = """examples:
  encctl plan manifests/                      what would be resolved, by whom, and the permissions it takes
  encctl lint shop/                           what is wrong, with file, line and fix
"""

_PLAN = """List every secret handle in the input, who would resolve it, whether the referrer may use the Secret and why; then the
least Roles and RoleBindings, the Agent workloads that change, and what is wrong."""

_PLAN_EXAMPLES = """examples:
  encctl plan shop/ agents/
  helm template dd datadog/datadog -n datadog | encctl plan - shop/
  encctl plan -o yaml shop/ agents/ > objects.yaml        Roles, RoleBindings, the resolver, changed workloads; nothing else
  encctl plan --output-dir gitops/secrets shop/ agents/   the same as files with a kustomization
  encctl plan --agent ops/DaemonSet/watcher=agent .       an Agent that nothing shows to be one
"""

_LINT = "List what is wrong in the input, with file, line, column and fix."

_LINT_EXAMPLES = """examples:
  encctl lint shop/
  kustomize build overlays/prod | encctl lint -
  encctl lint -o json shop/ > findings.json
"""

_CODES = """
exit codes:
  0  nothing wrong
  1  findings of level error
  2  input that could not be read, or arguments that make no sense
"""


def run() -> None:
    """Run encctl and exit."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run encctl and return the exit code."""
    try:
        return _dispatch(_parser().parse_args(arguments))
    except EncError as error:
        print(f"encctl: {error.message}" + (f"; {error.fix}" if error.fix else ""), file=sys.stderr)
        return _UNREADABLE
    except BrokenPipeError:
        # The reader has gone (`| head`); Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _OK
    except OSError as error:  # a full disk behind `>`
        print(f"encctl: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        return _UNREADABLE
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    program = "kubectl enc" if Path(sys.argv[0]).name == "kubectl-enc" else "encctl"
    parser = argparse.ArgumentParser(
        prog=program,
        description="Who may resolve which secret handle, and the least permissions that make it so.",
        epilog=(_EXAMPLES + _CODES).replace("encctl", program),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{program} {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    plan = _add_command(
        commands,
        "plan",
        "references, permissions, changed workloads, findings",
        _PLAN,
        _PLAN_EXAMPLES.replace("encctl", program),
    )
    plan.add_argument("--output-dir", metavar="DIR", help="write the objects as files with a kustomization")
    _add_command(
        commands,
        "lint",
        "what is wrong, with file, line and fix",
        _LINT,
        _LINT_EXAMPLES.replace("encctl", program),
    )
    return parser


def _add_command(commands: "_Commands", name: str, summary: str, description: str, epilog: str) -> "_Parser":
    parser = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=epilog + _CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_input(parser)
    return parser


def _add_input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders, or - for standard input")
    parser.add_argument(
        "-o", "--output", choices=("table", "yaml", "json"), default="table", help="format (table)"
    )
    parser.add_argument(
        "--agent",
        action="append",
        default=[],
        metavar="NS/KIND/NAME[=COMPONENT]",
        help=f"a workload that runs an Agent though nothing shows it; components: {', '.join(_COMPONENTS)}",
    )
    parser.add_argument("-n", "--namespace", default="default", help="of objects that name none (default)")
    parser.add_argument(
        "--trust-label",
        action="append",
        default=[],
        metavar="KEY",
        help="a namespace label that tenants cannot change, so that grants may select by it",
    )


def _dispatch(arguments: argparse.Namespace) -> int:
    options = _options(arguments)
    # Imported here: `--version` and `--help` need nothing of it.
    from enc_operator.cli.inputs import read_paths  # noqa: PLC0415
    from enc_operator.cli.loading import assess_inventory, load  # noqa: PLC0415
    from enc_operator.cli.printing import progress  # noqa: PLC0415

    read = read_paths(arguments.paths)
    with progress("Reading") as advance:
        loaded = load(read.texts, options, advance)
        assessment = assess_inventory(loaded.inventory)
    _complain(read, loaded)
    if arguments.command == "plan":
        _plan(assessment, arguments)
    else:
        _lint(assessment, arguments)
    sys.stdout.flush()
    if read.errors:
        return _UNREADABLE
    return _FINDINGS if assessment.has_errors else _OK


def _options(arguments: argparse.Namespace) -> "Options":
    from enc_operator.cli.loading import Options  # noqa: PLC0415
    from enc_operator.core.inventory import Component  # noqa: PLC0415

    agents = []
    for written in arguments.agent:
        name, _, component = written.partition("=")
        parts = name.split("/")
        if len(parts) != 3 or not all(parts) or (component and component not in _COMPONENTS):
            raise UsageError(
                f"--agent {written} is not NAMESPACE/KIND/NAME[=COMPONENT]",
                "for example datadog/DaemonSet/agent",
            )
        agents.append(
            (
                parts[0],
                _KINDS.get(parts[1].lower(), parts[1]),
                parts[2],
                Component(component) if component else None,
            )
        )
    return Options(arguments.namespace, tuple(agents), frozenset(arguments.trust_label))


def _complain(read: "Input", loaded: "Loaded") -> None:
    for error in read.errors:
        print(f"encctl: {error.message}; {error.fix}", file=sys.stderr)
    inventory = loaded.inventory
    nothing = not (
        loaded.objects or inventory.agent_files or inventory.compose or inventory.faults or read.errors
    )
    if nothing:
        raise UsageError("the input holds no Kubernetes object and no file of an Agent", "check the paths")


def _plan(assessment: "Assessment", arguments: argparse.Namespace) -> None:
    from enc_operator.cli.printing import in_file_order, print_findings, print_tables  # noqa: PLC0415
    from enc_operator.core.rendering import as_data, render_json, render_objects, summary, tables  # noqa: PLC0415

    if arguments.output == "json":
        sys.stdout.write(render_json(as_data(assessment)))
    elif arguments.output == "yaml":
        sys.stdout.write(render_objects(assessment.objects()))
        print_findings(in_file_order(assessment.findings), to_stderr=True)
    else:
        print_findings(in_file_order(assessment.findings))
        print_tables(tables(assessment))
    if arguments.output_dir:
        from enc_operator.cli.writing import write_folder  # noqa: PLC0415

        names = write_folder(assessment, Path(arguments.output_dir))
        print(
            f"{len(names)} file{'s' * (len(names) != 1)} written to {arguments.output_dir}", file=sys.stderr
        )
    print(summary(assessment), file=sys.stdout if arguments.output == "table" else sys.stderr)


_KINDS = {"ds": "DaemonSet", "deploy": "Deployment", "sts": "StatefulSet"}


def _lint(assessment: "Assessment", arguments: argparse.Namespace) -> None:
    from enc_operator.cli.printing import in_file_order, print_findings  # noqa: PLC0415
    from enc_operator.core.rendering import finding_data, findings_summary, render_json, render_object  # noqa: PLC0415

    findings = in_file_order(assessment.findings)
    data = {"findings": [finding_data(finding) for finding in findings]}
    if arguments.output == "json":
        sys.stdout.write(render_json(data))
    elif arguments.output == "yaml":
        sys.stdout.write(render_object(data))
    else:
        print_findings(findings)
    print(findings_summary(findings), file=sys.stdout if arguments.output == "table" else sys.stderr)
