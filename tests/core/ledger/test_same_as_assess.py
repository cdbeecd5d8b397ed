"""The ledger gives what `assess` gives, after any history of changes."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from enc_operator.core.access import Decision
from enc_operator.core.assessment import assess, prepare, questions
from enc_operator.core.inventory import Question
from enc_operator.core.judgement import Judged
from enc_operator.core.ledger.ledger import Ledger
from enc_operator.core.references.model import Reference
from living import (
    AGENTS,
    NOW,
    Manifest,
    agent,
    check_file,
    facts,
    frame,
    grant,
    namespace,
    pod,
    ref_of,
    service,
    target,
)

_HANDLES = [
    "",
    "k8s_secret@shop/db/password",
    "k8s_secret@shop/cart/password",
    "k8s_secret@bank/db/password",
    "k8s_secret@%%kube_namespace%%/db/password",
    "k8s_secret@bank/vault-%%host%%/password",
    "file@/etc/x",
    "k8s_secret@dd/own/key",
]
_FROM: list[dict[str, Any]] = [
    {"namespace": "shop", "serviceAccounts": ["web"]},
    {"namespace": "shop", "serviceAccounts": ["*"]},
    {"namespaceSelector": {"matchLabels": {"team": "a"}}, "serviceAccounts": ["*"]},
    {"agent": {"namespace": "dd"}},
]
_handles = st.sampled_from(_HANDLES)
_objects = st.one_of(
    st.builds(
        pod,
        st.sampled_from(["one", "two", "three"]),
        _handles,
        namespace=st.sampled_from(["shop", "bank", "dd"]),
        account=st.sampled_from(["web", "job"]),
        image=st.sampled_from(["redis:8", "nginx"]),
    ),
    st.builds(service, st.just("front"), _handles.filter(bool), namespace=st.sampled_from(["shop", "bank"])),
    st.builds(
        grant,
        st.sampled_from(["g1", "g2"]),
        st.sampled_from(["bank", "dd", "shop", ""]),
        st.sampled_from(["db", "own", "cart"]),
        of=st.sampled_from(_FROM),
        expires=st.sampled_from(["", "2026-01-01T00:00:05Z"]),
    ),
    st.builds(
        agent,
        st.sampled_from(["agent", "cluster-agent"]),
        account=st.sampled_from(["", "web"]),
        backend=st.booleans(),
    ),
    st.builds(
        check_file,
        _handles.filter(bool),
        name=st.sampled_from(["confd", "cluster-confd"]),
        identifier=st.sampled_from(["redis", "nginx", ""]),
    ),
    st.builds(target, st.sampled_from(["Plan", "RBAC", "Full"])),
    st.builds(
        namespace,
        st.sampled_from(["shop", "bank"]),
        uid=st.sampled_from("12"),
        team=st.sampled_from("ab"),
        terminating=st.booleans(),
    ),
)
_steps = st.lists(st.tuples(_objects, st.booleans()), max_size=3)
_START = [
    namespace("shop", team="a"),
    namespace("bank", team="b"),
    namespace("dd"),
    agent(),
    agent("cluster-agent"),
    target(),
    *(pod(f"start-{number}", handle) for number, handle in enumerate(_HANDLES)),
    *(pod(f"start-{number}", handle, namespace="bank") for number, handle in enumerate(_HANDLES)),
    pod("start", "k8s_secret@bank/cart/password", namespace="dd"),
    service("start", "k8s_secret@bank/db/password"),
    check_file("k8s_secret@bank/db/password", name="cluster-confd", identifier=""),
    check_file("k8s_secret@%%kube_namespace%%/db/password"),
    grant("start", "bank", "db", of=_FROM[1], expires="2026-01-01T00:00:03Z"),
]


@settings(max_examples=150, deadline=None)
@given(st.lists(_steps, min_size=1, max_size=8), st.frozensets(st.sampled_from(["db", "cart", "own"])))
def test_any_history_gives_what_assess_gives(
    history: list[list[tuple[Manifest, bool]]], readable: frozenset[str]
) -> None:
    """Permissions, decisions and what is managed are those of `assess` for the facts that are left, at every step."""
    ledger = Ledger(frame(), AGENTS | {("dd", "web")})
    ledger.apply(facts(*_START), NOW)
    for seconds, step in enumerate(history):
        changes = {ref_of(each): None if gone else facts(each)[ref_of(each)] for each, gone in step}
        ledger.apply(changes, NOW + timedelta(seconds=seconds))
        ledger.answer({question: _may(question, readable) for question in ledger.questions()})
        _compare(ledger, readable)


def _may(question: Question, readable: frozenset[str]) -> bool:
    return question.service_account == "web" and question.secret_name in readable


def _compare(ledger: Ledger, readable: frozenset[str]) -> None:
    inventory = ledger.inventory()
    prepared = prepare(inventory)
    inventory.answers = {question: _may(question, readable) for question in questions(inventory, prepared)}
    expected = assess(inventory, prepared)

    planned = [found for namespace in sorted(ledger.shards) for found in ledger.planned(namespace)]
    assert sorted(planned, key=lambda each: (each.secret_namespace, each.name)) == sorted(
        expected.permissions, key=lambda each: (each.secret_namespace, each.name)
    )
    assert _ordered(ledger.judged()) == _ordered(expected.judged)
    assert list(ledger.agents) == list(expected.agents)
    assert set(ledger.entries.asking) == set(inventory.answers)


def _ordered(judged: Iterable[Judged]) -> list[tuple[Reference, Decision]]:
    found = [(each.reference, each.decision) for each in judged]
    return sorted(found, key=lambda pair: (pair[0].sort_key(), str(pair[1])))
