"""From a command's arguments to an assessment of the paths that they name. Printing it does not belong here."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from enc_operator.cli.inputs import Input, Text, read_paths
from enc_operator.cli.loading import Loaded, Options, assess_inventory, load
from enc_operator.cli.options import COMPONENTS
from enc_operator.cli.printing import progress
from enc_operator.core.assessment import Assessment
from enc_operator.core.findings import Severity
from enc_operator.core.inventory import Component, Inventory
from enc_operator.errors import UsageError

_KINDS = {"ds": "DaemonSet", "deploy": "Deployment", "sts": "StatefulSet"}


@dataclass(frozen=True, slots=True)
class Assessed:
    """An assessment of texts, and whether files (`unreadable`) or parts of them (`incomplete`) could not be read."""

    assessment: Assessment
    inventory: Inventory
    texts: Sequence[Text]
    unreadable: bool
    incomplete: bool


def assess_paths(paths: Sequence[str], arguments: argparse.Namespace) -> Assessed:
    """Read and assess paths; what cannot be read is said on standard error."""
    return assess_input(read_paths(paths), arguments)


def assess_input(read: Input, arguments: argparse.Namespace) -> Assessed:
    """Assess what was read; what could not be is said on standard error."""
    options = options_of(arguments)
    with progress("Reading") as advance:
        loaded = load(read.texts, options, advance)
        assessment = assess_inventory(loaded.inventory)
    complain(read)
    _refuse_nothing(read, loaded)
    faults = any(fault.severity is Severity.ERROR for fault in loaded.inventory.faults)
    return Assessed(assessment, loaded.inventory, read.texts, bool(read.errors), bool(read.errors) or faults)


def options_of(arguments: argparse.Namespace) -> Options:
    """Return what the arguments say about reading; raise UsageError where that makes no sense."""
    agents = []
    for written in arguments.agent:
        name, _, component = written.partition("=")
        parts = name.split("/")
        if len(parts) != 3 or not all(parts) or (component and component not in COMPONENTS):
            raise UsageError(
                f"--agent {written} is not NAMESPACE/KIND/NAME[=COMPONENT]",
                "for example datadog/DaemonSet/agent",
            )
        kind = _KINDS.get(parts[1].lower(), parts[1])
        agents.append((parts[0], kind, parts[2], Component(component) if component else None))
    return Options(arguments.namespace, tuple(agents), frozenset(arguments.trust_label))


def complain(read: Input) -> None:
    """Say on standard error which files could not be read."""
    for error in read.errors:
        print(f"encctl: {error.message}; {error.fix}", file=sys.stderr)


def _refuse_nothing(read: Input, loaded: Loaded) -> None:
    inventory = loaded.inventory
    nothing = not (
        loaded.objects or inventory.agent_files or inventory.compose or inventory.faults or read.errors
    )
    if nothing:
        raise UsageError("the input holds no Kubernetes object and no file of an Agent", "check the paths")


def say_incomplete(assessed: Assessed) -> None:
    """Say on standard error that some of the input could not be read, for commands that print no findings."""
    faults = [fault for fault in assessed.inventory.faults if fault.severity is Severity.ERROR]
    if faults:
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        where = faults[0].where
        print(
            f"encctl: {where.source.file}:{where.position().line}: {faults[0].what}{more}; see encctl lint",
            file=sys.stderr,
        )
