"""What can be typed after `encctl adopt`, and its help."""

from typing import TYPE_CHECKING

from enc_operator.cli.kubectl.arguments import add_kubectl
from enc_operator.cli.options import add_agents, add_command

if TYPE_CHECKING:
    from enc_operator.cli.options import Commands

_ABOUT = """Write what it takes to go from Agents that may read every Secret to the least permissions, for review: values of
enc-operator's chart with the Agents as found, an AgentTarget for each, the SecretGrants for what is in use, by owner, the values
of the Agents' own chart to change at the end, and a README with the steps in order. Nothing in the cluster is changed, and
Secrets are never read."""

EXAMPLES = """examples:
  encctl adopt --dry-run                  what would be written, on standard output
  encctl adopt adoption/                  the same as files, and a summary
  encctl adopt --context prod adoption/   again later: files that somebody has changed are left alone
"""

_CODES = """
exit codes:
  0  with these files nothing stops
  1  some references would stop all the same; they are listed
  2  it could not be found out: the cluster does not answer, or some of it may not be read; or nothing could be written
"""


def add_adopt(commands: "Commands", program: str) -> None:
    """Add the command."""
    epilog = (EXAMPLES + _CODES).replace("encctl", program)
    parser = add_command(
        commands, "adopt", "from global permissions to the least, as files for review", _ABOUT, epilog
    )
    parser.add_argument("folder", nargs="?", default="adoption", metavar="DIR", help="where to (adoption)")
    parser.add_argument("--dry-run", action="store_true", help="print the files, write nothing")
    parser.add_argument("--force", action="store_true", help="overwrite what somebody has changed, too")
    parser.set_defaults(namespace="")  # every object of a cluster names its own
    add_agents(parser)
    add_kubectl(parser)
