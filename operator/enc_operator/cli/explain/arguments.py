"""What can be typed after `encctl explain`, and its help."""

from typing import TYPE_CHECKING

from enc_operator.cli.kubectl.arguments import add_kubectl
from enc_operator.cli.options import add_command, add_input, add_paths

if TYPE_CHECKING:
    from enc_operator.cli.options import Commands

_ABOUT = """Say what a handle means to each secret backend, and with input, files or a cluster (--live), who refers to it, who resolves it,
and why it may or may not; what a finding's code is about; or every reference in an object, to a Secret, or of the Agents."""

EXAMPLES = """examples:
  encctl explain 'ENC[k8s_secret@shop/cart-db/password]'                what it means, part by part
  encctl explain 'ENC[k8s_secret@shop/cart-db/password]' shop/ agents/  and who refers to it, and may
  encctl explain access-denied                                          a finding's code
  encctl explain deployment/shop/cart shop/ agents/                     what this object refers to
  encctl explain secret/shop/cart-db shop/ agents/                      who refers to this Secret, and which Agents can read it
  encctl explain --live pod/shop/cart                                   every handle of a running pod, and why it may or may not
  encctl explain --live secret/shop/cart-db                             who may read this Secret through an Agent, and by what
  encctl explain agent shop/ agents/                                    each Agent: its backend, what it needs, what it can read
"""

_CODES = """
exit codes:
  0  it is explained
  2  it is none of these, the input shows nothing of it, or could not be read
"""


def add_explain(commands: "Commands", program: str) -> None:
    """Add the command."""
    epilog = (EXAMPLES + _CODES).replace("encctl", program)
    parser = add_command(
        commands, "explain", "what a handle, a finding's code or an object is about", _ABOUT, epilog
    )
    parser.add_argument(
        "subject",
        metavar="HANDLE|CODE|KIND/NAMESPACE/NAME|agent",
        help="what to explain; a kind as kubectl knows it",
    )
    add_paths(parser, "*")
    parser.add_argument(
        "--live",
        action="store_true",
        help="of a cluster in the place of files, with your kubectl; Secrets are not read",
    )
    add_input(parser)
    add_kubectl(parser)
