"""The outcome of `encctl resolve` for a person, in the manner of the Agent's own `agent secret`, and as JSON. Never a value."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from enc_operator.cli.printing import printable
from enc_operator.cli.resolve.answers import MASK, Outcome, Verdict
from enc_operator.cli.resolve.asking import Asked, Use
from enc_operator.cli.resolve.execution import Ran
from enc_operator.cli.resolve.permissions import Fault, Permissions


@dataclass(frozen=True, slots=True)
class Report:
    """All that is known at the end.

    `ran` is None where the executable was not run; `extra` counts answers that nobody asked for; `stderr` is what may be shown of it.
    """

    name: str
    permissions: Permissions
    ignored: bool
    asked: Asked
    ran: Ran | None = None
    fault: Fault | None = None
    verdicts: Sequence[Verdict] = ()
    extra: int = 0
    stderr: str | None = None

    @property
    def resolved(self) -> int:
        """How many handles the Agent would have a value for."""
        return sum(verdict.outcome is Outcome.RESOLVED for verdict in self.verdicts)

    @property
    def could_ask(self) -> bool:
        """Whether the executable was asked for everything that was to be asked for."""
        if self.asked.left_out or (self.permissions.faults and not self.ignored):
            return False
        return self.ran.started if self.ran else not self.asked.handles

    @property
    def failed(self) -> bool:
        """Whether the executable was asked and some handle has no value."""
        return bool(self.ran and self.ran.started and self.resolved < len(self.asked.handles))


def text_lines(report: Report) -> Iterator[str]:
    """Yield the lines for a person."""
    yield from _permission_lines(report)
    yield from _run_lines(report)
    yield from _secret_lines(report)
    if report.asked.left_out:
        yield from ("", "Not asked for:")
    for item in report.asked.left_out:
        yield f"\n- '{printable(item.text)}': {printable(item.why)}"
        yield from _use_lines([item.use])


def _permission_lines(report: Report) -> Iterator[str]:
    permissions = report.permissions
    yield "=== Checking executable permissions ==="
    yield f"Executable path: {printable(permissions.path)}{report.name}"
    if permissions.rules:
        yield "Executable permissions: not checked on Windows; the Agent runs it only if"
        yield from (f"  - {rule}" for rule in permissions.rules)
    elif permissions.faults:
        told = "run all the same (--ignore-permissions)" if report.ignored else "so it is not run"
        yield f"Executable permissions: the Agent refuses to run it, {told}"
        for fault in permissions.faults:
            yield f"  - {printable(fault.what)}"
            yield f"    fix: {printable(fault.fix)}"
    else:
        yield "Executable permissions: OK, the Agent would run it"
    if permissions.details:
        yield from ("", "Permissions detail:")
        yield from (f"{name}: {value}" for name, value in permissions.details)


def _run_lines(report: Report) -> Iterator[str]:
    ran = report.ran
    if ran is None:
        return
    yield from ("", "=== Running the executable ===")
    number = len(report.asked.handles)
    if ran.started:
        yield (
            f"Asked for {number} handle{'s' * (number != 1)} in one batch: {_ending(ran.exit_code)} after {ran.seconds:.2f} s, "
            f"{len(ran.stdout)} bytes on stdout, {len(ran.stderr)} on stderr"
        )
    if report.extra:
        yield f"Answers that were not asked for, which the Agent ignores: {report.extra}"
    fault = report.fault
    if fault:
        yield printable(fault.what[:1].upper() + fault.what[1:])
        yield f"  fix: {printable(fault.fix)}"
    if report.stderr is not None:
        yield from ("", "Its stderr, which may hold secrets:")
        yield from (f"  | {printable(line)}" for line in report.stderr.splitlines())


def _ending(code: int | None) -> str:
    return "killed" if code is not None and code < 0 else f"exit code {code}"


def _secret_lines(report: Report) -> Iterator[str]:
    yield from ("", "=== Secrets stats ===")
    if not report.asked.handles:
        yield "There is no handle to ask for"
        return
    yield f"Number of secrets resolved: {report.resolved}"
    good = [verdict for verdict in report.verdicts if verdict.outcome is Outcome.RESOLVED]
    bad = [verdict for verdict in report.verdicts if verdict.outcome is not Outcome.RESOLVED]
    if good:
        yield "Secrets handle resolved:"
    yield from _verdict_lines(good, report.asked)
    if bad:
        yield from ("", "Secrets not resolved:")
    yield from _verdict_lines(bad, report.asked)
    if not report.verdicts:
        yield from ("", "Secrets not resolved:" if report.ran else "Secrets not asked for:")
        yield from _verdict_lines((Verdict(h, Outcome.MISSING) for h in report.asked.handles), report.asked)
    elif bad:
        yield from ("", *_generations(report.resolved, len(bad)))


def _verdict_lines(verdicts: Iterable[Verdict], asked: Asked) -> Iterator[str]:
    for verdict in verdicts:
        state = MASK if verdict.outcome is Outcome.RESOLVED else f"{verdict.outcome}: {verdict.message}"
        shown = f": {printable(state)}" if verdict.message or verdict.outcome is Outcome.RESOLVED else ":"
        yield f"\n- '{printable(verdict.handle)}'{shown}"
        yield from (f"  warning: {warning}" for warning in verdict.warnings)
        yield from _use_lines(asked.handles[verdict.handle])


def _use_lines(uses: Iterable[Use]) -> Iterator[str]:
    for use in uses:
        where = f" ({use.object})" if use.object else ""
        yield printable(f"  - used in '{use.file}:{use.line}' configuration{where} in entry '{use.entry}'")
        if use.note:
            yield f"    {printable(use.note)}"


def _generations(good: int, bad: int) -> Iterator[str]:
    yield f"Newer Agents: {good} resolved; a configuration with one of the other {bad} is dropped."
    yield (
        "Older Agents, before verdicts per handle: one bad handle fails its whole batch, which is all handles of one "
        "configuration."
    )


def as_data(report: Report) -> dict[str, Any]:
    """Return the outcome as plain data."""
    permissions, ran = report.permissions, report.ran
    state = "refused" if permissions.faults else "unchecked" if permissions.rules else "ok"
    return {
        "executable": {
            "path": permissions.path,
            "permissions": state,
            "ignored": report.ignored,
            "details": dict(permissions.details),
            "faults": [asdict(fault) for fault in permissions.faults],
            "rules": list(permissions.rules),
        },
        "run": _run_data(report, ran) if ran else None,
        "resolved": report.resolved,
        "secrets": [
            {**asdict(verdict), "uses": [asdict(use) for use in report.asked.handles[verdict.handle]]}
            for verdict in report.verdicts
        ],
        "notAsked": [asdict(item) for item in report.asked.left_out],
        "olderAgentsResolve": report.resolved if report.resolved == len(report.verdicts) else 0,
    }


def _run_data(report: Report, ran: Ran) -> dict[str, Any]:
    return {
        "exitCode": ran.exit_code,
        "seconds": round(ran.seconds, 3),
        "stdoutBytes": len(ran.stdout),
        "stderrBytes": len(ran.stderr),
        "stderr": report.stderr,
        "fault": asdict(report.fault) if report.fault else None,
        "notAskedFor": report.extra,
    }
