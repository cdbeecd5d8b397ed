"""Workflow commands of GitHub Actions, with their escapes."""

import pytest

from enc_operator.core.findings import Finding, Where, finding
from enc_operator.core.reporting.workflow_commands import workflow_command
from enc_operator.core.syntax import Source
from reporting import same

TEXT = "a: b\nc: |\n  d\n  e\n"


def place(path: str, file: str = "a.yaml") -> Where:
    """Return the place of a value."""
    return Where(Source(file, 0, TEXT), None, (path,))


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(
            finding("access-denied", place("a"), "what", "do"),
            "::error file=a.yaml,line=1,endLine=1,col=4,endColumn=5,title=access-denied::what%0Afix: do",
            id="an error",
        ),
        pytest.param(
            finding("handle-case", place("c"), "what", "do"),
            "::warning file=a.yaml,line=3,endLine=4,title=handle-case::what%0Afix: do",
            id="several lines have no columns",
        ),
        pytest.param(
            finding("no-agent", place("a", "<stdin>"), "what", "do"),
            "::notice title=no-agent::<stdin>:1:4: what%0Afix: do",
            id="standard input is no file",
        ),
        pytest.param(
            finding("no-agent", place("a", "a,b:100%.yaml"), "50%, a: b\r::error::", "x"),
            "::notice file=a%2Cb%3A100%25.yaml,line=1,endLine=1,col=4,endColumn=5,title=no-agent"
            "::50%25, a: b%0D::error::%0Afix: x",
            id="what would end a property or begin a command",
        ),
    ],
)
def test_commands(item: Finding, expected: str) -> None:
    """A finding is one line, whatever is in it."""
    assert workflow_command(item, same) == expected
