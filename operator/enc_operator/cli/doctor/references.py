"""What of the cluster's references is refused, and what could not be seen. Pure."""

from collections.abc import Iterator

from enc_operator.cli.doctor.model import Check, fail, ok, unknown, warn
from enc_operator.cli.scan.grouping import Group
from enc_operator.cli.scan.kinds import RIGHTS, SOURCES, WORKLOADS
from enc_operator.cli.scan.reading import Held
from enc_operator.cli.scan.report import View
from enc_operator.core.access import Denied
from enc_operator.core.findings import Finding
from enc_operator.core.judgement import Judged

CONSENTS = RIGHTS | {"SecretGrant", "ClusterSecretGrant", "Namespace", "AgentTarget"}
"""The kinds that only ever allow something."""
UNSEEN = "labels in images, and configuration that is sent from the vendor's side (remote configuration)"
"""What no API server holds."""


def check_references(view: View, held: Held) -> Iterator[Check]:
    """Check every reference; what many pods of one workload share is one line."""
    doubtful = held.lacks(CONSENTS)
    for found in view.references:
        decision = found.first.decision
        if isinstance(decision, Denied):
            yield _denied(found, decision, doubtful=doubtful)
    for residual in view.findings:
        if residual.first.code == "residual":
            yield fail("references", residual.first.what, _place(residual), residual.first.fix)
    judged = view.scanned.assessment.judged
    if not any(isinstance(item.decision, Denied) for item in judged):
        yield _none_denied(len(judged), held)


def _none_denied(number: int, held: Held) -> Check:
    what = f"{number} reference{'s' * (number != 1)}, none denied"
    if held.lacks(SOURCES | WORKLOADS):
        return unknown("references", f"of what could be read: {what}", fix="see the checks of sources")
    return ok("references", what)


def _denied(found: Group[Judged], decision: Denied, *, doubtful: bool) -> Check:
    what = f"{found.first.reference.title} is denied: {decision.message}"
    if doubtful:
        return unknown(
            "references", f"{what}, unless what could not be read allows it", _where(found), decision.fix
        )
    idle = found.first.reference.idle
    if idle:
        return warn(
            "references", f"{what} (not resolved as things stand: {idle})", _where(found), decision.fix
        )
    return fail("references", what, _where(found), decision.fix)


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
