"""The scripts, which shtab writes from the parser."""

import argparse
import sys

import shtab

from enc_operator.cli.completion.words import (
    FILES,
    FOLDERS,
    actions_of,
    commands_of,
    kind_of,
    summaries_of,
    words_for,
)

_COMPLETERS = {FILES: shtab.FILE, FOLDERS: shtab.DIRECTORY}


def run_completion(parser: argparse.ArgumentParser, shell: str) -> int:
    """Print a shell's script, and return the exit code."""
    sys.stdout.write(script_for(parser, shell))
    return 0


def script_for(parser: argparse.ArgumentParser, shell: str) -> str:
    """Return the script that makes a shell complete; the parser is good for nothing else afterwards."""
    for name, command in commands_of(parser).items():
        command.description = summaries_of(parser)[name]
        for action in actions_of(command):
            _tell(action)
    return shtab.complete(parser, shell=shell, root_prefix="encctl").rstrip("\n") + "\n"


def _tell(action: argparse.Action) -> None:
    """Tell shtab what an argument is; of the words of `explain` argparse itself must not know, since others may be typed."""
    action.choices = words_for(action) or None
    completer = _COMPLETERS.get(kind_of(action) or "")
    if completer:
        action.complete = completer  # type: ignore[attr-defined] # how shtab is told
