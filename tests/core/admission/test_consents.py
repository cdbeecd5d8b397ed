"""Grants and AgentTargets: nobody gives away what he may not read, in whatever mode."""

from typing import Any

import pytest

from enc_operator.core.admission.model import Verdict
from enc_operator.core.inventory import UserQuestion
from living import Manifest
from reviewing import codes, document, finished, may, message, questions, world

FROM = [{"namespace": "shop", "serviceAccounts": ["web"]}]
TO = [{"secretName": "db", "keys": ["password"]}, {"secretName": "api", "keys": ["*"]}]


def ours(kind: str, spec: Any, *, namespace: str = "bank") -> Manifest:
    """Return a resource of ours."""
    metadata = {"name": "g"} | ({} if kind.startswith("Cluster") else {"namespace": namespace})
    return {"apiVersion": "enc-operator.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def secret_grant(to: Any = TO, **spec: Any) -> Manifest:
    """Return a SecretGrant of namespace bank."""
    return ours("SecretGrant", {"from": FROM, "to": to, **spec})


def cluster_grant(**to: Any) -> Manifest:
    """Return a ClusterSecretGrant of one Secret's name."""
    return ours("ClusterSecretGrant", {"from": FROM, "to": [{"secretName": "db", "keys": ["*"], **to}]})


def agent_target(namespace: str = "dd", **spec: Any) -> Manifest:
    """Return an AgentTarget."""
    return ours("AgentTarget", spec, namespace=namespace)


VOLUME = {"name": "v", "secretName": "keys", "keys": ["a"]}
IN_BANK, DB, API = (may("get", "secrets", "bank", name) for name in ("", "db", "api"))
BY_LABEL = {"namespaceSelector": {"matchLabels": {"team": "a"}}}


@pytest.mark.parametrize(
    ("manifest", "rights", "found"),
    [
        pytest.param(secret_grant(), [], ["grant-exceeds"] * 2, id="a grant by somebody who may nothing"),
        pytest.param(secret_grant(), [DB], ["grant-exceeds"], id="a grant of one Secret too many"),
        pytest.param(secret_grant(), [DB, API], [], id="a grant of what its author may get"),
        pytest.param(secret_grant(), [IN_BANK], [], id="a grant by who may get all of the namespace"),
        pytest.param(cluster_grant(namespaces=["bank"]), [DB], [], id="a cluster's grant of one namespace"),
        pytest.param(
            cluster_grant(namespaces=["bank", "shop"]),
            [DB],
            ["grant-exceeds"],
            id="a cluster's grant of one too many",
        ),
        pytest.param(
            cluster_grant(namespaces=["*"]), [DB], ["grant-exceeds"], id="a grant of every namespace"
        ),
        pytest.param(
            cluster_grant(namespaces=["*"]),
            [may("get", "secrets", "", "db")],
            [],
            id="one by who may get it in all",
        ),
        pytest.param(
            cluster_grant(**BY_LABEL),
            [DB],
            ["grant-exceeds"],
            id="a grant by labels, which may come to be any",
        ),
        pytest.param(
            cluster_grant(**BY_LABEL), [may("get", "secrets", "")], [], id="one by who may get everything"
        ),
        pytest.param(agent_target(), [], [], id="an AgentTarget without volumes"),
        pytest.param(
            agent_target(secretVolumes=[VOLUME]), [], ["grant-exceeds"], id="a volume of a Secret not his"
        ),
        pytest.param(
            agent_target(secretVolumes=[VOLUME]),
            [may("get", "secrets", "dd", "keys")],
            [],
            id="a volume of his own",
        ),
        pytest.param(
            agent_target("shop"), [], ["target-refused"], id="an AgentTarget where no Agent is listed"
        ),
        pytest.param(
            agent_target("hidden"), [], ["target-refused"], id="an AgentTarget where nothing is reviewed"
        ),
        pytest.param(secret_grant(to=[]), [IN_BANK], ["resource-invalid"], id="a grant of nothing"),
        pytest.param(
            secret_grant(keys=["*"]), [IN_BANK], ["resource-invalid"], id="a field that nobody knows"
        ),
        pytest.param(
            secret_grant(expires="soon"), [IN_BANK], ["resource-invalid"], id="an end that is no time"
        ),
        pytest.param(ours("SecretGrant", None), [IN_BANK], ["resource-invalid"], id="no specification"),
        pytest.param(ours("SecretGrant", [7]), [IN_BANK], ["resource-invalid"], id="a list as specification"),
    ],
)
@pytest.mark.parametrize("mode", ["audit", "enforce"])
def test_authors(manifest: Manifest, rights: list[UserQuestion], found: list[str], mode: str) -> None:
    """A consent is refused unless its author may get all that it gives and it stands where it may, even where all else is only audited."""
    answer = finished(document(manifest), world(mode=mode, excluded=frozenset({"hidden"})), *rights)

    assert sorted(set(codes(answer))) == sorted(set(found))
    assert answer.verdict is (Verdict.DENIED if found else Verdict.ALLOWED)


def test_nesting() -> None:
    """A specification that is nested too deeply to be checked is refused."""
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]

    assert codes(finished(document(secret_grant(to=deep)), world())) == ["resource-invalid"]
    assert codes(finished(document(secret_grant(to=deep), secret_grant(to=deep)), world())) in (
        [],
        ["resource-invalid"],
    )


@pytest.mark.parametrize("kind", ["metadata", "status"])
def test_what_gives_nothing(kind: str) -> None:
    """Finalizers, labels and a status may be written by anybody who may write them: nothing is given by that."""
    old = secret_grant()

    assert (
        finished(document({**old, kind: {"namespace": "bank"}}, old), world()).verdict is Verdict.NOT_JUDGED
    )


def test_a_grant_that_is_widened() -> None:
    """A grant that changes is asked about as a whole."""
    assert codes(finished(document(secret_grant(), secret_grant(TO[:1])), world(), API)) == ["grant-exceeds"]


def test_the_namespaces_owner_is_asked_once() -> None:
    """Who may get all Secrets of a namespace is asked nothing more."""
    assert questions(document(secret_grant()), world()) == (IN_BANK,)
    assert questions(document(secret_grant()), world(), {IN_BANK: False}) == (DB, API)


def test_a_refusal_says_which_and_what_helps() -> None:
    """The message points at the item, names the Secret, and says what would let its author give it."""
    text = message(finished(document(secret_grant()), world(), DB))

    assert "in SecretGrant bank/g spec.to[1]\n    ann may not get Secret bank/api" in text
    assert '`get` secrets with resourceNames ["api"] by a Role in namespace bank' in text
    everywhere = message(finished(document(cluster_grant(namespaces=["*"])), world()))
    assert "ann may not get Secret db of every namespace" in everywhere
    assert "by a ClusterRole" in everywhere


def test_kinds_of_the_same_name_elsewhere() -> None:
    """A kind that only shares its name with one of ours is none of ours."""
    other = document(secret_grant(), kind={"group": "example.com", "version": "v1", "kind": "SecretGrant"})

    assert finished(other, world()).verdict is Verdict.NOT_JUDGED


def test_a_namespaced_consent_needs_a_namespace() -> None:
    """A SecretGrant without namespace is no review; a ClusterSecretGrant has none."""
    assert finished(document(secret_grant(), namespace=""), world(), IN_BANK).verdict is Verdict.DENIED
