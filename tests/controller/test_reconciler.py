"""One pass after the other: what is asked, what is written when, and what is tried again."""

import time

import pytest

from enc_operator.controller import asking
from enc_operator.core.inventory import Question
from enc_operator.process.settings import LeaseName, Settings
from living import Manifest, grant, namespace, pod, ref_of, service
from reconciling import INSTALL, Bench

OWN, FOREIGN = "k8s_secret@shop/db/password", "k8s_secret@bank/db/password"
QUESTION = Question("shop", "web", "bank", "db")


@pytest.fixture
def bench() -> Bench:
    """Make one."""
    return Bench()


def test_who_does_not_lead_knows_and_does_not_write(bench: Bench) -> None:
    """When it leads everything is written at once."""
    bench.tell(*INSTALL, pod("a", OWN))
    assert not bench.reconciler.settled

    bench.reconciler.lead(bench.applier)
    bench.reconciler.step(0)

    assert bench.applier.submitted == [("shop", ["create Role", "create RoleBinding"])]
    bench.finish()
    assert bench.reconciler.settled
    assert len(bench.applier.submitted) == 1
    assert bench.converged


def test_nothing_is_read_before_everything_is_listed(bench: Bench) -> None:
    """A half of the picture is no picture."""
    bench.seen.lacking = ["pods: not listed yet"]
    bench.tell(*INSTALL, pod("a", OWN))
    assert bench.reconciler.ledger.judged() == []

    bench.seen.lacking = []
    bench.reconciler.step(0)

    assert len(bench.reconciler.ledger.judged()) == 1


def test_a_shut_gate_keeps_what_is_due(bench: Bench) -> None:
    """The fence is missing, or the lease is gone: it is written once that is over."""
    bench.leading()
    bench.gate.opened = False
    bench.tell(pod("a", OWN))
    assert bench.applier.submitted == []

    bench.gate.opened = True
    bench.reconciler.step(0)

    assert [name for name, _ in bench.applier.submitted] == ["shop"]


def test_what_came_before_the_gate_opened_is_looked_at_once_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What opened it may have changed what is to be written, and is among the next changes."""
    bench.leading()
    opened = iter([False, True])
    monkeypatch.setattr(bench.gate, "open", lambda: next(opened, True))
    bench.tell(pod("a", OWN))
    assert bench.applier.submitted == []
    assert bench.reconciler.patience() == 0.0

    bench.reconciler.step(0)

    assert [name for name, _ in bench.applier.submitted] == ["shop"]
    assert bench.reconciler.patience() == pytest.approx(5.0)


def test_a_namespace_is_written_by_one_at_a_time(bench: Bench) -> None:
    """What comes meanwhile is looked at when that is done."""
    bench.leading()
    bench.tell(pod("a", OWN))
    bench.tell(pod("b", "k8s_secret@shop/cart/password"))
    assert len(bench.applier.submitted) == 1

    bench.finish()

    assert bench.applier.submitted[1] == ("shop", ["replace Role"])


@pytest.mark.parametrize(
    "where",
    [namespace("shop", terminating=True), namespace("elsewhere")],
    ids=["it is being deleted", "it is another one"],
)
def test_a_namespace_that_is_not_there_holds_nothing(where: Manifest) -> None:
    """Nothing is written in it."""
    bench = Bench()
    bench.tell(*[each for each in INSTALL if ref_of(each).name != "shop"], where, pod("a", OWN))
    bench.reconciler.lead(bench.applier)
    bench.reconciler.step(0)

    assert bench.applier.submitted == []
    assert bench.reconciler.settled

    bench.tell(namespace("shop"))
    assert [name for name, _ in bench.applier.submitted] == ["shop"]


@pytest.mark.parametrize(
    "settings",
    [
        Settings(LeaseName("home", "lease"), protected_namespaces=frozenset({"shop"})),
        Settings(LeaseName("shop", "lease")),
        Settings(LeaseName("home", "lease"), namespaces=frozenset({"dd", "bank"})),
    ],
    ids=["protected", "the operator's own", "outside the install's"],
)
def test_where_the_fence_would_refuse_nothing_is_tried(settings: Settings) -> None:
    """It would fail for ever."""
    bench = Bench(settings=settings).leading(pod("a", OWN))

    assert bench.applier.submitted == []
    assert bench.reconciler.settled


def test_rbac_is_asked_once_and_again_when_it_changed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer opens and closes."""
    monkeypatch.setattr(asking, "_CHANGED_SECONDS", 0.0)
    monkeypatch.setattr(asking, "_ASKED_A_SECOND", float("inf"))
    bench.answers.yes = {QUESTION}
    bench.leading(pod("a", FOREIGN))
    assert bench.applier.submitted == [("bank", ["create Role", "create RoleBinding"])]
    asked = bench.answers.asked.count(QUESTION)
    bench.reconciler.step(0)
    assert bench.answers.asked.count(QUESTION) == asked == 1

    bench.answers.yes = set()
    bench.inbox.rbac_changed()
    bench.reconciler.step(0)

    assert bench.applier.submitted[1] == ("bank", ["delete RoleBinding", "delete Role"])


