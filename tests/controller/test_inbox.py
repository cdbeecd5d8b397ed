"""What changed until it is taken, and what a list tells that events did not."""

import threading

from enc_operator.cluster.store import Key
from enc_operator.cluster.watched import FactSink
from enc_operator.controller.inbox import Inbox, NamespaceSink
from living import facts, pod, ref_of

ONE, TWO = pod("one", ""), pod("two", "")
FACTS = facts(ONE, TWO)


def key(name: str, uid: str = "1") -> Key:
    """Return a pod's key."""
    return Key("shop", name, uid)


def test_changes_are_taken_together_and_once() -> None:
    """A later change of an object replaces an earlier one; `since` is the oldest's."""
    times = iter([1.0, 2.0])
    inbox = Inbox(lambda: next(times))
    inbox.put({ref_of(ONE): FACTS[ref_of(ONE)]})
    inbox.put({ref_of(ONE): None})
    inbox.look_at("shop", "bank")
    inbox.rbac_changed()

    batch = inbox.take(0)

    assert batch.changes == {ref_of(ONE): None}
    assert (batch.namespaces, batch.rbac, batch.since) == ({"shop", "bank"}, True, 1.0)
    assert inbox.take(0).since is None


def test_nothing_is_no_change() -> None:
    """An empty list wakes nobody by itself."""
    inbox = Inbox()

    inbox.put({})

    assert inbox.take(0).since is None


def test_who_waits_is_woken() -> None:
    """A change ends the wait."""
    inbox = Inbox()
    threading.Timer(0.01, inbox.wake).start()

    assert inbox.take(10).since is not None


def test_a_list_tells_what_is_gone() -> None:
    """Also a deletion that no event told of."""
    inbox = Inbox()
    sink = FactSink("Pod", inbox)
    one, two = FACTS[ref_of(ONE)], FACTS[ref_of(TWO)]
    assert one
    assert two
    sink.replaced({key("one"): one})
    sink.changed(key("two"), two)
    inbox.take(0)

    sink.replaced({key("two"): two})

    assert inbox.take(0).changes == {ref_of(ONE): None, ref_of(TWO): two}
    assert (sink.uid(ref_of(TWO)), sink.uid(ref_of(ONE))) == ("1", "")
    sink.changed(key("two"), None)
    assert inbox.take(0).changes == {ref_of(TWO): None}
    assert sink.uid(ref_of(TWO)) == ""


def test_namespaces_are_told_of_what_came_and_what_went() -> None:
    """A list tells of those before and those now."""
    told: list[set[str]] = []
    sink: NamespaceSink[str] = NamespaceSink(told.append)

    sink.changed(Key("shop", "a", "1"), "x")
    sink.replaced({Key("bank", "b", "2"): "x"})
    sink.replaced({})

    assert told == [{"shop"}, {"shop", "bank"}, {"bank"}]
