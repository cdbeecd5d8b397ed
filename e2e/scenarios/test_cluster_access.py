"""Access answers from a real API server: right for a ServiceAccount and its groups, never older than a change, never made up."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.faulty_proxy import FaultyProxy, Request, faulty_proxy
from e2e.scenarios.operator_access import administrator_token, direct, through
from e2e.scenarios.secret_access import allow
from enc_operator.cluster.access import AccessAnswers
from enc_operator.cluster.calls import ApiError
from enc_operator.cluster.gateway import Gateway
from enc_operator.core.inventory import Question


@pytest.fixture
def gateway(api_server: Cluster) -> Iterator[Gateway]:
    """Reach the API server."""
    with direct(api_server) as reached:
        yield reached


@pytest.fixture
def proxy(api_server: Cluster, tmp_path: Path) -> Iterator[FaultyProxy]:
    """Put a proxy before the API server."""
    with faulty_proxy(api_server, tmp_path) as running:
        yield running


@pytest.fixture
def proxied(api_server: Cluster, namespace: str, proxy: FaultyProxy) -> Iterator[AccessAnswers]:
    """Ask through the proxy."""
    with through(proxy, administrator_token(api_server, namespace)) as gateway:
        yield AccessAnswers(gateway)


def question(namespace: str, secret: str, account: str = "default") -> Question:
    """Ask whether a ServiceAccount of a namespace may get a Secret there."""
    return Question(namespace, account, namespace, secret)


def is_review(request: Request) -> bool:
    """Match access reviews."""
    return request.path.endswith("subjectaccessreviews")


def wait_for(answers: AccessAnswers, asked: Question, *, allowed: bool) -> None:
    """Wait until the API server's authorizer knows of a change."""
    wait_until(lambda: answers.ask(asked) is allowed, f"{asked} is {allowed}", seconds=10)


def test_answers_are_those_of_the_service_account_and_its_groups(
    api_server: Cluster, gateway: Gateway, namespace: str
) -> None:
    """A Role for the account, one for its namespace's group, and neither; all are remembered."""
    answers = AccessAnswers(gateway)
    allow(api_server, namespace, "default", "own")
    api_server.kubectl(
        "-n", namespace, "create", "role", "g", "--verb=get", "--resource=secrets", "--resource-name=shared"
    )
    api_server.kubectl(
        "-n",
        namespace,
        "create",
        "rolebinding",
        "g",
        "--role=g",
        f"--group=system:serviceaccounts:{namespace}",
    )
    wait_for(answers, question(namespace, "shared"), allowed=True)
    asked = {
        question(namespace, "own"): True,
        question(namespace, "shared"): True,
        question(namespace, "shared", "other"): True,
        question(namespace, "own", "other"): False,
        question(namespace, "theirs"): False,
        Question(namespace, "default", "kube-system", "own"): False,
    }

    assert {each: answers.ask(each) for each in asked} == asked
    assert len(answers) == len(asked)


def test_a_missing_role_is_a_refusal(api_server: Cluster, gateway: Gateway, namespace: str) -> None:
    """A binding to a role that is not there makes the authorizer speak of an error; what else allows still does."""
    answers = AccessAnswers(gateway)
    api_server.kubectl(
        "-n",
        namespace,
        "create",
        "rolebinding",
        "gone",
        "--role=gone",
        f"--serviceaccount={namespace}:default",
    )
    allow(api_server, namespace, "default", "own")
    wait_for(answers, question(namespace, "own"), allowed=True)

    assert not answers.ask(question(namespace, "other"))


def test_a_question_that_is_not_answered_has_no_answer(
    proxy: FaultyProxy, proxied: AccessAnswers, namespace: str
) -> None:
    """It is neither a yes nor a no, and the next time it is asked anew."""
    with proxy.fault(is_review, status=500), pytest.raises(ApiError) as caught:
        proxied.ask(question(namespace, "b"))

    assert caught.value.status == 500
    assert len(proxied) == 0
    assert not proxied.ask(question(namespace, "b"))
    assert len(proxied) == 1


def test_an_answer_that_a_drop_overtook_is_not_remembered(
    proxy: FaultyProxy, proxied: AccessAnswers, namespace: str
) -> None:
    """Asked before RBAC changed and answered after: whoever asked gets it, nobody later."""
    go, got = threading.Event(), list[object]()
    with proxy.fault(is_review, hold=go) as held:
        asking = threading.Thread(target=lambda: got.append(proxied.ask(question(namespace, "a"))))
        asking.start()
        wait_until(lambda: held.met, "it is asked", seconds=10)
        proxied.drop()
        go.set()
        asking.join()

    assert got == [False]
    assert len(proxied) == 0
