"""The manual page encctl(1), from the parser: what each command is for, its options, its examples and exit codes."""

import argparse
from collections.abc import Iterator

from enc_operator.cli.arguments import build_parser
from enc_operator.cli.completion.words import actions_of, commands_of, summaries_of

_FILES = """Files, folders and - for standard input: YAML of many documents, JSON, Lists, an Agent's bare files and Compose files.
In folders the files that end in .yaml, .yml, .json, .yaml.default or .yml.default are read."""


def render_manual() -> str:
    """Return the page in roff, in the macros of man(7)."""
    parser = build_parser("encctl")
    return "\n".join(_lines(parser)) + "\n"


def _lines(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield '.\\" Written by make docs from the parser: do not edit.'
    yield '.TH ENCCTL 1 "" "enc\\-operator" "User Commands"'
    yield ".SH NAME"
    yield f"encctl \\- {_roff(str(parser.description).rstrip('.').lower())}"
    yield ".SH SYNOPSIS"
    for number, (name, command) in enumerate(commands_of(parser).items()):
        if number:
            yield ".br"
        yield f".B encctl {_roff(name)}"
        yield _operands(command)
    yield ".SH DESCRIPTION"
    yield from map(_roff, _FILES.splitlines())
    yield from _epilog(parser)
    for name, summary in summaries_of(parser).items():
        yield from _command(name, summary, commands_of(parser)[name])
    yield ".SH SEE ALSO"
    yield ".BR kubectl (1)"


def _command(name: str, summary: str, command: argparse.ArgumentParser) -> Iterator[str]:
    yield f'.SH "{_roff(f"encctl {name}".upper())}"'
    yield f"{_roff(summary[:1].upper() + summary[1:])}" + ("" if summary.endswith("?") else ".")
    yield ".PP"
    yield from map(_roff, str(command.description).splitlines())
    for action in actions_of(command):
        yield ".TP"
        yield f".B {_roff(_heading(action))}"
        yield _roff(str(action.help).replace("%%", "%"))
    yield from _epilog(command)


def _operands(command: argparse.ArgumentParser) -> str:
    return " ".join(
        [r"[\fIoption\fR .\|.\|.]"]
        + [rf"\fI{_roff(_name(action))}\fR" for action in actions_of(command) if not action.option_strings]
    )


def _heading(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else f" {_name(action)}"
    return ", ".join(action.option_strings) + value if action.option_strings else _name(action)


def _name(action: argparse.Action) -> str:
    """Return the word that stands for a value: its name, or its choices."""
    choices = "|".join(str(choice) for choice in action.choices or ())
    return str(action.metavar or choices or action.dest.upper())


def _epilog(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield examples and exit codes, line by line as the help has them."""
    for line in str(parser.epilog).strip().splitlines():
        if not line.strip():
            yield ".fi"
        elif line.startswith(" "):
            yield _roff(line)
        else:
            yield ".PP"
            yield _roff(line[:1].upper() + line[1:])
            yield ".PP"
            yield ".nf"
    yield ".fi"


def _roff(text: str) -> str:
    """Escape what roff would take for itself."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("`", r"\(ga")
    return rf"\&{escaped}" if escaped.startswith(".") else escaped
