"""What is wrong with a text, and where: shared by the readers of this package."""

from enc_operator.core.syntax.documents import offset_of
from enc_operator.core.syntax.nodes import Mark, Span

START = Mark(0, 0)


class SyntaxFault(Exception):  # noqa: N818 - a fault of the text, not of the program
    """Say that a text cannot be read; `code` is the finding's code. It never quotes the text, which may be a Secret's."""

    def __init__(self, code: str, message: str, fix: str, mark: Mark = START) -> None:
        super().__init__(code, message, fix, mark)
        self.code = code
        self.message = message
        self.fix = fix
        self.mark = mark

    def span(self, text: str) -> Span:
        """Return the place as one character of the text that cannot be read."""
        offset = offset_of(text, self.mark)
        return Span(text, offset, min(offset + 1, len(text)), telling=False)

    def __str__(self) -> str:
        return self.message
