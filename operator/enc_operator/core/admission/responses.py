"""A finished review as the API server reads it: refused with all reasons, let through with warnings, or with a note for the audit log.

Source: k8s.io/api `admission/v1/types.go`: warnings of more than 256 characters, or 4,096 in all, may be cut.
"""

import base64
import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from enc_operator.core.admission.model import Answer, Mode, Reason, Verdict
from enc_operator.core.admission.reading import API_VERSION, KIND
from enc_operator.core.findings import Finding
from enc_operator.core.rendering import finding_lines

_WARNING, _WARNINGS = 256, 4096
_SHOWN_REASONS = 10
_LONGEST_LINE = 1000
_LONGEST_NOTE = 2000
_SILENCE = "the API server's authorizer was not asked everything, or did not answer; what it did not say counts as a no"


def answer_judged(uid: str, reasons: Sequence[Reason], *, unanswered: bool = False) -> Answer:
    """Answer a review that was judged: denied by any reason that denies."""
    denying = [reason.finding for reason in reasons if reason.denies]
    response: dict[str, Any] = {"uid": uid, "allowed": not denying}
    if denying:
        notes = [_SILENCE] if unanswered else []
        response["status"] = _status(403, "Forbidden", "\n".join([*_message(denying), *notes]))
    told = [reason for reason in reasons if reason.mode > Mode.AUDIT and not reason.denies]
    if told:
        response["warnings"] = _warnings(told)
    if reasons:
        response["auditAnnotations"] = _notes(reasons, denied=bool(denying))
    verdict = Verdict.DENIED if denying else Verdict.ALLOWED
    return Answer(verdict, _document(response), tuple(reasons))


def answer_unjudged(uid: str) -> Answer:
    """Let through what is not ours to judge."""
    return Answer(Verdict.NOT_JUDGED, _document({"uid": uid, "allowed": True}))


def answer_patched(uid: str, operations: Sequence[Mapping[str, Any]], changes: Sequence[str]) -> Answer:
    """Let through with a JSON patch; `changes` are for the audit log."""
    response = {
        "uid": uid,
        "allowed": True,
        "patchType": "JSONPatch",
        "patch": base64.b64encode(json.dumps(operations).encode()).decode(),
        "auditAnnotations": {
            "verdict": "injected",
            "changes": _cut(printable("; ".join(changes)), _LONGEST_NOTE),
        },
    }
    return Answer(Verdict.INJECTED, _document(response))


def answer_failed(uid: str, code: int, reason: str, what: str) -> Answer:
    """Refuse what could not be judged; `code` and `reason` are those of an HTTP status."""
    status = _status(code, reason, printable(what))
    return Answer(Verdict.DENIED, _document({"uid": uid, "allowed": False, "status": status}))


def answer_unknown(uid: str, what: str) -> Answer:
    """Let through what could not be judged, with a note for the audit log."""
    note = {"verdict": "undecided", "reasons": printable(what)}
    return Answer(Verdict.NOT_JUDGED, _document({"uid": uid, "allowed": True, "auditAnnotations": note}))


def printable(text: str) -> str:
    """Write out what would do something to a terminal or a log instead of being read there."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _document(response: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": KIND, "response": response}


def _status(code: int, reason: str, message: str) -> dict[str, Any]:
    return {"code": code, "reason": reason, "message": message}


def _message(found: Sequence[Finding]) -> Iterator[str]:
    yield "1 thing is wrong:" if len(found) == 1 else f"{len(found)} things are wrong:"
    for item in found[:_SHOWN_REASONS]:
        yield from (_cut(printable(line), _LONGEST_LINE) for _, line in finding_lines(item))
    if len(found) > _SHOWN_REASONS:
        yield f"… and {len(found) - _SHOWN_REASONS} more"


def _warnings(reasons: Iterable[Reason]) -> list[str]:
    """Write a reason with its fix as one warning, or where that is too long as several, as far as there is room."""
    lines: list[str] = []
    room = _WARNINGS
    for line in (line for reason in reasons for line in _warning(reason.finding)):
        if len(line) > room:
            break
        lines.append(line)
        room -= len(line)
    return lines


def _warning(found: Finding) -> list[str]:
    text = printable(f"{found.code}: {found.what}; fix: {found.fix}")
    return textwrap.wrap(text, _WARNING, break_on_hyphens=False)


def _notes(reasons: Sequence[Reason], *, denied: bool) -> dict[str, str]:
    """Write what audit logs keep: also what would be refused in a tighter mode."""
    refusing = [reason.finding for reason in reasons if reason.refuses]
    verdict = "denied" if denied else "would be denied" if refusing else "allowed"
    notes = {"verdict": verdict, "codes": ",".join(sorted({reason.finding.code for reason in reasons}))}
    if refusing:
        notes["reasons"] = _cut(printable(" | ".join(_note(found) for found in refusing)), _LONGEST_NOTE)
    return notes


def _note(found: Finding) -> str:
    return f"{found.code} at {found.where.path_text()}: {found.what}"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
