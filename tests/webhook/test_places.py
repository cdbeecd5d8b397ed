"""Where reviews are judged, and that none slows the others: one that may turn out otherwise waits without a place, and is answered in time."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from enc_operator.webhook.places import Judged
from serving_reviews import UID, Served, answer, review

Start = Callable[..., Served]
ALLOWED = Judged("approved", answer(UID))
BAD, GOOD = review(object={"metadata": {"name": "bad"}}), review(object={"metadata": {"name": "good"}})
LARGE = review(object={"data": "bad" + "a" * 1_100_000})


class Refusing:
    """Refuses what is bad, and lets it be judged anew as often as it is told."""

    def __init__(self, turns: Iterable[bool], then: Judged | None = None) -> None:
        self.turns, self.then = iter(turns), then
        self.said: list[str] = []
        self.refused = threading.Event()

    def __call__(self, body: bytes) -> Judged:
        """Judge a review."""
        if b"good" in body:
            self.said.append("good")
            return ALLOWED
        if self.refused.is_set() and self.then:
            return self.then
        self.said.append("refused")
        self.refused.set()
        return Judged("denied", answer(UID, "no"), ("access-denied",), self.again)

    def again(self, *, last: bool) -> bool:
        """Say what the test says."""
        self.said.append("last" if last else "asked")
        return next(self.turns, False)


@pytest.mark.parametrize("refused", [BAD, LARGE], ids=["a small one", "a large one"])
def test_a_refusal_that_waits_keeps_nobody_waiting(serving: Start, refused: bytes) -> None:
    """With one place for all, others are answered while it waits."""
    over = threading.Event()
    judge = Refusing(iter(over.is_set, None), ALLOWED)
    served = serving(judge, concurrent=1, looks=(0.05,) * 400, seconds=30)
    with ThreadPoolExecutor(1) as clients:
        waiting = clients.submit(served.post, refused)
        assert judge.refused.wait(10)
        for _ in range(5):
            assert served.post(GOOD)[1]["response"]["allowed"]
        assert not waiting.done()
        over.set()
        assert waiting.result(30)[1]["response"]["allowed"]

    assert [each for each in judge.said if each != "asked"] == ["refused", *["good"] * 5]


def test_many_refusals_wait_side_by_side(serving: Start) -> None:
    """A hundred of them take as long as one, and not as long as their waits together."""
    served = serving(Refusing([]), concurrent=2, looks=(0.5,), seconds=30)
    began = time.monotonic()
    with ThreadPoolExecutor(100) as clients:
        said = list(clients.map(served.post, [BAD] * 100))

    assert [document["response"]["allowed"] for _, document in said] == [False] * 100
    assert time.monotonic() - began < 25  # two places would take as long for the waits alone


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        pytest.param([], ["refused", "asked", "asked", "last"], id="nothing changes"),
        pytest.param([True], ["refused", "asked"], id="the facts change at once"),
        pytest.param([False, False, True], ["refused", "asked", "asked", "last"], id="they change late"),
    ],
)
def test_it_is_judged_anew_when_the_facts_are_others(
    serving: Start, turns: list[bool], said: list[str]
) -> None:
    """What it comes to then is the answer."""
    judge = Refusing(turns, ALLOWED)
    found = serving(judge, looks=(0.01, 0.01, 0.01)).post(BAD)[1]

    assert judge.said == said
    assert found["response"]["allowed"] is any(turns)


def test_it_goes_on_waiting_where_other_facts_did_not_help(serving: Start) -> None:
    """What changed first may be somebody else's."""
    judge = Refusing([True, True])
    serving(judge, looks=(0.01, 0.01)).post(BAD)

    assert judge.said == ["refused", "asked", "refused", "last", "refused"]


@pytest.mark.parametrize(
    "limits",
    [{"looks": (20.0,), "seconds": 1.0}, {"looks": (20.0,), "waiting": 10, "seconds": 20.0}],
    ids=["no time is left", "too many wait already"],
)
def test_a_refusal_stands_where_it_cannot_wait(serving: Start, limits: dict[str, object]) -> None:
    """Its reason is told, in time, and not that it could not be judged."""
    judge = Refusing([True])
    began = time.monotonic()
    found = serving(judge, **limits).post(BAD)[1]

    assert found["response"]["status"]["message"] == "no"
    assert judge.said == ["refused"]
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("body", "at_once"),
    [
        pytest.param(review(object={"password": "ENC[a]"}), True, id="a pod"),
        pytest.param(review(object={"password": "a" * 17_000}), False, id="a long one"),
        pytest.param(review(object={"password": ["ENC[a]"] * 17}), False, id="many handles"),
        pytest.param(review(object={"password": ["%%host%%"] * 9}), False, id="many variables"),
        pytest.param(LARGE, False, id="a large one"),
    ],
)
def test_what_is_short_is_not_handed_over(serving: Start, body: bytes, *, at_once: bool) -> None:
    """It is judged where it was read, when nobody has to be asked for it; what takes longer keeps nobody waiting in a thread."""
    threads: list[str] = []

    def judge(_: bytes) -> Judged:
        threads.append(threading.current_thread().name)
        return ALLOWED

    served = serving(judge)
    served.judge.quick = True

    assert served.post(body)[1]["response"]["allowed"]
    assert len(threads) == 1
    assert ("review" in threads[0]) is not at_once


class Question:
    """A review that is decided when somebody was asked, and notes in which thread."""

    questions = ("may it?",)

    def __init__(self, threads: list[str]) -> None:
        self._threads = threads

    def decide(self, answers: Mapping[Any, bool], *, last: bool) -> Judged:
        """Allow what was answered with yes."""
        self._threads.append(threading.current_thread().name)
        return ALLOWED if answers.get("may it?") else Judged("denied", answer(UID, "last" if last else "no"))


@pytest.mark.parametrize("size", [0, 17_000, 1_100_000], ids=["a short one", "a long one", "a large one"])
def test_who_has_to_ask_keeps_nobody_from_being_read(serving: Start, size: int) -> None:
    """While the authorizer is slow others are answered, and no thread waits for it."""
    over, asked = threading.Event(), threading.Event()
    threads: list[str] = []

    def judge(body: bytes) -> Any:
        return ALLOWED if b"good" in body else Question(threads)

    async def ask(*_: object) -> bool:
        asked.set()
        await asyncio.to_thread(over.wait, 20)
        return True

    served = serving(judge, seconds=20)
    served.judge.quick, served.asks = True, ask
    with ThreadPoolExecutor(1) as clients:
        waiting = clients.submit(served.post, review(object={"name": "bad" + "a" * size}))
        assert asked.wait(10)
        assert served.post(GOOD)[1]["response"]["allowed"]
        assert not waiting.done()
        over.set()
        assert waiting.result(20)[1]["response"]["allowed"]

    assert ["review" in each for each in threads] == [size > 0]


def test_no_more_ask_at_once_than_there_are_places(serving: Start) -> None:
    """Also of the short ones, which need none otherwise; those that find none in time are answered for."""
    asking, at_once = 0, []

    async def ask(*_: object) -> bool:
        nonlocal asking
        asking += 1
        at_once.append(asking)
        try:
            await asyncio.Event().wait()
        finally:
            asking -= 1
        return True

    served = serving(lambda _: Question([]), concurrent=1, seconds=3)
    served.judge.quick, served.asks = True, ask
    with ThreadPoolExecutor(3) as clients:
        said = [clients.submit(served.post, BAD) for _ in range(3)]
        assert [each.result(20)[0] for each in said] == [200] * 3

    assert set(at_once) == {1}
    assert served.judge.left == ["there was no answer in time"] * 3
