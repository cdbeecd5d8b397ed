"""From the arguments of `encctl resolve` to its exit code: which executable, whether it may run, what it answered."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from enc_operator.cli.printing import printable
from enc_operator.cli.reading import Assessed, assess_paths, say_incomplete
from enc_operator.cli.resolve.answers import decide_verdicts, mask, parse_answers, values_in
from enc_operator.cli.resolve.asking import collect, find_commands, split_asked
from enc_operator.cli.resolve.execution import Limits, render_request, run_executable
from enc_operator.cli.resolve.permissions import WINDOWS, Fault, read_permissions
from enc_operator.cli.resolve.report import Report, as_data, text_lines
from enc_operator.core.rendering import render_json
from enc_operator.errors import UsageError
from enc_operator.resolver_bundle import resolver_script

_RESOLVED, _SOME_NOT, _NOT_ASKED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class _Executable:
    """The file whose permissions count, the command that runs it, and what to call it."""

    path: str
    command: tuple[str, ...]
    name: str = ""


def run_resolve(arguments: argparse.Namespace) -> int:
    """Ask an executable as an Agent does, print what the Agent would make of the answer, return the exit code."""
    if arguments.executable and (arguments.root or arguments.allow_root):
        raise UsageError("--root and --allow-root are for our own resolver", "use --argument with --command")
    handles, paths = split_asked(arguments.asked)
    assessed = assess_paths(paths, arguments) if paths else None
    if assessed:
        say_incomplete(assessed)
        if not arguments.executable:
            _say_commands(assessed)
    asked = collect(handles, assessed.assessment if assessed else None)
    with _executable(arguments) as executable:
        permissions = read_permissions(executable.path, allow_group=arguments.allow_group_exec)
        report = Report(executable.name, permissions, arguments.ignore_permissions, asked)
        if asked.handles and (arguments.ignore_permissions or not permissions.faults):
            report = _ask(report, executable, arguments)
    _print(report, arguments.output)
    return _exit_code(report, assessed)


def _ask(report: Report, executable: _Executable, arguments: argparse.Namespace) -> Report:
    handles = list(report.asked.handles)
    request = render_request(handles, arguments.timeout)
    ran = run_executable(executable.command, request, Limits(arguments.timeout, arguments.output_max_size))
    answers = parse_answers(ran.stdout)
    values = () if isinstance(answers, Fault) else values_in(answers)
    stderr = mask(ran.stderr.decode("utf-8", "replace"), values) if arguments.show_stderr else None
    report = replace(report, ran=ran, stderr=stderr)
    if ran.fault:
        return replace(report, fault=ran.fault)
    if isinstance(answers, Fault):
        return replace(report, fault=answers)
    verdicts = tuple(decide_verdicts(handles, answers, strip_newline=arguments.strip_newline))
    return replace(report, verdicts=verdicts, extra=len(set(answers) - set(handles)))


def _say_commands(assessed: Assessed) -> None:
    """Say what an Agent of the input would run: it is never run because a file names it."""
    commands = find_commands(assessed.assessment)
    if len(commands) == 1:
        command, agent = (printable(text) for text in commands[0])
        print(
            f"encctl: the {agent} runs {command}; it is run here only when asked for: --command {command}",
            file=sys.stderr,
        )


@contextmanager
def _executable(arguments: argparse.Namespace) -> Iterator[_Executable]:
    """Yield what to run: the user's executable, or our resolver in a folder of its own for as long as it is needed."""
    if arguments.executable:
        path = _find(arguments.executable)
        yield _Executable(path, (path, *arguments.argument))
        return
    if WINDOWS:
        raise UsageError("our own resolver does not run on Windows", "name an executable with --command")
    with tempfile.TemporaryDirectory(prefix="encctl-") as folder:
        file = Path(folder) / "resolver"
        file.write_text(resolver_script(), encoding="utf-8")
        file.chmod(0o500)
        options = [str(Path(arguments.root).absolute())] if arguments.root else []
        for root in arguments.allow_root:
            options += ["--allow-root", str(Path(root).absolute())]
        command = (sys.executable, "-IS", str(file), *options, *arguments.argument)
        yield _Executable(str(file), command, " (enc-operator's resolver)")


def _find(written: str) -> str:
    """Return an absolute path; a name without a folder is looked for here, then in PATH as the Agent's Go does."""
    if os.sep not in written and not Path(written).exists():
        written = shutil.which(written) or written
    return str(Path(written).absolute())


def _print(report: Report, output: str) -> None:
    if output == "json":
        sys.stdout.write(render_json(as_data(report)))
    else:
        for line in text_lines(report):
            print(line)


def _exit_code(report: Report, assessed: Assessed | None) -> int:
    if assessed and assessed.unreadable:
        return _NOT_ASKED
    if report.failed:
        return _SOME_NOT
    incomplete = assessed is not None and assessed.incomplete
    return _NOT_ASKED if incomplete or not report.could_ask else _RESOLVED