def test_an_answer_that_is_overdue_is_asked_for_again(bench: Bench) -> None:
    """Only where something still waits for it."""
    bench.leading(pod("a", FOREIGN))
    other = Question("shop", "nobody", "bank", "db")
    bench.answers.asked.clear()
    bench.answers.late = frozenset({QUESTION, other})

    bench.reconciler.step(0)

    assert bench.answers.asked == [QUESTION]


def test_without_an_answer_nothing_changes_for_a_while(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A permission that stands is not taken away because the API server is slow; in the end it counts as a no."""
    seconds = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: seconds[0])
    bench.answers.yes = {QUESTION}
    bench.leading(pod("a", FOREIGN))
    second = Bench(seen=bench.seen)
    second.answers.silent = True

    second.leading(pod("a", FOREIGN))
    for number in range(2):
        assert second.applier.submitted == []
        assert not second.reconciler.settled
        seconds[0] += 25
        second.tell(pod(f"new-{number}", f"k8s_secret@bank/new-{number}/k"))
    seconds[0] += 25
    second.reconciler.step(0)

    assert second.applier.submitted == [("bank", ["delete RoleBinding", "delete Role"])]


def test_new_questions_put_nothing_off(bench: Bench) -> None:
    """Once everything was decided, what is to be taken away is, whatever else waits for an answer."""
    bench.answers.yes = {QUESTION}
    bench.leading(pod("a", FOREIGN))
    bench.answers.silent = True

    bench.tell(pod("a", "plain"), pod("b", "k8s_secret@bank/other/password"))

    assert bench.applier.submitted[1:] == [("bank", ["delete RoleBinding", "delete Role"])]


def test_a_refused_write_is_said_and_tried_again_later(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """With growing patience, and without holding up other namespaces."""
    bench.leading()
    bench.tell(pod("a", OWN))

    bench.finish(bench.refused("403 no", 403))
    assert len(bench.applier.submitted) == 1
    assert [each.message for each in bench.reconciler.progress.problems["shop"]] == ["403 no"]
    assert bench.reconciler.progress.errors == 1
    assert not bench.reconciler.settled
    assert 0 < bench.reconciler.patience() < 1

    bench.tell(pod("b", "k8s_secret@bank/db/password", namespace="bank"))
    assert bench.applier.submitted[-1][0] == "bank"
    bench.finish()

    later = time.monotonic() + 120
    monkeypatch.setattr(time, "monotonic", lambda: later)
    bench.reconciler.step(0)
    assert bench.applier.submitted[-1][0] == "shop"
    bench.finish()
    assert bench.reconciler.progress.problems == {}
    assert bench.reconciler.settled


def test_what_is_refused_holds_up_nothing_else_in_its_namespace(bench: Bench) -> None:
    """Another Agent's permission there is written at once."""
    bench.leading()
    bench.tell(pod("a", OWN))
    bench.finish(bench.refused("403 no", 403))

    bench.tell(service("s", OWN))

    assert bench.applier.submitted[1:] == [("shop", ["create Role", "create RoleBinding"])]
    bench.finish()
    assert [each.message for each in bench.reconciler.progress.problems["shop"]] == ["403 no"]


def test_what_is_not_wanted_any_more_is_not_waited_for(bench: Bench) -> None:
    """The next time it is wanted is a new beginning, however often it was refused."""
    bench.leading()
    for _ in range(9):
        bench.tell(pod("a", OWN))
        bench.finish(bench.refused("500", 500))
        bench.tell(pod("a", "plain"))
        assert bench.reconciler.settled

    bench.tell(pod("a", OWN))
    bench.finish(bench.refused("500", 500))

    assert len(bench.applier.submitted) == 10
    assert bench.reconciler.patience() < 0.5


def test_nothing_is_done_while_writes_go_on(bench: Bench) -> None:
    """Their end is heard of."""
    bench.leading()
    bench.tell(pod("a", OWN))

    assert bench.reconciler.patience() == pytest.approx(5.0)


def test_a_conflict_is_no_problem(bench: Bench) -> None:
    """It is tried again with what is known by then."""
    bench.leading()
    bench.tell(pod("a", OWN))

    bench.finish(bench.refused("409", 409))

    assert bench.reconciler.progress.problems == {}
    assert not bench.reconciler.settled


def test_it_waits_as_long_as_nothing_is_due(bench: Bench) -> None:
    """A grant's end, a retry, a question without an answer: the nearest counts."""
    bench.leading()
    assert bench.reconciler.patience() == pytest.approx(5.0)

    expiring = grant(
        "g", "bank", "db", of={"namespace": "shop", "serviceAccounts": ["*"]}, expires="2026-01-01T00:00:02Z"
    )
    bench.tell(expiring)
    assert bench.reconciler.patience() == pytest.approx(2.0)

    bench.answers.silent = True
    bench.tell(pod("a", "k8s_secret@bank/other/password"))
    assert 0.2 < bench.reconciler.patience() <= 0.5
