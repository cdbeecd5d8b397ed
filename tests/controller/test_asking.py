"""What is asked when, by whom, and which answer counts."""

import threading

import pytest

from asking_bench import Bench, question
from enc_operator.controller.asking import Asking
from enc_operator.core.ledger.ledger import Ledger
from living import AGENTS, NOW, facts, frame, pod
from reconciling import INSTALL, Answers


def test_a_question_is_asked_once() -> None:
    """While it is under way, and after it is answered."""
    bench = Bench("db")
    bench.asking.exchange(bench.ledger)
    bench.asking.exchange(bench.ledger)
    assert bench.asking.deciding
    assert bench.asking.undecided_in() == {"bank"}

    bench.work()
    bench.work()

    assert bench.asked() == ["db"]
    assert bench.ledger.answers[question("db")] is False
    assert bench.woken > 0
    assert not bench.asking.deciding
    assert list(bench.asking.patience()) == []


def test_what_was_waited_for_is_told() -> None:
    """From when it was asked, not from when it was answered."""
    bench = Bench("db")
    assert bench.asking.exchange(bench.ledger) is None
    bench.now += 3
    bench.new.work()

    assert bench.asking.exchange(bench.ledger) == 100.0


def test_an_answer_may_come_while_the_same_is_asked_anew() -> None:
    """Both answers are taken, the later one counts, and only the first was waited for."""
    bench = Bench("db")
    bench.asking.exchange(bench.ledger)
    bench.asking.changed(bench.ledger, at_once=True)
    bench.new.work()
    assert bench.asking.exchange(bench.ledger) == 100.0

    bench.access.yes = {question("db")}
    bench.new.work()

    assert bench.asking.exchange(bench.ledger) is None
    assert bench.ledger.answers[question("db")] is True
    assert not bench.asking.deciding


def test_an_answer_does_not_outlive_its_question() -> None:
    """A right that is revoked while no pod needs it is not there for the pod that comes later."""
    bench = Bench("db", "other")
    bench.access.yes = {question("db")}
    bench.work()
    assert bench.ledger.answers[question("db")] is True

    bench.leave("db")
    bench.access.yes = set()
    bench.asking.changed(bench.ledger, at_once=True)
    bench.work()
    bench.asked()
    bench.refer("db")
    assert question("db") not in bench.ledger.answers
    bench.work()

    assert bench.asked() == ["db"]
    assert bench.ledger.answers[question("db")] is False


def test_an_answer_that_comes_too_late_is_nobodys() -> None:
    """What was asked before the change is not taken for a pod that comes after it."""
    bench = Bench("db", "other")
    bench.access.yes = {question("db")}
    bench.asking.exchange(bench.ledger)
    bench.leave("db")
    bench.new.work()
    bench.access.yes = set()
    bench.asking.changed(bench.ledger, at_once=True)
    bench.asking.exchange(bench.ledger)
    assert question("db") not in bench.ledger.answers

    bench.refer("db")
    bench.work()

    assert bench.ledger.answers[question("db")] is False


def test_everything_is_asked_again_after_a_change_but_new_things_first() -> None:
    """Not at once: changes come in crowds."""
    bench = Bench("db")
    bench.work()
    bench.access.yes = {question("db")}
    bench.asking.changed(bench.ledger)
    bench.asked()

    bench.work()
    assert bench.asked() == []
    assert list(bench.asking.patience()) == [1.0]
    bench.now += 1
    bench.refer("new")
    bench.asking.exchange(bench.ledger)
    assert (len(bench.new.waiting) > 0, len(bench.again.waiting) > 0) == (True, True)
    bench.work()

    assert bench.asked() == ["new", "db"]
    assert bench.ledger.answers[question("db")] is True


