"""The command line: secret-helper's and readsecret's own arguments, and a few of ours.

    read [root] [--with-provider-prefixes] [--allow-root PATH]... [--max-size BYTES] [--strip-newline]
                [--service-account FOLDER]

Without ``read`` it stands in for /readsecret_multiple_providers.sh: providers are on. Parsed by hand, since argparse
alone would take a fifth of the resolver's start-up time. Nothing here looks at the file system but for its own folder.
"""

from __future__ import annotations

import os

from enc_resolver.files import MAX_SIZE
from enc_resolver.handles import Grammar
from enc_resolver.lookup import SERVICE_ACCOUNT, Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Sequence, Tuple

LARGEST_SIZE = 1024 * 1024  # bytes; more than the Agent reads at all
_WITH_VALUE = ("--allow-root", "--max-size", "--service-account")
_SWITCHES = ("--with-provider-prefixes", "--strip-newline")


class UsageError(Exception):
    """Say what is wrong with the command line."""


def parse_arguments(arguments: Sequence[str]) -> Settings:
    """Read the command line; raise UsageError where it says nothing sensible."""
    positional, options = _split(arguments)
    if positional[:1] == ["secret-helper"]:
        positional = positional[1:]
    subcommand = positional[:1] == ["read"]
    if len(positional) > 1 + subcommand:
        raise UsageError(f"accepts at most 1 root folder, received {len(positional) - subcommand}")
    root = os.path.abspath(positional[-1]) if len(positional) > subcommand else None
    allowed = [os.path.abspath(path) for path in options.get("--allow-root", [])]
    prefixes = not subcommand or _is_on(options, "--with-provider-prefixes")
    return Settings(
        grammar=Grammar.BUNDLED if prefixes else Grammar.ROOT_FILES,
        root=root,
        roots=tuple(allowed if root is None else [root, *allowed]),
        max_size=_parse_size(options.get("--max-size", [str(MAX_SIZE)])[-1]),
        strip_newline=_is_on(options, "--strip-newline"),
        service_account=options.get("--service-account", [SERVICE_ACCOUNT])[-1],
    )


def _split(arguments: Sequence[str]) -> Tuple[List[str], Dict[str, List[str]]]:
    positional: List[str] = []
    options: Dict[str, List[str]] = {}
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        name, equals, value = argument.partition("=")
        if not argument.startswith("-"):
            positional.append(argument)
        elif name in _SWITCHES:
            options.setdefault(name, []).append(value if equals else "true")
        elif name not in _WITH_VALUE:
            raise UsageError(f"unknown flag: {name[:40]}")
        elif not equals and not rest:
            raise UsageError(f"flag needs an argument: {name}")
        else:
            options.setdefault(name, []).append(value if equals else rest.pop(0))
    return positional, options


def _is_on(options: Dict[str, List[str]], name: str) -> bool:
    word = options.get(name, ["false"])[-1]
    if word not in ("true", "false"):
        raise UsageError(f"{name} is true or false")
    return word == "true"


def _parse_size(word: str) -> int:
    if not (word.isdecimal() and len(word) <= 7 and 0 < int(word) <= LARGEST_SIZE):
        raise UsageError(f"--max-size is a number of bytes from 1 to {LARGEST_SIZE}")
    return int(word)
