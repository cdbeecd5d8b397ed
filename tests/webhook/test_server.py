"""Reviews over HTTPS: an answer in every case, within limits and in time."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from enc_operator.webhook.places import Judged
from serving_reviews import UID, Served, answer, make_certificates, review

Start = Callable[..., Served]


def test_what_the_judge_says_is_answered(serving: Start) -> None:
    """The document comes back as it is, and is counted under each of its codes."""
    denied = Judged("denied", answer(UID, "no"), ("access-denied", "handle-malformed"))
    served = serving(lambda _: denied)

    assert served.post(review()) == (200, denied.document)
    samples = served.samples()
    assert samples["enc_admission_decisions_total", "denied", "access-denied"] == 1
    assert samples["enc_admission_decisions_total", "denied", "handle-malformed"] == 1
    assert samples["enc_admission_seconds_count", "denied"] == 1


def test_there_is_nothing_else(serving: Start) -> None:
    """Reviews are posted to one path."""
    served = serving()

    assert served.post(review(), "/")[0] == 404
    with served.client() as pool:
        assert pool.request("GET", "/validate").status == 405


def test_what_is_to_be_changed_is_another_judges(serving: Start) -> None:
    """Each door has its own path, also for what is too large for either; the limits are the same."""
    served = serving(body=2_000_000)

    assert served.post(review(), "/mutate")[0] == 200
    assert served.post(review(object="x" * 2_000_000), "/mutate")[0] == 200
    assert (len(served.judge.asked), len(served.mutator.asked)) == (0, 1)
    assert (len(served.judge.left), len(served.mutator.left)) == (0, 1)


def test_a_trial_is_refused_and_not_counted(serving: Start) -> None:
    """Nobody decides about it, whether there is a world or not; what is none gets the usual answer."""
    served = serving()

    status, said = served.post(review(), "/probe?timeout=3s")

    assert (status, said["response"]["uid"], said["response"]["allowed"]) == (200, UID, False)
    assert said["response"]["status"]["code"] == 403
    assert served.post(b"{}", "/probe")[0] == 400
    assert not [key for key in served.samples() if key[0].startswith("enc_admission_decisions")]


def test_a_trial_that_waits_too_long_has_arrived(serving: Start) -> None:
    """It is refused all the same, with the reason."""
    served = serving(body=2_000_000)

    said = served.post(review(object="x" * 2_000_000), "/probe")[1]

    assert "larger than" in said["response"]["status"]["message"]


def test_the_api_server_is_heard_and_nobody_else(serving: Start) -> None:
    """It says how long it waits; a trial of the own server does not."""
    served = serving()

    served.post(review(), "/validate")
    assert served.reviews.heard == float("-inf")
    before = time.monotonic()
    served.post(review(), "/validate?timeout=10s")
    assert before <= served.reviews.heard <= time.monotonic()


def test_what_is_no_review_is_a_bad_request(serving: Start) -> None:
    """Who sends it is told so."""
    status, said = serving(lambda _: Judged("not_judged", None)).post(b"{}")

    assert (status, "AdmissionReview" in said) == (400, True)


def chunks(body: bytes) -> Iterator[bytes]:
    """Yield a body whose length nobody said."""
    for start in range(0, len(body), 1 << 16):
        yield body[start : start + (1 << 16)]


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_a_large_review_is_judged(serving: Start, *, chunked: bool) -> None:
    """One of 14 MB is what two objects of 1 MB can grow to."""
    served = serving()
    body = review(object={"data": "a" * 14_000_000})

    status, said = served.post(chunks(body) if chunked else body, chunked=chunked)

    assert (status, said["response"]["allowed"]) == (200, True)
    assert served.judge.asked == [body]


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_a_review_over_the_limit_is_answered_and_not_decoded(serving: Start, *, chunked: bool) -> None:
    """Its uid is read from where the API server writes it."""
    served = serving(body=2_000_000)
    body = review(object={"data": "a" * 2_000_000})

    status, said = served.post(chunks(body) if chunked else body, chunked=chunked)

    assert (status, said["response"]["uid"]) == (200, UID)
    assert "larger than" in said["response"]["status"]["message"]
    assert served.judge.asked == []
    assert served.samples()["enc_admission_decisions_total", "not_judged", "undecided"] == 1


@pytest.mark.parametrize(
    "body",
    [b"[" + b"0," * 1_000_000 + b"0]", b'{"request":{"uid":"a"}' + b" " * 2_000_000 + b"}"],
    ids=["a list", "not as the API server writes it"],
)
def test_what_nobody_can_name_over_the_limit_is_a_bad_request(serving: Start, body: bytes) -> None:
    """There is no review to answer."""
    assert serving(body=1_500_000).post(body)[0] == 400


def test_nothing_is_unpacked(serving: Start) -> None:
    """A few bytes could become gigabytes; the API server packs nothing."""
    served = serving()
    packed = gzip.compress(review())

    served.post(packed, headers={"Content-Encoding": "gzip"})

    assert served.judge.asked == [packed]


def test_an_error_inside_is_an_answer_and_a_log_line_without_values(
    serving: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """It says of what kind the error was and where it arose, not what it said: that may be from the object."""

    def fail(body: bytes) -> Judged:
        raise LookupError(body.decode())

    status, said = serving(fail).post(review(object={"metadata": {"name": "of-somebody"}}))

    assert (status, said["response"]["uid"]) == (200, UID)
    assert "LookupError" in said["response"]["status"]["message"]
    assert "LookupError" in caplog.text
    assert "in fail" in caplog.text
    assert "of-somebody" not in caplog.text + str(said)


@pytest.mark.parametrize(
    ("seconds", "path"),
    [(0.2, "/validate"), (10, "/validate?timeout=1s")],
    ids=["the settings' deadline", "the API server's own"],
)
def test_who_is_late_is_answered_for(serving: Start, seconds: float, path: str) -> None:
    """The answer comes while the judge is still at it."""
    over = threading.Event()

    def wait(_: bytes) -> Judged:
        over.wait(20)
        return Judged("approved", answer(UID))

    served = serving(wait, seconds=seconds)
    try:
        status, said = served.post(review(), path)
    finally:
        over.set()

    assert (status, said["response"]["uid"]) == (200, UID)
    assert "in time" in said["response"]["status"]["message"]


def test_no_more_are_judged_at_once_than_there_are_places(serving: Start) -> None:
    """Those whose time is over keep their places until their threads are done: nothing piles up."""
    over, began = threading.Event(), threading.Semaphore(0)

    def wait(_: bytes) -> Judged:
        began.release()
        over.wait(20)
        return Judged("approved", answer(UID))

    served = serving(wait, seconds=0.5, concurrent=2)
    with ThreadPoolExecutor(6) as clients:
        said = [clients.submit(served.post, review()) for _ in range(6)]
        answers = [each.result(20) for each in said]
        assert began.acquire(timeout=5)
        assert began.acquire(timeout=5)
        over.set()

    assert [status for status, _ in answers] == [200] * 6
    assert len(served.judge.asked) == 2
    assert served.post(review())[1]["response"]["allowed"]


def test_large_reviews_come_one_after_the_other_and_keep_no_small_one_waiting(serving: Start) -> None:
    """Only one of them is in memory at a time."""
    over, began = threading.Event(), threading.Event()
    large = review(object={"data": "a" * 1_100_000})

    def wait_if_large(body: bytes) -> Judged:
        if len(body) > 1_000_000:
            began.set()
            over.wait(20)
        return Judged("approved", answer(UID))

    served = serving(wait_if_large, seconds=20)
    with ThreadPoolExecutor(3) as clients:
        waiting = [clients.submit(served.post, large) for _ in range(3)]
        assert began.wait(10)
        assert served.post(review())[0] == 200
        assert len(served.judge.asked) == 2
        over.set()
        assert [each.result(20)[0] for each in waiting] == [200] * 3


def test_large_reviews_have_one_thread(serving: Start) -> None:
    """The allocator keeps for each thread what it once needed."""
    threads = set()

    def note(body: bytes) -> Judged:
        threads.add((len(body) > 1_000_000, threading.get_ident()))
        return Judged("approved", answer(UID))

    served = serving(note, seconds=20)
    for _ in range(3):
        served.post(review(object={"data": "a" * 1_100_000}))
        served.post(review())

    assert len([name for is_large, name in threads if is_large]) == 1
    assert len({name for _, name in threads}) == len(threads)


def test_a_new_certificate_is_shown_and_connections_last(serving: Start) -> None:
    """Who is connected goes on; who connects is shown the new one."""
    served = serving()
    new = make_certificates()
    with served.client() as before, served.client(new.bundle) as after:
        assert before.request("POST", "/validate", body=review()).status == 200
        assert served.tls.use(new.chain, new.key)
        assert before.request("POST", "/validate", body=review()).status == 200
        assert before.num_connections == 1
        assert after.request("POST", "/validate", body=review()).status == 200
    assert not served.tls.use(new.chain, new.key)


def test_what_the_log_says_of_a_review(serving: Start, caplog: pytest.LogCaptureFixture) -> None:
    """Its uid, by which the audit log knows it, the decision and how long it took; nothing of the object."""
    caplog.set_level("INFO")
    serving().post(review(object={"metadata": {"name": "of-somebody"}}))

    assert f"{UID} approved" in caplog.text
    assert "of-somebody" not in caplog.text
