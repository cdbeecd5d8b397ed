"""`make cluster` and `make cluster-down`: a cluster for a person, which outlives the command that made it."""

import argparse
import sys
import time

from e2e.cluster import choice, folder, kind
from e2e.cluster.interface import Cluster, Level, Unavailable


def main(arguments: list[str]) -> None:
    """Start a cluster and print how to use it, or end every cluster that was started so."""
    parser = argparse.ArgumentParser(prog="python -m e2e.cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start a cluster that goes on after this command")
    up.add_argument(
        "--level", type=Level, choices=list(Level), help="node if this machine can, otherwise api-server"
    )
    commands.add_parser("down", help="end every cluster that `up` started")
    parsed = parser.parse_args(arguments)
    if parsed.command == "up":
        _up(parsed.level)
    else:
        _down()


def _up(level: Level | None) -> None:
    began = time.monotonic()
    try:
        cluster = _start(level)
    except Unavailable as reason:
        sys.exit(f"no cluster: {reason}")
    print(f"# {cluster.name}, ready after {time.monotonic() - began:.0f} s; end it with: make cluster-down")
    print(f"# kubectl of the same version: {cluster.program('kubectl')}")
    print(f"export KUBECONFIG={cluster.kubeconfig}")


def _start(level: Level | None) -> Cluster:
    """Start a cluster of the level that was asked for; unasked, the fullest that this machine can have."""
    if level:
        return choice.start(level, detached=True)
    try:
        return choice.start(Level.NODE, detached=True)
    except Unavailable as reason:
        print(f"# without a node, so pods do not run: {reason}", file=sys.stderr)
        return choice.start(Level.API_SERVER, detached=True)


def _down() -> None:
    ended = [each.path.name for each in folder.detached()]
    for each in folder.detached():
        each.clear()
    ended += kind.delete_detached()
    print("\n".join(f"ended {name}" for name in ended) or "there is no cluster that `make cluster` started")


if __name__ == "__main__":
    main(sys.argv[1:])
