"""What can be typed after `encctl grant`, and its help."""

from typing import TYPE_CHECKING

from enc_operator.cli.options import add_command, add_input

if TYPE_CHECKING:
    from enc_operator.cli.options import Commands

_ABOUT = """Write the SecretGrants that would allow the denied references of the input: named Secrets, named keys, named ServiceAccounts,
never more than what is referred to; one file for the owner of each namespace, with comments that say who asks.
With handles or objects beside the paths, only for what they name."""

EXAMPLES = """examples:
  encctl grant shop/ agents/                                for everything that is denied, on standard output
  encctl grant --output-dir review/ shop/ agents/           one file for each namespace that owns Secrets
  encctl grant deployment/reports/dashboard shop/ agents/   only for what this object refers to
  encctl grant --expires 2099-12-31 'ENC[k8s_secret@payments/gateway/probe]' shop/ agents/
"""

_CODES = """
exit codes:
  0  the grants allow everything that is denied, or nothing is
  1  some references cannot be allowed by a grant; they are listed on standard error
  2  input that could not be read, or arguments that make no sense
"""


def add_grant(commands: "Commands", program: str) -> None:
    """Add the command."""
    epilog = (EXAMPLES + _CODES).replace("encctl", program)
    parser = add_command(
        commands, "grant", "the SecretGrants that would allow what is denied, for review", _ABOUT, epilog
    )
    parser.add_argument(
        "asked",
        nargs="+",
        metavar="REFERENCE|PATH",
        help="ENC[…] or KIND/NAMESPACE/NAME to choose by; files, folders and - as the input",
    )
    parser.add_argument(
        "--expires", metavar="DATE", help="when the grants end: 2027-01-31, or with a time as in RFC 3339"
    )
    parser.add_argument("--output-dir", metavar="DIR", help="write one file for each namespace")
    add_input(parser)
