"""What can be typed after `encctl completion`, and its help."""

from typing import TYPE_CHECKING

from enc_operator.cli.options import add_command

if TYPE_CHECKING:
    from enc_operator.cli.options import Commands

SHELLS = ("bash", "zsh", "fish")

_ABOUT = """Print a script with which a shell completes commands, options, formats, codes and files. kubectl completes `kubectl enc` by
itself, once its own completion is set up and kubectl_complete-enc, which comes with encctl, is on the path."""

EXAMPLES = """examples:
  encctl completion bash > /etc/bash_completion.d/encctl
  encctl completion zsh > "${fpath[1]}/_encctl"
  encctl completion fish > ~/.config/fish/completions/encctl.fish
"""

_CODES = """
exit codes:
  0  it is printed
  2  no such shell
"""


def add_completion(commands: "Commands") -> None:
    """Add the command."""
    parser = add_command(
        commands, "completion", "a script to complete encctl in your shell", _ABOUT, EXAMPLES + _CODES
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell that runs the script")
