"""From the arguments of `encctl audit` to its exit code, and what it prints."""

import argparse
import sys

from enc_operator.cli.printing import printable
from enc_operator.cli.reading import Assessed, assess_paths, say_incomplete
from enc_operator.cli.showing import show_lines, show_tables
from enc_operator.core.audit.auditing import audit
from enc_operator.core.audit.data import as_data
from enc_operator.core.audit.model import Audit
from enc_operator.core.audit.rendering import (
    lines,
    missing_lines,
    own_lines,
    steps,
    summary,
    tables,
    unknown_lines,
)
from enc_operator.core.rendering import render_json, render_object
from enc_operator.errors import UsageError

_NOTHING, _SURPLUS, _UNKNOWN = 0, 1, 2


def run_audit(arguments: argparse.Namespace) -> int:
    """Audit what the input shows, print it, return the exit code."""
    assessed = assess_paths(arguments.paths, arguments)
    say_incomplete(assessed)
    _check(assessed)
    found = audit(assessed.inventory, assessed.assessment, strict=arguments.strict)
    if arguments.output == "json":
        sys.stdout.write(render_json(as_data(found)))
    elif arguments.output == "yaml":
        sys.stdout.write(render_object(as_data(found)))
    else:
        _print(found)
    if assessed.unreadable:
        return _UNKNOWN
    if found.surplus:
        return _SURPLUS
    return _UNKNOWN if found.unseen or assessed.incomplete else _NOTHING


def _check(assessed: Assessed) -> None:
    """Refuse what an audit would find nothing in, so that nobody takes that for a good end."""
    if not any(agent.in_kubernetes for agent in assessed.assessment.agents):
        fix = "add the Agents' workloads to the input, or name one with --agent"
        raise UsageError("the input holds no Agent of a cluster", fix)
    if not (assessed.inventory.roles or assessed.inventory.bindings):
        fix = "add Roles, ClusterRoles and their bindings, for example from kubectl get -o yaml"
        raise UsageError("the input holds no RBAC", fix)


def _print(found: Audit) -> None:
    show_tables(tables(found))
    show_lines(line for _, line in lines(found))
    if found.surplus:
        print()
    _section("Asked for, and given by nothing that may stay", list(missing_lines(found)))
    _section("For the Agents' own features, not counted without --strict", list(own_lines(found)))
    _section("Not shown by the input", list(unknown_lines(found)))
    _steps(list(steps(found)))
    print(summary(found))


def _section(title: str, lines: list[str]) -> None:
    if lines:
        print(f"{title}:")
        show_lines(f"  {line}" for line in lines)
        print()


def _steps(steps: list[str]) -> None:
    if steps:
        print("To do, in this order")
    for number, step in enumerate(steps, 1):
        first, *rest = step.split("\n")
        print(f"  {number}. {printable(first)}")
        print("".join(f"       {printable(line)}\n" for line in rest), end="")
    if steps:
        print()
