"""How long access answers are remembered, and what counts as one."""

from collections.abc import Callable
from typing import Any

import pytest

from enc_operator.cluster.access import AccessAnswers
from enc_operator.cluster.calls import ApiError
from enc_operator.core.inventory import Question
from scripted_api import Line, Start


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def questions(*secrets: str) -> list[Question]:
    """Make questions for Secrets."""
    return [Question("ns", "default", "ns", each) for each in secrets]


def says(**status: Any) -> Callable[[Line], Line]:
    """Answer every review so."""
    return lambda line: line.answer({"status": status})


def ask(answers: AccessAnswers, *secrets: str) -> None:
    """Ask about Secrets."""
    for each in questions(*secrets):
        answers.ask(each)


def test_the_review_names_the_account_and_its_groups(start: Start) -> None:
    """User and groups are those of the ServiceAccount's token; no group of administrators is among them."""
    api = start(says(allowed=True))

    assert AccessAnswers(api.gateway()).ask(Question("apps", "web", "db", "pw"))

    asked = api.next_asked()
    assert (asked.method, asked.path) == ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews")
    assert asked.body["spec"] == {
        "user": "system:serviceaccount:apps:web",
        "groups": ["system:serviceaccounts", "system:serviceaccounts:apps", "system:authenticated"],
        "resourceAttributes": {
            "verb": "get",
            "version": "v1",
            "resource": "secrets",
            "namespace": "db",
            "name": "pw",
        },
    }


@pytest.mark.parametrize(
    "body", [{}, {"status": {}}, {"status": {"allowed": "yes"}}, {"status": None}], ids=str
)
def test_what_is_neither_yes_nor_no_is_no_answer(start: Start, body: Any) -> None:
    """Such an answer is a failure, and never taken for one of the two."""
    answers = AccessAnswers(start(lambda line: line.answer(body)).gateway())

    with pytest.raises(ApiError, match="neither yes nor no") as caught:
        ask(answers, "a")

    assert caught.value.reason == "Unreachable"
    assert len(answers) == 0


def test_the_oldest_are_forgotten(start: Start) -> None:
    """No more than the limit is kept; what was asked again is new."""
    clock = Clock()
    answers = AccessAnswers(start(says(allowed=True)).gateway(), limit=3, clock=clock)
    ask(answers, *"abcade")
    assert len(answers) == 3

    clock.now += 4000

    assert answers.overdue() == frozenset(questions("a", "d", "e"))


@pytest.mark.parametrize(
    ("status", "lasts", "ends"),
    [
        ({"allowed": True}, 2600, 3601),
        ({"allowed": False}, 2600, 3601),
        ({"allowed": False, "evaluationError": "away"}, 40, 61),
        ({"allowed": True, "evaluationError": "a role is missing"}, 2600, 3601),
    ],
    ids=[
        "a yes for an hour",
        "a no for an hour",
        "a doubtful no for a minute",
        "a yes in spite of an error for an hour",
    ],
)
def test_answers_are_trusted_for(start: Start, status: Any, lasts: float, ends: float) -> None:
    """After that they are overdue, once, and to be asked anew."""
    clock = Clock()
    answers = AccessAnswers(start(says(**status)).gateway(), clock=clock)
    ask(answers, "a")

    clock.now += lasts
    assert answers.overdue() == frozenset()
    clock.now += ends - lasts
    assert (answers.overdue(), answers.overdue()) == (frozenset(questions("a")), frozenset())


def test_an_answer_soon_after_a_drop_is_asked_again(start: Start) -> None:
    """An API server may not have heard of the change yet: its answer is used, and doubted after some seconds."""
    clock = Clock()
    answers = AccessAnswers(start(says(allowed=True)).gateway(), clock=clock)
    ask(answers, "before")
    answers.drop()
    ask(answers, "soon")
    clock.now += 4.9
    assert answers.overdue() == frozenset()
    clock.now += 0.2
    ask(answers, "later")

    assert answers.overdue() == frozenset(questions("soon"))
    assert len(answers) == 1
