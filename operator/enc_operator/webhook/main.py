"""The webhook's command line: `enc-operator-webhook --settings FILE`.

0: ended by a signal. 2: it could not begin.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from enc_operator import __version__
from enc_operator.cluster.gateway import Gateway
from enc_operator.errors import EncError
from enc_operator.process.logs import set_up_log
from enc_operator.process.settings import read_settings
from enc_operator.webhook.metrics import Metrics
from enc_operator.webhook.process import WebhookProcess

_FAILED = 2


def run() -> None:
    """Run enc-operator-webhook and exit."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run enc-operator-webhook and return the exit code."""
    parsed = build_parser().parse_args(arguments)
    try:
        settings = read_settings(parsed.settings)
        set_up_log(settings.log)
        metrics = Metrics()
        gateway = Gateway.here(parsed.kubeconfig, observer=metrics.called)
        return WebhookProcess(gateway, settings, metrics).run()
    except EncError as error:
        said = f"{error.message}; {error.fix}" if error.fix else error.message
        sys.stderr.write(f"enc-operator-webhook: {said}\n")
        return _FAILED


def build_parser() -> argparse.ArgumentParser:
    """Build the parser."""
    parser = argparse.ArgumentParser(
        prog="enc-operator-webhook", description="Refuse secret handles whose author may not use them."
    )
    parser.add_argument("--version", action="version", version=f"enc-operator {__version__}")
    parser.add_argument("--settings", metavar="FILE", type=Path, required=True, help="the settings file")
    parser.add_argument("--kubeconfig", metavar="FILE", help="how to reach the cluster from outside a pod")
    return parser
