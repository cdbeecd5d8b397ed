"""What can be typed after `encctl doctor`, and its help."""

from typing import TYPE_CHECKING

from enc_operator.cli.kubectl.arguments import add_kubectl
from enc_operator.cli.options import add_command

if TYPE_CHECKING:
    from enc_operator.cli.options import Commands

_ABOUT = """Look at an install on a live cluster, in the order in which a person would: the cluster, the CRDs, the operator, its Agents,
fence and leader, the webhook, the AgentTargets, the Agents' workloads and what they may read, the references. One line for each
check: ok, warn, fail or unknown, with what, where, and how to fix it. Read only, through your own kubectl, with your rights;
Secrets are never read."""

EXAMPLES = """examples:
  encctl doctor                                 the install of kubectl's current context
  encctl doctor --context prod -n enc-operator  one of several, or where you may not list all Deployments
  encctl doctor -o json > doctor.json
"""

_CODES = """
exit codes:
  0  nothing failed
  1  some check failed
  2  nothing failed, and some of it could not be found out; or the cluster does not answer
"""


def add_doctor(commands: "Commands", program: str) -> None:
    """Add the command."""
    epilog = (EXAMPLES + _CODES).replace("encctl", program)
    parser = add_command(
        commands, "doctor", "is an install on a live cluster as it should be?", _ABOUT, epilog
    )
    parser.add_argument(
        "-n", "--namespace", default="", help="that of the install (found by its label otherwise)"
    )
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="format (text)")
    add_kubectl(parser)
