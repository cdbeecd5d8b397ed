"""A review as a whole: what is left out, and what happens where nothing could be decided."""

from typing import Any

import pytest

from enc_operator.core.admission.model import Mode, Verdict
from enc_operator.core.admission.review import undecided
from enc_operator.core.objects.pods import TEMPLATES
from living import grant
from reviewing import FOREIGN, OWN, bare_world, codes, document, finished, pod, service, world

GRANT = grant("g", "bank", "db", of={"namespace": "shop", "serviceAccounts": ["*"]})


def test_what_holds_no_text() -> None:
    """A pod without a template is not judged, one with an allowed handle is."""
    assert finished(document(pod(annotations={})), world()).verdict is Verdict.NOT_JUDGED
    assert finished(document(pod(OWN)), world()).verdict is Verdict.ALLOWED


def test_excluded_namespaces() -> None:
    """Where the install excludes a namespace nothing is judged, should a review come from there."""
    known = world(excluded=frozenset({"shop"}))

    assert finished(document(pod()), known).verdict is Verdict.NOT_JUDGED
    assert undecided(document(pod()), known, "too slow").verdict is Verdict.NOT_JUDGED


@pytest.mark.parametrize("kind", sorted(TEMPLATES))
def test_other_groups(kind: str) -> None:
    """A kind of another group is not one of Kubernetes' own: its templates are not read."""
    other = {"group": "example.com", "version": "v1", "kind": kind}

    assert codes(finished(document(pod(), kind=other), world())) == ["not-read"]


def test_every_reason_at_once() -> None:
    """All that is wrong is said at once, each thing once."""
    annotations = {
        "ad.datadoghq.com/app.checks": service()["metadata"]["annotations"][
            "ad.datadoghq.com/service.checks"
        ],
        "ad.datadoghq.com/app.logs": f'[{{"a": "{FOREIGN}"}}]',
        "ad.datadoghq.com/b.checks": '{"a": "ENC[',
        "ad.datadoghq.com/c.check.id": "docker://x",
        "ad.datadoghq.com/d.checks": "{",
    }
    answer = finished(document(pod(annotations=annotations)), world())

    assert codes(answer) == ["access-denied", "template-invalid", "json-invalid"]


@pytest.mark.parametrize(
    ("asked", "mode", "verdict"),
    [
        pytest.param(document(pod()), "audit", Verdict.NOT_JUDGED, id="a pod where it is audited"),
        pytest.param(document(pod()), "warn", Verdict.NOT_JUDGED, id="a pod where it is warned about"),
        pytest.param(document(pod()), "enforce", Verdict.DENIED, id="a pod where it is enforced"),
        pytest.param(
            document(pod(), operation="DELETE"), "enforce", Verdict.NOT_JUDGED, id="a pod that goes"
        ),
        pytest.param(document(GRANT), "audit", Verdict.DENIED, id="a grant"),
        pytest.param({}, "audit", Verdict.DENIED, id="no review"),
    ],
)
def test_undecided(asked: Any, mode: str, verdict: Verdict) -> None:
    """What could not be decided is refused where anything is enforced, and let through with a note elsewhere."""
    answer = undecided(asked, world(mode=mode), "the answer took too long")
    response = answer.document["response"]

    assert answer.verdict is verdict
    assert response["allowed"] is (verdict is not Verdict.DENIED)
    if asked and verdict is Verdict.DENIED:
        assert response["status"]["code"] == 503
        assert "the answer took too long" in response["status"]["message"]


def test_undecided_where_a_namespace_is_stricter() -> None:
    """What the install enforces everywhere is enforced without a target too."""
    assert undecided(document(pod()), bare_world(least=Mode.ENFORCE), "x").verdict is Verdict.DENIED
    assert undecided(document(pod()), bare_world(), "x").verdict is Verdict.NOT_JUDGED
