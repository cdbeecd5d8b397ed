"""What of the cluster's references is refused, and what could not be seen. Pure."""

from collections.abc import Iterator

from enc_operator.cli.doctor.model import Check, fail, ok, unknown, warn
from enc_operator.cli.scan.grouping import Group
from enc_operator.cli.scan.reading import Held
from enc_operator.cli.scan.report import View
from enc_operator.core.access import Denied
from enc_operator.core.findings import Finding
from enc_operator.core.judgement import Judged

UNSEEN = "labels in images, and configuration that is sent from the vendor's side (remote configuration)"
"""What no API server holds."""


def check_references(view: View) -> Iterator[Check]:
    """Check every reference; what many pods of one workload share is one line."""
    for found in view.references:
        decision = found.first.decision
        if isinstance(decision, Denied):
            live = found.first.reference.live
            yield (fail if live else warn)(
                "references", _denied(found, decision), _where(found), decision.fix
            )
    for residual in view.findings:
        if residual.first.code == "residual":
            yield fail("references", residual.first.what, _place(residual), residual.first.fix)
    judged = view.scanned.assessment.judged
    if not any(isinstance(item.decision, Denied) for item in judged):
        yield ok("references", f"{len(judged)} reference{'s' * (len(judged) != 1)}, none denied")


def _denied(found: Group[Judged], decision: Denied) -> str:
    idle = found.first.reference.idle
    unless = f" (not resolved as things stand: {idle})" if idle else ""
    return f"{found.first.reference.title} is denied: {decision.message}{unless}"


def _where(found: Group[Judged]) -> str:
    return f"{found.first.reference.where.object or ''}{found.whose()}"


def _place(found: Group[Finding]) -> str:
    return f"{found.first.where.object or ''}{found.whose()}"


def check_sources(held: Held) -> Iterator[Check]:
    """Say which kinds the user may not list, and what that hides; and what nobody can see."""
    for item in held.unread:
        where = f" of namespace {item.namespace}" if item.namespace else ""
        where += f" outside namespace {', '.join(item.read)}" if item.read else ""
        fix = f"it takes the right to list {item.kind.plural}" + (
            f" in namespace {item.namespace}" if item.namespace else " in all namespaces"
        )
        what = f"{item.kind.plural}{where} may not be listed: not judged are {item.kind.unjudged}"
        yield unknown("sources", what, fix=fix)
    if not held.unread:
        yield ok("sources", f"everything was read that the API server holds; not {UNSEEN}")
