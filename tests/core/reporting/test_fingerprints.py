"""Fingerprints: what changes them, and what does not."""

import pytest

from assessing import NODE_AGENT, pod
from enc_operator.core.findings import ObjectRef, Where, finding
from enc_operator.core.reporting.fingerprints import fingerprints, identity_of
from enc_operator.core.syntax import Source
from reporting import found, report, same

DENIED = "ENC[k8s_secret@db/orders/password]"


def known(*texts: str) -> list[str]:
    """Return the fingerprints of what is denied in texts."""
    return [item.fingerprint for item in report(*texts).items if item.finding.code == "access-denied"]


BEFORE = f"{NODE_AGENT}---{pod(DENIED)}"


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(f"# a comment\n\n{BEFORE}", id="moved down"),
        pytest.param(f"{pod(DENIED)}---{NODE_AGENT}", id="moved in the file"),
        pytest.param(BEFORE.replace('[{"password"', '[{}, {"password"'), id="one more entry before it"),
        pytest.param(
            BEFORE.replace("serviceAccountName: web", "serviceAccountName: other"), id="other words"
        ),
    ],
)
def test_stays(after: str) -> None:
    """A fingerprint outlives what does not change the finding."""
    assert known(after) == known(BEFORE)
    assert len(known(BEFORE)) == 1


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(BEFORE.replace("orders", "customers"), id="another Secret"),
        pytest.param(BEFORE.replace("/password]", "/admin]"), id="another key"),
        pytest.param(BEFORE.replace("name: web", "name: other"), id="another object"),
        pytest.param(BEFORE.replace('"password":', '"username":'), id="another field"),
    ],
)
def test_changes(after: str) -> None:
    """What reads another Secret, or elsewhere, is new."""
    assert len(known(after)) == 1
    assert known(after) != known(BEFORE)


def test_another_file() -> None:
    """The same in another file is another finding."""
    assert known("", BEFORE) != known(BEFORE)


def test_twice() -> None:
    """Of two that are equal the second has a fingerprint of its own, so that one more is new."""
    pair = list(fingerprints([found(), found(line=9)], same))

    assert pair[0] != pair[1]
    assert pair == list(fingerprints([found(line=3), found(line=4), found(line=5)], same))[:2]
    assert all(len(item) == 32 for item in pair)


@pytest.mark.parametrize(
    ("where", "about"),
    [
        pytest.param(Where(Source("a", 0, "x")), "", id="a whole text"),
        pytest.param(Where(Source("a", 0, "x: abc")).part("abc", 0, 2), "ab", id="a marked piece"),
        pytest.param(Where(Source("a")).part("ENC[vault@x]", 4, 9), "ENC[vault@x]", id="all of a handle"),
        pytest.param(
            Where(Source("a")).part("ENC[x]\n", 0, 6), "ENC[x]\n", id="what a line break keeps from being one"
        ),
    ],
)
def test_about(where: Where, about: str) -> None:
    """A finding is about a handle, or about the piece that is marked."""
    expected = about.strip() if about.startswith("ENC[vault") else about.rstrip("\n") if about else ""

    assert identity_of(finding("handle-case", where, "", ""), same).about == expected


def test_hidden() -> None:
    """What may be a Secret's is never part of a fingerprint, not even as a hash."""
    hidden = [Where(Source("a"), ObjectRef("Secret", "a", "b"), ("data", "x"))]
    spans = [where.part(text) for where in hidden for text in ("hunter2", "hunter3")]
    untold = [
        finding(
            "yaml-invalid",
            where.spanning(where.span and type(where.span)(where.span.text, 0, 7, telling=False)),
            "",
            "",
        )
        for where in spans
    ]

    first, second = (identity_of(item, same) for item in untold)
    assert first == second
    assert first.about == ""
    assert first.path == "data.x"
