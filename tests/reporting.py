"""Findings and reports as the tests of reporting make them."""

from assessing import NOW
from enc_operator.cli.ignoring import report_texts
from enc_operator.cli.inputs import Text
from enc_operator.cli.loading import Options
from enc_operator.core.findings import Finding, ObjectRef, Where, finding
from enc_operator.core.reporting.model import Acceptance, Report, Reported
from enc_operator.core.syntax import Source

SHOP = ObjectRef("Pod", "shop", "web")


def same(file: str) -> str:
    """Return a file's name as it was given."""
    return file


def report(*texts: str) -> Report:
    """Return the report of texts, whose files are `0.yaml`, `1.yaml` and so on."""
    files = [Text(f"{number}.yaml", text, named=False) for number, text in enumerate(texts)]
    return report_texts(files, Options(now=NOW))


def found(
    code: str = "handle-case", file: str = "a.yaml", line: int = 1, *, owner: ObjectRef | None = SHOP
) -> Finding:
    """Return a finding of an object in a file."""
    return finding(code, Where(Source(file, line - 1), owner, ("spec",)), "is wrong", "put it right")


def reported(
    code: str = "handle-case", fingerprint: str = "0" * 32, acceptance: Acceptance | None = None
) -> Reported:
    """Return a reported finding."""
    return Reported(found(code), fingerprint, acceptance)
