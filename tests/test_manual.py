"""The manual page: programs that show such pages have nothing to complain about. That it is up to date is tested with the other pages."""

import re
import shutil
import subprocess

import pytest

from assessing import ROOT
from enc_operator.cli.arguments import build_parser
from enc_operator.cli.completion.words import actions_of, commands_of

PAGE = ROOT / "docs/man/encctl.1"
_MACROS = {".TH", ".SH", ".PP", ".TP", ".B", ".BR", ".br", ".nf", ".fi"}


def shown(*command: str) -> str:
    """Return a page as a program shows it, without a warning; skip where the program is missing."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run([*command, PAGE], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return re.sub(r"\x1b\[\d*m|.\x08", "", done.stdout)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("groff", "-K", "utf8", "-ww", "-man", "-Tutf8"), id="groff"),
        pytest.param(("mandoc", "-W", "error", "-T", "utf8"), id="mandoc"),
    ],
)
def test_shown(command: tuple[str, ...]) -> None:
    """The page is shown without a warning, options and examples as they are typed."""
    page = shown(*command)

    assert (
        "encctl grant --expires 2099-12-31 'ENC[k8s_secret@payments/gateway/probe]' shop/ agents/\n" in page
    )
    assert "-o, --output table|yaml|json\n" in page


def test_macros() -> None:
    """Lines that begin with a dot are macros that every reader knows; a backslash begins an escape that it knows."""
    text = PAGE.read_text()

    assert {line.split()[0] for line in text.splitlines()[1:] if line.startswith((".", "'"))} == _MACROS
    assert set(re.findall(r"\\(?:\(..|f.|.)", text)) <= {
        r"\-",
        r"\e",
        r"\(aq",
        r"\(ga",
        r"\|",
        r"\&",
        r"\fI",
        r"\fR",
        r"\"",
    }


def test_complete() -> None:
    """Every option of every command stands in the page."""
    text = PAGE.read_text().replace("\\-", "-")

    for command in commands_of(build_parser("encctl")).values():
        for action in actions_of(command):
            assert all(f"\n.B {action.option_strings[0]}" in text for _ in action.option_strings[:1])
