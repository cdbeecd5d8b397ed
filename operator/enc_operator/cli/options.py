"""Options that several commands share: paths, the format, and how the input is read."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Parser = argparse.ArgumentParser
    Commands = argparse._SubParsersAction[Parser]  # noqa: SLF001 - argparse has no public name for it

COMPONENTS = ("agent", "cluster-agent", "cluster-checks-runner")


def add_command(commands: "Commands", name: str, summary: str, description: str, epilog: str) -> "Parser":
    """Add a command whose help keeps its lines."""
    return commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_paths(parser: argparse.ArgumentParser, count: str = "+") -> None:
    """Add the paths of the input; `count` is argparse's."""
    parser.add_argument("paths", nargs=count, metavar="PATH", help="files, folders, or - for standard input")


def add_format(parser: argparse.ArgumentParser, *formats: str) -> None:
    """Add the choice of formats, a table where none is chosen."""
    parser.add_argument("-o", "--output", choices=formats, default="table", help="format (table)")


def add_input(parser: argparse.ArgumentParser, *formats: str) -> None:
    """Add how the input is read, and the choice of formats where there are any."""
    if formats:
        add_format(parser, *formats)
    add_agents(parser)
    parser.add_argument("-n", "--namespace", default="default", help="of objects that name none (default)")


def add_agents(parser: argparse.ArgumentParser) -> None:
    """Add what nothing in the input shows: workloads that run Agents, and labels that can be trusted."""
    parser.add_argument(
        "--agent",
        action="append",
        default=[],
        metavar="NS/KIND/NAME[=COMPONENT]",
        help=f"a workload that runs an Agent though nothing shows it; components: {', '.join(COMPONENTS)}",
    )
    parser.add_argument(
        "--trust-label",
        action="append",
        default=[],
        metavar="KEY",
        help="a namespace label that tenants cannot change, so that grants may select by it",
    )


def add_ignores(parser: argparse.ArgumentParser) -> None:
    """Add what findings are ignored by, for commands that print findings."""
    parser.add_argument(
        "--ignore-file", metavar="FILE", help="what is ignored, with reasons (.encctl.yaml, if it is there)"
    )
    parser.add_argument(
        "--no-ignores", action="store_true", help="ignore nothing: neither by comments nor by the ignore file"
    )
