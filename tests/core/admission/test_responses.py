"""What the API server, kubectl and an audit log get to see."""

import pytest

from enc_operator.core.admission.model import Mode, Reason, Verdict
from enc_operator.core.admission.responses import answer_judged, printable
from enc_operator.core.findings import Finding, ObjectRef, Severity, Where
from enc_operator.core.syntax import Source
from reviewing import checks, document, finished, message, pod, world

WHERE = Where(Source(""), ObjectRef("Pod", "shop", "web"))


def reason(
    what: str = "w", *, mode: Mode = Mode.ENFORCE, refuses: bool = True, fix: str = "f", code: str = "c"
) -> Reason:
    """Return a reason."""
    return Reason(Finding(code, Severity.ERROR, WHERE.at("spec"), what, fix), mode, refuses)


def test_a_denial() -> None:
    """A refused object is answered with every reason, as the linter writes it."""
    answer = answer_judged("u", [reason(), reason("x", code="d")])

    assert answer.document == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {
            "uid": "u",
            "allowed": False,
            "status": {
                "code": 403,
                "reason": "Forbidden",
                "message": "2 things are wrong:\n"
                "error[c]\n    in Pod shop/web spec\n    w\n    fix: f\n"
                "error[d]\n    in Pod shop/web spec\n    x\n    fix: f",
            },
            "auditAnnotations": {
                "verdict": "denied",
                "codes": "c,d",
                "reasons": "c at spec: w | d at spec: x",
            },
        },
    }


@pytest.mark.parametrize(
    ("reasons", "verdict", "warnings", "note"),
    [
        pytest.param([], Verdict.ALLOWED, None, None, id="nothing is wrong"),
        pytest.param([reason(mode=Mode.AUDIT)], Verdict.ALLOWED, None, "would be denied", id="audited"),
        pytest.param(
            [reason(mode=Mode.WARN)], Verdict.ALLOWED, ["c: w; fix: f"], "would be denied", id="warned about"
        ),
        pytest.param([reason(refuses=False)], Verdict.ALLOWED, ["c: w; fix: f"], "allowed", id="only told"),
        pytest.param(
            [reason(mode=Mode.AUDIT, refuses=False)], Verdict.ALLOWED, None, "allowed", id="told nobody"
        ),
        pytest.param(
            [reason(), reason("x", mode=Mode.WARN), reason("y", refuses=False)],
            Verdict.DENIED,
            ["c: x; fix: f", "c: y; fix: f"],
            "denied",
            id="denied for one, warned about others",
        ),
    ],
)
def test_what_follows(
    reasons: list[Reason], verdict: Verdict, warnings: list[str] | None, note: str | None
) -> None:
    """A mode decides whether a reason denies, warns or is only noted for the audit log."""
    answer = answer_judged("u", reasons)
    response = answer.document["response"]

    assert answer.verdict is verdict
    assert response.get("warnings") == warnings
    assert response.get("auditAnnotations", {}).get("verdict") == note


def test_long_warnings() -> None:
    """A warning that is too long for Kubernetes is several, and all together leave room."""
    found = answer_judged("u", [reason("word " * 200, mode=Mode.WARN)] * 10).document["response"]["warnings"]

    assert max(map(len, found)) <= 256
    assert 3800 < sum(map(len, found)) <= 4096


def test_long_texts() -> None:
    """Nothing that somebody wrote makes a message or a note without end."""
    answer = answer_judged("u", [reason("x" * 5000, code=f"c{index}") for index in range(50)])

    assert message(answer).endswith("\n… and 40 more")
    assert len(message(answer)) < 11_000
    assert len(answer.document["response"]["auditAnnotations"]["reasons"]) == 2000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain → text…", "plain → text…"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("left\u202eright", r"left\u202eright"),
        ("half \ud800 of one", r"half \ud800 of one"),
    ],
)
def test_what_a_terminal_would_act_on(text: str, shown: str) -> None:
    """Control characters, directions and halves of characters are written out."""
    assert printable(text) == shown
    assert message(answer_judged("u", [reason(text)])).split("\n")[3].strip() == shown
    assert answer_judged("u", [reason(text, mode=Mode.WARN)]).document["response"]["warnings"] == [
        f"c: {shown}; fix: f"
    ]


def test_texts_of_an_annotation() -> None:
    """A handle shows in the answer as something to read; what stands beside it does not show at all."""
    handle = "ENC[k8s_secret@bank/\x1b[2J\u202e/p]"
    annotated = pod(annotations={"ad.datadoghq.com/app.checks": checks(handle, host="s3cr3t.example")})
    answer = finished(document(annotated), world())

    shown = str(answer.document)
    assert r"\\x1b[2J\\u202e" in shown
    assert "\x1b" not in message(answer)
    assert "s3cr3t" not in shown
