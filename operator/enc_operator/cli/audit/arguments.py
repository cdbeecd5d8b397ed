"""What can be typed after `encctl audit`, and its help."""

from typing import TYPE_CHECKING

from enc_operator.cli.options import add_command, add_input, add_paths

if TYPE_CHECKING:
    from enc_operator.cli.options import Commands

_ABOUT = """For each ServiceAccount of an Agent in the input: which Secrets it can read by the RBAC in the input, against what its
references need by the plan. Every rule that gives more, with what gives it, what depends on it, and what to change."""

EXAMPLES = """examples:
  encctl audit agents/ shop/
  helm template dd datadog/datadog -n datadog -f values.yaml | encctl audit -
  kubectl get ds,deploy,po,svc,cm,roles,rolebindings,clusterroles,clusterrolebindings -A -o yaml | encctl audit -
  encctl audit -o json agents/ shop/ > audit.json
"""

_CODES = """
exit codes:
  0  nothing is too much
  1  some rule gives too much
  2  it could not be found out: unreadable input, no Agent, no RBAC, a role that is bound and not in the input
"""


def add_audit(commands: "Commands", program: str) -> None:
    """Add the command."""
    epilog = (EXAMPLES + _CODES).replace("encctl", program)
    parser = add_command(
        commands, "audit", "what the Agents can read that they need not, and what to change", _ABOUT, epilog
    )
    add_paths(parser)
    parser.add_argument(
        "--strict",
        action="store_true",
        help="count what the Agents' own features need, too (the webhook's certificate, …)",
    )
    add_input(parser, "table", "json", "yaml")
