"""What the API server's answer to a trial means, and what follows for readiness."""

from collections.abc import Iterator, Sequence
from itertools import repeat

import pytest

from enc_operator.cluster.calls import ApiError, Call
from enc_operator.webhook.reach import (
    MISSES,
    PATIENCE,
    Reach,
    Reached,
    Standing,
    Unasked,
    Unknown,
    Unreached,
    read_answer,
    same,
)

CALL = Call("POST", "/grants")
X509 = Unreached("x509: certificate signed by unknown authority")
SILENT = Unreached("context deadline exceeded")
DESERTED = Unreached("connection refused", deserted=True)
NOBODY_KNOWS = Unknown("503 the API server is busy")


def refusal(status: int, said: str) -> ApiError:
    """Return what a call raises."""
    return ApiError(CALL, status, "", f"{status} {said}")


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (None, Unasked()),
        (refusal(403, 'admission webhook "probe.enc-operator.io" denied the request: a trial'), Reached()),
        (
            refusal(500, 'Internal error occurred: failed calling webhook "probe.enc-operator.io": failed to call webhook: EOF'),
            Unreached("failed to call webhook: EOF"),
        ),
        (refusal(403, 'admission webhook "consents.enc-operator.io" denied the request'), None),
        (refusal(500, 'Internal error occurred: failed calling webhook "of-others.example.com": EOF'), None),
        (refusal(403, 'secretgrants.enc-operator.io is forbidden: User "a" cannot create resource'), None),
        (ApiError(CALL, 0, "Unreachable", "no route to host"), None),
    ],
    ids=["it is let through", "it is refused by us", "we are not reached", "another install's webhook refuses it",
         "another webhook is not reached", "RBAC refuses it", "the API server is not reached"],
)  # fmt: skip
def test_only_what_names_our_webhook_says_something_of_the_way(
    answer: ApiError | None, found: Reach | None
) -> None:
    """Everything else is not known, and says so in the API server's words."""
    expected = found or Unknown(answer.said if answer else "", answer.fix if answer else "")

    assert read_answer(answer) == expected


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (X509, ["x509: certificate signed by unknown authority; see that the caBundle"]),
        (SILENT, ["context deadline exceeded; let the API server reach port 8443"]),
        (DESERTED, ["no replica is in the Service yet: connection refused"]),
        (Unasked(), ["nobody asks the webhook", "helm upgrade"]),
        (Unknown("403 no", "give it the right"), ["it is not known", "403 no; give it the right"]),
        (NOBODY_KNOWS, ["it is not known", "is busy"]),
    ],
    ids=["whom it trusts", "the network", "nobody yet", "no configuration", "no right", "no answer"],
)
def test_what_is_found_is_said_with_what_to_do(found: Reach, said: Sequence[str]) -> None:
    """In the API server's words."""
    assert [part for part in said if part not in found.text] == []


def follow(standing: Standing, trials: Sequence[Reach], asked: Iterator[int] | None = None) -> Standing:
    """Return where trials leave a replica that nobody asks otherwise."""
    for found, heard in zip(trials, asked or repeat(0), strict=False):
        standing = standing.after(found, asked=bool(heard))
    return standing


NEW, READY = Standing(), Standing().after(Reached(), asked=False)
GONE = follow(READY, [X509] * MISSES)


