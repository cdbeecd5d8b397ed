"""What can be typed after `encctl uninstall`, and its help."""

from typing import TYPE_CHECKING

from enc_operator.cli.kubectl.arguments import add_kubectl
from enc_operator.cli.options import add_command

if TYPE_CHECKING:
    from enc_operator.cli.options import Commands

_ABOUT = """Take an operator's permissions back before its manifests are deleted, with your own kubectl: stop the operator, delete every
Role and RoleBinding that it wrote, let AgentTargets go. Grants and CRDs stay. What will be done is shown first, and which handles stop resolving. After an
installation by Helm, `helm uninstall` does the same by itself."""

EXAMPLES = """examples:
  encctl uninstall --dry-run                   what would go
  encctl uninstall                             the same, and then, when you have said yes, do it
  kubectl delete -f install.yaml               afterwards
"""

_CODES = """
exit codes:
  0  done, or nothing to do
  1  you did not say yes
  2  it could not be done
"""


def add_uninstall(commands: "Commands", program: str) -> None:
    """Add the command."""
    epilog = (EXAMPLES + _CODES).replace("encctl", program)
    parser = add_command(commands, "uninstall", "take an operator's permissions back", _ABOUT, epilog)
    add = parser.add_argument
    add("-n", "--namespace", default="enc-operator", help="the operator's (enc-operator)")
    add("--name", default="enc-operator", help="its Deployment's and release's (enc-operator)")
    add("--install", metavar="LABEL", help="the value of enc-operator.io/managed-by (NAMESPACE.NAME)")
    add("--dry-run", action="store_true", help="show what would go, and change nothing")
    add(
        "-v",
        "--verbose",
        action="store_true",
        help="name every handle that stops resolving, as --dry-run does",
    )
    add("--yes", action="store_true", help="do not ask")
    add_kubectl(parser)
