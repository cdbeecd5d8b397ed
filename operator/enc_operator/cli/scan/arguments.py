"""What can be typed after `encctl scan`, and its help."""

from typing import TYPE_CHECKING

from enc_operator.cli.kubectl.arguments import add_kubectl
from enc_operator.cli.options import add_agents, add_command, add_format

if TYPE_CHECKING:
    from enc_operator.cli.options import Commands

_ABOUT = """What encctl plan and encctl lint say, of what a cluster holds: every secret handle that an Agent would resolve now, who
resolves it, whether the referrer may use the Secret and why, and what is wrong. Read only, through your own kubectl, with your
rights; what they do not suffice for is said. Secrets are never read."""

EXAMPLES = """examples:
  encctl scan                                   the whole cluster of kubectl's current context
  encctl scan --context prod -n shop            the pods and Services of one namespace
  encctl scan --diff                            what a plan would change of the Roles that there are
  encctl scan -o json > scan.json
  encctl scan -o yaml | kubectl diff -f -       Roles, RoleBindings, the resolver, changed workloads
  encctl scan --as system:serviceaccount:ci:ci  what another may see
"""

_CODES = """
exit codes:
  0  nothing wrong
  1  findings of level error
  2  it could not be found out: the cluster does not answer, or some of it may not be read
"""


def add_scan(commands: "Commands", program: str) -> None:
    """Add the command."""
    epilog = (EXAMPLES + _CODES).replace("encctl", program)
    parser = add_command(commands, "scan", "plan and findings of a live cluster, read only", _ABOUT, epilog)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("-n", "--namespace", default="", help="its pods and Services alone (all namespaces)")
    where.add_argument("-A", "--all-namespaces", action="store_true", help="all namespaces, as without it")
    add_format(parser, "table", "yaml", "json")
    parser.add_argument(
        "--diff", action="store_true", help="what the plan would change of the Roles there are"
    )
    parser.add_argument(
        "--install",
        metavar="LABEL",
        default="",
        help="with --diff: the enc-operator.io/managed-by of the Roles to compare (the only one there is)",
    )
    add_agents(parser)
    add_kubectl(parser)
