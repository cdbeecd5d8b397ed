"""Who may bring text in without making pods."""

import pytest

from enc_operator.core.admission.asking import MOST_QUESTIONS, Asking
from enc_operator.core.admission.model import Answer
from enc_operator.core.admission.requesters import BUILT_IN, may_refer
from enc_operator.core.admission.review import review
from enc_operator.core.inventory import Question, User, UserQuestion
from enc_operator.core.references.model import SecretTarget
from living import check_file, grant
from reviewing import (
    FOREIGN,
    MAY_MAKE_PODS,
    OWN,
    checks,
    codes,
    document,
    finished,
    may,
    message,
    pod,
    questions,
    service,
    world,
)

SECRET = may("get", "secrets", "shop", "db")
INSTRUMENTATION = {
    "kind": "DatadogInstrumentation",
    "metadata": {"namespace": "shop", "name": "web"},
    "spec": {
        "targetRef": {"kind": "Deployment", "name": "web"},
        "config": {"checks": [{"integration": "redisdb", "instances": [{"password": OWN}]}]},
    },
}


def test_questions_come_one_after_the_other() -> None:
    """Who may make pods is asked nothing more; who may not is asked for the Secret."""
    asked = document(service())

    assert questions(asked, world()) == (MAY_MAKE_PODS,)
    assert questions(asked, world(), {MAY_MAKE_PODS: False}) == (SECRET,)
    assert codes(finished(asked, world(), SECRET)) == []
    assert codes(finished(asked, world())) == ["requester-denied"]


def test_a_right_of_the_pod_is_none_of_who_annotates_it() -> None:
    """What the pod's own ServiceAccount may read opens nothing to somebody who only annotates the pod."""
    asked, right = document(pod(), pod(annotations={})), Question("shop", "web", "bank", "db")

    assert questions(asked, world()) == (right,)
    assert codes(finished(asked, world(), right)) == ["requester-denied"]
    assert codes(finished(asked, world(), right, MAY_MAKE_PODS)) == []
    assert codes(finished(document(pod()), world(), right)) == []


def test_a_grant_is_for_whoever_refers() -> None:
    """Where a grant admits the referrer, nothing is asked of the requester."""
    known = world(grant("g", "bank", "db", of={"namespace": "shop", "serviceAccounts": ["*"]}))

    assert isinstance(review(document(service(FOREIGN)), known, {}), Answer)


@pytest.mark.parametrize(
    ("asked", "namespace"),
    [
        pytest.param(document(INSTRUMENTATION), "shop", id="a DatadogInstrumentation"),
        pytest.param(document(check_file("k8s_secret@dd/keys/api")), "dd", id="a ConfigMap of the Agents"),
        pytest.param(document(pod(OWN), pod(annotations={})), "shop", id="a pod that exists"),
    ],
)
def test_what_somebody_writes_who_makes_no_pods(asked: dict[str, object], namespace: str) -> None:
    """All text but that of new pods and of what makes pods is its requester's to answer for."""
    assert codes(finished(asked, world())) == ["requester-denied"]
    assert codes(finished(asked, world(), may("create", "pods", namespace))) == []


def test_pods_of_a_kubelet() -> None:
    """A kubelet makes pods that mount no Secret: it must be able to get what it refers to, for new pods and old ones."""
    user = {"username": "system:node:one", "groups": ["system:nodes"]}
    node = User("system:node:one", "", ("system:nodes",))
    right = UserQuestion(node, "get", "secrets", "shop", "db")

    for asked in (document(pod(OWN), userInfo=user), document(pod(OWN), pod(annotations={}), userInfo=user)):
        assert questions(asked, world()) == (right,)
        assert codes(finished(asked, world())) == ["requester-denied"]
        assert codes(finished(asked, world(), right)) == []


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_built_in_controllers(name: str) -> None:
    """Kubernetes' own controllers pass on what somebody else has written."""
    assert codes(finished(document(service(), userInfo={"username": name}), world())) == []


@pytest.mark.parametrize(
    "name",
    [
        "system:serviceaccount:shop:deployment-controller",
        "system:serviceaccount:kube-system:deployment-controllers",
        "system:node:one",
        "",
    ],
)
def test_names_like_a_controllers(name: str) -> None:
    """Only the exact names count."""
    manifest = service()
    manifest["metadata"]["ownerReferences"] = [{"kind": "Deployment", "name": "web", "controller": True}]

    assert codes(finished(document(manifest, userInfo={"username": name}), world())) == ["requester-denied"]


def test_a_secret_that_the_pods_values_name() -> None:
    """Where the Secret's name is not known yet, who makes no pods must be able to get all of the namespace."""
    asked = document(service("ENC[k8s_secret@shop/db-%%host%%/password]"))
    everything = may("get", "secrets", "shop")

    assert codes(finished(asked, world(), everything)) == []
    assert "nor get Secrets of shop\n" in message(finished(asked, world(), SECRET))


def test_the_message() -> None:
    """The refusal names the requester, what he lacks, and what would help."""
    text = message(finished(document(service()), world()))

    assert "ann may neither create pods in namespace shop nor get Secret shop/db" in text
    assert '`get` secrets with resourceNames ["db"] in namespace shop' in text


def many(number: int) -> dict[str, object]:
    """Return the review of a pod that names so many Secrets of another namespace."""
    annotations = {
        f"ad.datadoghq.com/app{index}.checks": checks(f"ENC[k8s_secret@bank/s{index}/p]")
        for index in range(number)
    }
    return document(pod(annotations=annotations))


def test_no_pod_asks_without_end() -> None:
    """A review asks so many questions and no more; what is not asked is a no."""
    asked = questions(many(MOST_QUESTIONS + 5), world())
    answer = review(many(MOST_QUESTIONS + 5), world(), dict.fromkeys(asked, True))

    assert len(asked) == MOST_QUESTIONS
    assert isinstance(answer, Answer)
    assert len(codes(answer)) == 5
    assert "was not asked everything" in message(answer)


def test_nobody_answers() -> None:
    """With nothing more to ask, what has no answer counts as a no, and the message says so."""
    answer = review(document(pod()), world(), {}, last=True)

    assert isinstance(answer, Answer)
    assert codes(answer) == ["access-denied"]
    assert "did not answer" in message(answer)
    assert "did not answer" not in message(finished(document(pod()), world()))


def test_an_open_question_is_no_answer() -> None:
    """While a question is open, the rule says neither yes nor no."""
    asking, target = Asking({}), SecretTarget("shop", "db", "password")

    assert may_refer(User("ann"), "shop", target, asking) is None
    assert list(asking.open) == [UserQuestion(User("ann"), "create", "pods", "shop")]