@pytest.mark.parametrize(
    ("begun", "trials", "is_open"),
    [
        (NEW, [], False),
        (NEW, [Reached()], True),
        (NEW, [DESERTED], True),
        (NEW, [NOBODY_KNOWS], True),
        (NEW, [X509], False),
        (NEW, [Unasked()], False),
        (NEW, [X509, Reached()], True),
        (NEW, [SILENT] * (PATIENCE - 1), False),
        (NEW, [SILENT] * PATIENCE, True),
        (NEW, [Unasked()] * PATIENCE, True),
        (NEW, [SILENT] * (PATIENCE + MISSES - 1), True),
        (NEW, [SILENT] * (PATIENCE + MISSES), False),
        (READY, [X509] * (MISSES - 1), True),
        (READY, [X509] * MISSES, False),
        (READY, [X509, SILENT, X509], False),
        (READY, [X509, X509, Reached(), X509, X509], True),
        (READY, [X509, X509, NOBODY_KNOWS, X509, X509], True),
        (READY, [Unasked()] * 100, True),
        (READY, [NOBODY_KNOWS] * 100, True),
        (READY, [DESERTED] * 100, True),
        (GONE, [X509] * 100, False),
        (GONE, [Reached()], True),
        (GONE, [DESERTED], True),
        (GONE, [Unasked()], True),
        (GONE, [NOBODY_KNOWS], True),
    ],
    ids=[
        "a new one that was not tried", "a new one that is reached", "the first one of all", "a new one of which nothing is known",
        "a new one beside others that are not reached", "a new one without a configuration", "a new one that is reached later",
        "a new one that others have waited for", "or for too long", "or that nobody asks for too long",
        "which has its three trials then", "and no more than three",
        "a ready one that is not reached twice", "three times", "for different reasons", "with a success in between",
        "with a trial in between that says nothing", "a ready one without a configuration", "a ready one of which nothing is known",
        "the last one", "an unready one that is still not reached", "that is reached again", "beside which nobody is ready any more",
        "whose configuration is deleted", "of which nothing is known any more",
    ],
)  # fmt: skip
def test_readiness_follows_the_trials(begun: Standing, trials: Sequence[Reach], *, is_open: bool) -> None:
    """What keeps a replica from being asked is evidence alone, and never where nobody else could be."""
    found = follow(begun, trials)

    assert found.is_open == is_open
    assert bool(found.unready) != is_open


def test_who_is_asked_is_reached() -> None:
    """Whatever becomes of the trials: another API server may reach it, or they went to another replica."""
    found = follow(READY, [X509] * 4, iter([0, 0, 1, 0]))

    assert (found.is_open, found.misses) == (True, 1)
    assert follow(GONE, [X509], iter([1])).is_open
    assert follow(NEW, [Unasked()], iter([1])).reached


@pytest.mark.parametrize(
    ("trials", "reached", "is_hurried"),
    [([], None, True), ([Reached()], True, False), ([X509], False, True), ([Unasked()], False, True), ([DESERTED], False, True),
     ([NOBODY_KNOWS], None, False), ([Reached(), X509], False, False)],
    ids=["not tried", "reached", "not reached", "not asked", "nobody yet", "not known", "once reached"],
)  # fmt: skip
def test_what_is_told_and_how_soon_it_is_tried_again(
    trials: Sequence[Reach], *, reached: bool | None, is_hurried: bool
) -> None:
    """Nothing is told while nothing is known; whoever waits for readiness does not wait for the next round."""
    found = follow(NEW, trials)

    assert (found.reached, found.is_hurried) == (reached, is_hurried)


def test_of_two_that_are_not_reached_one_stays_to_try() -> None:
    """When the way is open again somebody is there to find out: never are both out for more than a trial."""
    replicas = [READY, follow(READY, [X509])]
    out = 0
    for _ in range(200):
        for index, each in enumerate(replicas):
            deserted = not any(other.is_open for other in replicas)
            replicas[index] = follow(each, [DESERTED if deserted else X509])
        out = 0 if any(each.is_open for each in replicas) else out + 1
        assert out <= 1


def test_ports_and_times_make_no_news() -> None:
    """The API server names its own port, and the time of day, in some of its words."""
    one, other = (
        Unreached("read tcp 10.0.0.1:51000: i/o timeout"),
        Unreached("read tcp 10.0.0.1:51002: i/o timeout"),
    )

    assert same(one, other)
    assert not same(one, X509)
    assert not same(None, X509)
