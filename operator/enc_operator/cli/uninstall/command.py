"""From the arguments of `encctl uninstall` to its exit code: plan, show, ask, do, until nothing is left."""

import argparse
import sys

from enc_operator.cli.kubectl.arguments import Kubectl, kubectl_of
from enc_operator.cli.showing import show_lines
from enc_operator.cli.uninstall.cluster import Cluster
from enc_operator.cli.uninstall.stopping import find_stops, stop_lines
from enc_operator.core.removal import Step
from enc_operator.errors import EncError, UsageError

_DONE, _NOT_WANTED = 0, 1
_ROUNDS = 5  # somebody else may change an object between our reading and our deleting


def run_uninstall(arguments: argparse.Namespace) -> int:
    """Take an install back, and return the exit code."""
    if not (arguments.dry_run or arguments.yes or sys.stdin.isatty()):
        raise UsageError("nobody is there to ask", "add --yes, or --dry-run to see what would go")
    install = arguments.install or f"{arguments.namespace}.{arguments.name}"
    kubectl = kubectl_of(arguments)
    cluster = Cluster(kubectl)
    steps = cluster.plan(install)
    print(f"install {install}:")
    _say_what_stops(kubectl, cluster, install, named=arguments.dry_run or arguments.verbose)
    print(f"  stop Deployment {arguments.namespace}/{arguments.name}")
    print("".join(f"  {step}\n" for step in steps), end="")
    if arguments.dry_run:
        return _DONE
    if not arguments.yes and input("Do this? (yes/no) ").strip().lower() not in {"y", "yes"}:
        return _NOT_WANTED
    cluster.stop(arguments.namespace, arguments.name)
    _take_back(cluster, install)
    print("done; now delete the manifests that it was installed from: kubectl delete -f install.yaml")
    return _DONE


def _say_what_stops(kubectl: Kubectl, cluster: Cluster, install: str, *, named: bool) -> None:
    """Say which handles stop resolving; where not all can be read that it takes, which Secrets can no longer be read."""
    losses = cluster.losses(install)
    if not losses:
        return
    try:
        lines = list(stop_lines(find_stops(kubectl, install), named=named))
    except EncError as error:
        print(f"encctl: which handles stop resolving is not known: {error.message}", file=sys.stderr)
        lines = [str(loss) + (f": {', '.join(loss.secrets)}" if named else "") for loss in losses]
    if not lines:
        print("  no handle stops resolving: nothing that an Agent resolves now needs its Roles")
        return
    print("  these handles stop resolving, as soon as their Agent restarts or refreshes:")
    show_lines(f"    {line}" for line in lines)


def _take_back(cluster: Cluster, install: str) -> None:
    steps: tuple[Step, ...] = ()
    for _ in range(_ROUNDS):
        steps = cluster.plan(install)
        if not steps:
            return
        for step in steps:
            cluster.do(step)
    left = ", ".join(map(str, steps))
    raise EncError(f"still there after {_ROUNDS} rounds: {left}", "see who writes them, then try again")
