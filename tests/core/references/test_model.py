"""A reference as a value: what a person reads of it."""

import pytest

from agent_manifests import HANDLE, pod, references, service
from enc_operator.core.references.model import Idle, Referrer, ReferrerKind, SecretTarget


@pytest.mark.parametrize(
    ("referrer", "expected"),
    [
        pytest.param(
            Referrer(ReferrerKind.AGENT, "dd"), "the Agents' configuration in namespace dd", id="an Agent"
        ),
        pytest.param(
            Referrer(ReferrerKind.POD, "shop", "web"),
            "pods of ServiceAccount shop/web",
            id="a ServiceAccount",
        ),
        pytest.param(Referrer(ReferrerKind.POD, "shop"), "pods of namespace shop", id="unknown pods"),
        pytest.param(Referrer(ReferrerKind.SERVICE, "shop"), "Services of namespace shop", id="Services"),
        pytest.param(Referrer(ReferrerKind.OUTSIDE), "outside Kubernetes", id="an Agent outside"),
    ],
)
def test_referrers(referrer: Referrer, expected: str) -> None:
    """A referrer is named for people."""
    assert str(referrer) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param(SecretTarget("a", "b", "c"), "a/b/c", id="all known"),
        pytest.param(SecretTarget("a", None, None), "a/…/…", id="parts that follow later"),
    ],
)
def test_targets(target: SecretTarget, expected: str) -> None:
    """What is not known yet is shown as such."""
    assert str(target) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(HANDLE, HANDLE, id="a handle"),
        pytest.param("E%%env_X%%", "E%%env_X%%", id="what may be one"),
        pytest.param(
            f"ENC[k8s_secret@shop/{'a' * 200}/k]", "ENC[k8s_secret@shop/" + "a" * 79 + "…", id="a long one"
        ),
    ],
)
def test_titles(value: str, expected: str) -> None:
    """A title is the handle, short enough to read."""
    (found,) = references(pod(value))

    assert found.title == expected
    assert len(found.title) <= 100


def test_idle() -> None:
    """Why a reference stays unresolved is a sentence."""
    assert str(Idle("x", "why")) == "why"


def test_sort_key() -> None:
    """References of objects are ordered by object, not by the order of files."""
    one, other = references(service(HANDLE), pod(HANDLE)), references(pod(HANDLE), service(HANDLE))

    assert [item.where.ref.kind for item in one] == ["Pod", "Service"]
    assert [item.where.ref for item in one] == [item.where.ref for item in other]
