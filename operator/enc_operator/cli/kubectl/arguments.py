"""Which of kubectl's flags can be typed, and the value that they make.

`--token` is not among them: every user of the machine can read a command line.
"""

import argparse
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Which cluster kubectl talks to, and as whom; empty for its own choice."""

    context: str = ""
    kubeconfig: str = ""
    cluster: str = ""
    user: str = ""
    impersonated: str = ""
    groups: tuple[str, ...] = ()
    request_timeout: str = ""

    def arguments(self) -> list[str]:
        """Return the options that say which cluster and which credentials, for a command that a person copies."""
        named = (
            ("--kubeconfig", self.kubeconfig),
            ("--context", self.context),
            ("--cluster", self.cluster),
            ("--user", self.user),
        )
        return [f"{option}={value}" for option, value in named if value]

    def calling(self, timeout: str) -> list[str]:
        """Return the options of a call; `timeout` is for each request where the user gave none."""
        found = [*self.arguments(), f"--request-timeout={self.request_timeout or timeout}"]
        if self.impersonated:
            found.append(f"--as={self.impersonated}")
        return found + [f"--as-group={group}" for group in self.groups]


def add_kubectl(parser: argparse.ArgumentParser) -> None:
    """Add kubectl's own flags, which mean what they mean there."""
    add = parser.add_argument_group("as in kubectl").add_argument
    add("--context", metavar="NAME", default="", help="the context of the kubeconfig")
    add("--kubeconfig", metavar="FILE", default="", help="the kubeconfig")
    add("--cluster", metavar="NAME", default="", help="the cluster of the kubeconfig")
    add("--user", metavar="NAME", default="", help="the user of the kubeconfig")
    add("--as", dest="impersonated", metavar="USER", default="", help="the user to impersonate")
    add(
        "--as-group",
        action="append",
        dest="groups",
        default=[],
        metavar="GROUP",
        help="a group to impersonate, repeatable",
    )
    add("--request-timeout", metavar="DURATION", default="", help="of each request, such as 10s (30s)")


def kubectl_of(arguments: argparse.Namespace) -> Kubectl:
    """Return what was typed."""
    return Kubectl(
        arguments.context,
        arguments.kubeconfig,
        arguments.cluster,
        arguments.user,
        arguments.impersonated,
        tuple(arguments.groups),
        arguments.request_timeout,
    )
