"""What may be typed at a place of the command line, as far as the parser itself does not say it."""

import argparse
from collections.abc import Iterator

from enc_operator.core.findings import CATALOGUE

FILES, FOLDERS = "files", "folders"

_KINDS = {"FILE": FILES, "DIR": FOLDERS, "PATH": FILES, "HANDLE|PATH": FILES, "REFERENCE|PATH": FILES}


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of the commands by name."""
    return {name: command for action in _subparsers(parser) for name, command in action.choices.items()}


def summaries_of(parser: argparse.ArgumentParser) -> dict[str, str]:
    """Return what the help says of each command in a line."""
    return {
        choice.dest: str(choice.help)
        for action in _subparsers(parser)
        for choice in action._choices_actions  # noqa: SLF001
    }


def _subparsers(
    parser: argparse.ArgumentParser,
) -> Iterator["argparse._SubParsersAction[argparse.ArgumentParser]"]:
    return (action for action in actions_of(parser) if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001


def actions_of(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield what a command takes: options and positional arguments."""
    yield from parser._actions  # noqa: SLF001 - argparse has no public name for it


def words_for(action: argparse.Action) -> list[str]:
    """Return the words that can stand for an argument: of what `explain` explains, the ones that are known beforehand."""
    if action.dest == "subject":
        return [*CATALOGUE, "agent"]
    return [str(choice) for choice in action.choices or ()]


def kind_of(action: argparse.Action) -> str | None:
    """Return whether an argument is a file or a folder, or None."""
    return _KINDS.get(str(action.metavar))
