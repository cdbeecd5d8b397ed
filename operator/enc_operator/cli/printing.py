"""Tables and findings on a terminal, with colour, or plain when they go to a file or a pipe."""

import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from enc_operator.core.findings import Finding
from enc_operator.core.rendering import Table, finding_lines

_SLOW = 1.0  # seconds after which a person wonders


def print_tables(tables: Iterable[Table]) -> None:
    """Print tables; empty ones are left out."""
    for title, heads, rows in tables:
        if rows and sys.stdout.isatty():
            _print_rich(title, heads, rows)
        elif rows:
            print("\n".join(_plain(title, heads, rows)))


def _plain(title: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[index]) for row in (heads, *rows)) for index in range(len(heads))]
    yield f"{title} ({len(rows)})"
    for row in (heads, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  " + "  ".join(cells).rstrip()
    yield ""


def _print_rich(title: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - costs 60 ms that a pipe does not need
    from rich.table import Table as RichTable  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = RichTable(title=f"{title} ({len(rows)})", title_justify="left", show_lines=len(heads) > 2)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=_cell_style(cell)) for cell in row))
    Console(width=shutil.get_terminal_size().columns).print(table)


def _cell_style(cell: str) -> str:
    if cell.startswith("denied"):
        return "red"
    return "yellow" if cell.startswith("not resolved") or cell.endswith("spoofable") else ""


def in_file_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings as they stand in the files, which is how a person works through them."""
    placed = [((item.where.source.file, *item.where.position(), item.code), item) for item in findings]
    return [item for _, item in sorted(placed, key=lambda pair: pair[0])]


def print_findings(findings: Iterable[Finding], *, to_stderr: bool = False) -> None:
    """Print findings for a person."""
    for finding in findings:
        print_finding(finding_lines(finding), str(finding.severity), to_stderr=to_stderr)


def print_finding(lines: Iterable[tuple[str, str]], severity: str, *, to_stderr: bool = False) -> None:
    """Print the lines of one finding, each given with its role."""
    stream = sys.stderr if to_stderr else sys.stdout
    colour = stream.isatty()
    for role, line in lines:
        print(_coloured(role, line, severity) if colour else line, file=stream)


def printable(text: str) -> str:
    """Return text of unknown origin so that a terminal does nothing but show it, on one line."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )


_ANSI = {
    "error": "\033[1;31m",
    "warning": "\033[33m",
    "info": "\033[36m",
    "place": "\033[2m",
    "source": "\033[2m",
    "fix": "\033[32m",
}


def _coloured(role: str, line: str, severity: str) -> str:
    code = _ANSI.get(severity if role in ("head", "marks") else role)
    return f"{code}{line}\033[0m" if code else line


@contextmanager
def progress(what: str) -> Iterator[Any]:
    """Show a bar on a terminal once the work has taken a second; yields `advance(done, total)`."""
    started, shown = monotonic(), False

    def advance(done: int, total: int) -> None:
        nonlocal shown
        if sys.stderr.isatty() and monotonic() - started > _SLOW:
            shown = True
            width = 30 * done // max(total, 1)
            print(
                f"\r{what} [{'#' * width}{'.' * (30 - width)}] {done}/{total}",
                end="",
                file=sys.stderr,
                flush=True,
            )

    try:
        yield advance
    finally:
        if shown:
            print("\r\033[K", end="", file=sys.stderr)