def test_one_round_after_the_other() -> None:
    """Where RBAC changes faster than everything can be asked, all of it is asked in the end."""
    bench = Bench("db")
    bench.work()
    bench.asking.changed(bench.ledger, at_once=True)
    bench.asking.exchange(bench.ledger)
    first = len(bench.again.waiting)
    bench.asking.changed(bench.ledger, at_once=True)
    bench.asking.exchange(bench.ledger)
    assert len(bench.again.waiting) == first
    assert list(bench.asking.patience()) == []

    bench.asked()
    bench.again.work()
    bench.asking.exchange(bench.ledger)
    bench.again.work()

    assert bench.asked() == ["db", "db"]


def test_an_older_answer_counts_for_nothing_once_it_was_asked_anew() -> None:
    """It may be that of before the change."""
    bench = Bench("db")
    bench.asking.exchange(bench.ledger)
    before = bench.new.waiting.copy()
    bench.new.waiting.clear()
    bench.asking.changed(bench.ledger, at_once=True)
    bench.asking.exchange(bench.ledger)
    bench.access.yes = {question("db")}
    bench.new.work()
    bench.asking.exchange(bench.ledger)
    bench.access.yes = set()
    bench.asked()

    for each in before:
        each()
    bench.asking.exchange(bench.ledger)

    assert bench.asked() == []
    assert bench.ledger.answers[question("db")] is True


def test_what_has_no_answer_is_tried_again_with_growing_patience(caplog: pytest.LogCaptureFixture) -> None:
    """And said in the log."""
    bench = Bench("db")
    bench.access.silent = True
    waits: list[float] = []
    for _ in range(7):
        bench.work()
        assert bench.asking.unanswered > 0
        waits += bench.asking.patience()
        bench.now += 8

    assert waits[0] <= 0.5
    assert 4 <= waits[-1] <= 8
    assert "without an answer: POST /reviews: away" in caplog.text
    bench.access.silent = False
    bench.now += 8
    bench.work()
    assert bench.asking.unanswered == 0


def test_without_an_answer_it_counts_as_a_no_in_the_end() -> None:
    """After a minute; when RBAC speaks again, its word counts."""
    bench = Bench("db")
    bench.access.silent, bench.access.yes = True, {question("db")}
    bench.work()
    bench.now += 61
    bench.work()
    assert bench.ledger.answers[question("db")] is False
    assert not bench.asking.deciding

    bench.access.silent = False
    bench.now += 9
    bench.work()

    assert bench.ledger.answers[question("db")] is True


def test_a_no_for_want_of_an_answer_is_known_as_one() -> None:
    """Until there is an answer, or nobody asks any more: it gives nothing, and calls nothing safe."""
    bench = Bench("db")
    bench.access.silent = True
    bench.work()
    assert bench.asking.presumed == frozenset()

    bench.now += 61
    bench.work()
    assert question("db") in bench.asking.presumed
    assert bench.ledger.answers[question("db")] is False

    bench.access.silent = False
    bench.now += 10
    bench.work()
    assert bench.asking.presumed == frozenset()


def test_what_nobody_refers_to_any_more_is_not_asked_again() -> None:
    """Neither what failed nor what is overdue."""
    bench = Bench("db")
    bench.access.silent = True
    bench.work()
    bench.asked()
    bench.refer()
    bench.ledger.apply(facts(pod("db", "plain")), NOW)
    bench.access.late = frozenset({question("db")})
    bench.now += 9

    bench.work()

    assert bench.asked() == []
    assert (bench.asking.unanswered, bench.asking.deciding) == (0, False)


def test_real_threads_answer() -> None:
    """As they do in the operator."""
    answers = Answers()
    ledger = Ledger(frame(), AGENTS)
    ledger.apply(facts(*INSTALL, pod("a", "k8s_secret@bank/db/k")), NOW)
    woken = threading.Event()
    asking = Asking(answers, woken.set)
    asking.exchange(ledger)
    while asking.deciding:
        assert woken.wait(10)
        woken.clear()
        asking.exchange(ledger)
    asking.close()

    assert ledger.answers[question("db")] is False
