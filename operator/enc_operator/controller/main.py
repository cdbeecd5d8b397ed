"""The operator's command line: `run`, and what the chart's Jobs and its test start.

0: done. 1: checked, and it is not so. 2: it could not be done.
"""

import argparse
import os
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

import yaml

from enc_operator import __version__
from enc_operator.cluster.gateway import Gateway
from enc_operator.controller.crds import apply_crds
from enc_operator.controller.fence import FenceCheck, Missing
from enc_operator.controller.removal import Removal
from enc_operator.errors import EncError
from enc_operator.packaged_crds import crd_texts
from enc_operator.process.settings import Settings, read_settings

_OK, _NOT_SO, _FAILED = 0, 1, 2
_READY_SECONDS = 60.0


def run() -> None:
    """Run enc-operator and exit."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run enc-operator and return the exit code."""
    parsed = build_parser().parse_args(arguments)
    try:
        code: int = parsed.act(parsed)
    except EncError as error:
        _complain(f"{error.message}; {error.fix}" if error.fix else error.message)
        return _FAILED
    return code


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="enc-operator", description="Least-privilege Secret access for Datadog and StackState Agents."
    )
    parser.add_argument("--version", action="version", version=f"enc-operator {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add(commands, "run", "keep the cluster as the settings say", _run)
    crds = commands.add_parser("crds", help="the CustomResourceDefinitions of this version")
    deeper = crds.add_subparsers(metavar="COMMAND", required=True)
    _add(deeper, "apply", "bring the cluster's to those of this version", _crds_apply, settings=False)
    removal = _add(
        commands, "take-back", "stop the operator and take back every permission that it gave", _take_back
    )
    removal.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")
    removal.add_argument(
        "--deployment", metavar="NAME", default="", help="the operator's, which is stopped first"
    )
    removal.add_argument(
        "--crds", action="store_true", help="delete the CRDs too, with every grant and AgentTarget"
    )
    check = _add(commands, "check", "does the fence hold, and is the operator ready?", _check)
    check.add_argument(
        "--service",
        metavar="NAME",
        default="",
        help="the Service of this namespace that says whether it is ready",
    )
    return parser


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    act: object,
    *,
    settings: bool = True,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    if settings:
        parser.add_argument("--settings", metavar="FILE", type=Path, required=True, help="the settings file")
    parser.add_argument("--kubeconfig", metavar="FILE", help="how to reach the cluster from outside a pod")
    parser.set_defaults(act=act)
    return parser


def _gateway(arguments: argparse.Namespace) -> Gateway:
    return Gateway.of_kubeconfig(arguments.kubeconfig) if arguments.kubeconfig else Gateway.in_cluster()


def _run(arguments: argparse.Namespace) -> int:
    # Imported here: a Job that deletes Roles needs no operator framework.
    run_operator: Callable[[Settings], int] = import_module("enc_operator.controller.operator").run_operator
    return run_operator(read_settings(arguments.settings))


def _crds_apply(arguments: argparse.Namespace) -> int:
    for name in apply_crds(_gateway(arguments), [yaml.safe_load(text) for text in crd_texts()]):
        _say(f"applied {name}")
    return _OK


def _take_back(arguments: argparse.Namespace) -> int:
    settings = read_settings(arguments.settings)
    removal = Removal(_gateway(arguments), settings, _say)
    for loss in removal.losses():
        _say(f"handles stop resolving: {loss}")
    if arguments.dry_run:
        for step in removal.plan():
            _say(str(step))
        return _OK
    if arguments.deployment:
        removal.stop(arguments.deployment)
    removal.take_back()
    if arguments.crds:
        removal.remove_crds()
    return _OK


def _check(arguments: argparse.Namespace) -> int:
    settings = read_settings(arguments.settings)
    found = FenceCheck(_gateway(arguments), settings).check()
    if isinstance(found, Missing):
        _complain(str(found))
        return _NOT_SO
    _say("the fence holds" if settings.fence else "there is no fence, as the settings say")
    if arguments.service and not _is_ready(url := ready_url(arguments.service, os.environ)):
        _complain(f"{url}: not ready after {_READY_SECONDS:g} s; see the operator's log")
        return _NOT_SO
    return _OK


def ready_url(service: str, environment: Mapping[str, str]) -> str:
    """Return where a Service says whether the operator is ready: by the address that its pods are told, which needs no cluster DNS.

    Source: kubelet's `pkg/kubelet/envvars`.
    """
    prefix = service.upper().replace("-", "_")
    host = environment.get(f"{prefix}_SERVICE_HOST") or service
    port = environment.get(f"{prefix}_SERVICE_PORT", "8080")
    return f"http://[{host}]:{port}/readyz" if ":" in host else f"http://{host}:{port}/readyz"


def _is_ready(url: str) -> bool:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=3):  # noqa: S310 - the chart's own Service
                _say("the operator is ready")
                return True
        except OSError:
            pass
        time.sleep(1)
    return False


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _complain(text: str) -> None:
    sys.stderr.write(f"enc-operator: {text}\n")
