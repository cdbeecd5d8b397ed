"""What is wrong with a text, and where: shared by the readers of this package."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text; line and column count from 0, the column in code points."""

    line: int
    column: int


@dataclass(frozen=True)
class SyntaxFault(Exception):  # noqa: N818 - a fault of the text, not of the program
    """Say that a text cannot be read; `code` is the finding's code."""

    code: str
    message: str
    fix: str
    mark: Mark = Mark(0, 0)

    def __str__(self) -> str:
        return self.message
