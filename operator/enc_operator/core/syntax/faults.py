"""What is wrong with a text, and where: shared by the readers of this package."""

from typing import NamedTuple


class Mark(NamedTuple):
    """A place in a text; line and column count from 0, the column in code points."""

    line: int
    column: int


START = Mark(0, 0)


class SyntaxFault(Exception):  # noqa: N818 - a fault of the text, not of the program
    """Say that a text cannot be read; `code` is the finding's code. It never quotes the text, which may be a Secret's."""

    def __init__(self, code: str, message: str, fix: str, mark: Mark = START) -> None:
        super().__init__(code, message, fix, mark)
        self.code = code
        self.message = message
        self.fix = fix
        self.mark = mark

    def __str__(self) -> str:
        return self.message
