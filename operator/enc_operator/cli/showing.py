"""Lines and tables whose text comes from the input or the command line: a terminal does nothing but show it."""

from collections.abc import Iterable

from enc_operator.cli.printing import print_tables, printable
from enc_operator.core.rendering import Table


def show_lines(lines: Iterable[str]) -> None:
    """Print lines, each as one line."""
    for line in lines:
        print(printable(line))


def show_tables(tables: Iterable[Table]) -> None:
    """Print tables; empty ones are left out."""
    print_tables(
        (title, heads, [tuple(map(printable, row)) for row in rows]) for title, heads, rows in tables
    )
