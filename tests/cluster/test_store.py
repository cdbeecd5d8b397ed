"""The store, the back-off, collections and what the gateway makes of failures: the pure parts."""

import pytest

from enc_operator.cluster.backoff import Backoff
from enc_operator.cluster.calls import Call, failure_told
from enc_operator.cluster.collections import Collection
from enc_operator.cluster.store import Key, Store

A, B, C = Key("one", "a", "1"), Key("one", "b", "2"), Key("two", "a", "3")


def test_a_store_is_read_by_key_name_and_namespace() -> None:
    """What is put is found each way; what is removed is found in none."""
    store: Store[int] = Store()
    store.replace({A: 1, B: 2, C: 3})
    store.remove(C)
    store.put(A, 4)

    assert (store.get(A), store.get(C), len(store)) == (4, None, 2)
    assert store.items() == {A: 4, B: 2}
    assert store.in_namespace("one") == {A: 4, B: 2}
    assert store.in_namespace("two") == {}
    assert (store.find("one", "b"), store.find("two", "a"), store.find("three", "x")) == ((B, 2), None, None)


def test_one_name_is_one_object() -> None:
    """The successor of a name takes its predecessor's place, and the predecessor's removal leaves it."""
    store: Store[int] = Store()
    later = A._replace(uid="9")
    store.put(A, 1)
    store.put(later, 2)
    store.remove(A)

    assert store.items() == {later: 2}
    assert store.find("one", "a") == (later, 2)


def test_replacing_forgets_everything_else() -> None:
    """Also its names and namespaces; of two that share a name the last counts."""
    store: Store[int] = Store()
    store.put(A, 1)
    later = B._replace(uid="9")
    store.replace({B: 2, later: 3})

    assert store.items() == {later: 3}
    assert store.find("one", "a") is None


def test_waits_double_up_to_the_longest() -> None:
    """Each wait is between half and the whole of its step."""
    backoff = Backoff(first=1, longest=8, clock=lambda: 0.0)

    waits = [backoff.after_failure() for _ in range(6)]

    steps = [1, 2, 4, 8, 8, 8]
    assert all(step / 2 <= wait <= step for wait, step in zip(waits, steps, strict=True))


def test_after_a_good_while_the_first_wait_is_short_again() -> None:
    """The while counts from the end of the last wait."""
    now = [0.0]
    backoff = Backoff(first=1, longest=64, calm=10, clock=lambda: now[0])
    for _ in range(5):
        now[0] += backoff.after_failure() + 9
    now[0] += 2

    assert backoff.after_failure() <= 1


@pytest.mark.parametrize(("asked", "least"), [(None, 0.5), (0.1, 0.5), (20.0, 20.0), (10_000.0, 120.0)])
def test_a_server_is_given_the_time_that_it_asks_for(asked: float | None, least: float) -> None:
    """Within reason."""
    assert least <= Backoff(first=1).after_failure(asked) <= max(1.0, least)


@pytest.mark.parametrize(
    ("path", "namespaced"),
    [
        ("/api/v1/pods", "/api/v1/namespaces/ns/pods"),
        (
            "/apis/enc-operator.io/v1alpha1/secretgrants",
            "/apis/enc-operator.io/v1alpha1/namespaces/ns/secretgrants",
        ),
    ],
    ids=["the core group", "any other group"],
)
def test_a_collection_has_a_part_in_each_namespace(path: str, namespaced: str) -> None:
    """The selectors stay."""
    part = Collection(path, {"labelSelector": "x"}).namespaced("ns")

    assert (part.path, part.query) == (namespaced, {"labelSelector": "x"})
    assert str(part) == namespaced


@pytest.mark.parametrize(
    ("told", "status", "reason", "retry_after"),
    [
        ({"code": 410, "reason": "Expired", "message": "too old"}, 410, "Expired", None),
        ({"code": 410, "message": "too old"}, 410, "Expired", None),
        (
            {"code": 500, "reason": "InternalError", "details": {"retryAfterSeconds": 2}},
            500,
            "InternalError",
            2.0,
        ),
        ({}, 0, "Unknown", None),
        ({"code": "x", "details": "y"}, 0, "Unknown", None),
    ],
    ids=["expired", "without a reason", "with a time", "nothing", "nonsense"],
)
def test_a_failure_inside_an_answer_is_told_like_any_other(
    told: dict[str, object], status: int, reason: str, retry_after: float | None
) -> None:
    """Status, reason and time of an ERROR event are those of its Status."""
    failure = failure_told(Call("GET", "/x"), told)

    assert (failure.status, failure.reason, failure.retry_after) == (status, reason, retry_after)
