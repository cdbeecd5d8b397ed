"""`kubectl_complete-enc`, which kubectl runs to complete `kubectl enc`.

Source: kubectl's `plugin_completion.go`; the answer is that of cobra's `__complete`: a word a line, then a directive.
"""

import argparse
import sys
from collections.abc import Sequence

from enc_operator.cli.arguments import build_parser
from enc_operator.cli.completion.words import actions_of, commands_of, kind_of, words_for

_FILES, _NO_FILES = ":0", ":4"  # ShellCompDirectiveDefault, ShellCompDirectiveNoFileComp


def run() -> None:
    """Answer kubectl and exit."""
    print("\n".join(answer(build_parser("kubectl enc"), sys.argv[1:] or [""])))


def answer(parser: argparse.ArgumentParser, words: Sequence[str]) -> list[str]:
    """Return the lines of the answer for the words typed so far, the last of which is to be completed."""
    *typed, begun = words
    commands = commands_of(parser)
    name = next((word for word in typed if word in commands), None)
    found, directive = _choices(commands.get(name or "", parser), [*commands], typed, begun, named=bool(name))
    return [*(word for word in found if word.startswith(begun)), directive]


def _choices(
    parser: argparse.ArgumentParser, commands: list[str], typed: list[str], begun: str, *, named: bool
) -> tuple[list[str], str]:
    actions = list(actions_of(parser))
    options = {option: action for action in actions for option in action.option_strings}
    before = options.get(typed[-1]) if typed else None
    if before is not None and before.nargs != 0:
        return words_for(before), _FILES if kind_of(before) else _NO_FILES
    if begun.startswith("-"):
        return [*options], _NO_FILES
    if not named:
        return commands, _NO_FILES
    positional = [action for action in actions if not action.option_strings]
    first = positional[0]
    if words_for(first) and len(typed) == 1:
        return words_for(first), _NO_FILES
    return [], _FILES if kind_of(positional[-1]) else _NO_FILES
