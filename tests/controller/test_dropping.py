"""The condition SafeToDropGlobalPermission, from objects and what RBAC answers."""

import json
from dataclasses import replace

import pytest

from enc_operator.controller.dropping import TYPE, Dropping, droppings_of, safe_to_drop
from enc_operator.controller.report import make_report
from enc_operator.controller.status import Condition
from enc_operator.core.findings import ObjectRef
from enc_operator.core.inventory import Question
from enc_operator.core.ledger.caps import Caps
from enc_operator.core.ledger.ledger import Ledger
from enc_operator.core.rbac.planning import Need
from living import AGENTS, NOW, Manifest, agent, check_file, facts, frame, grant, namespace, pod, target
from reconciling import Bench

TARGET = ObjectRef("AgentTarget", "dd", "target")
OWN, FOREIGN = "k8s_secret@shop/db/password", "k8s_secret@bank/db/password"
INSTALL = [namespace("shop"), namespace("bank"), namespace("dd"), agent(), agent("cluster-agent"), target()]
WIDE = {Question("dd", "node", "", ""), Question("dd", "cluster", "", "")}


def ledger_of(*manifests: Manifest, caps: Caps | None = None) -> Ledger:
    """Take in an install and these objects."""
    ledger = Ledger(frame(), AGENTS, caps=caps)
    ledger.apply(facts(*INSTALL, *manifests), NOW)
    return ledger


def planned(ledger: Ledger) -> set[Need]:
    """Return what would be given were all of it written."""
    found = (item for space in ledger.shards for item in ledger.permissions(space))
    return {need for item in found for need in item.needs()}


def condition_of(
    ledger: Ledger,
    yes: set[Question],
    *,
    given: set[Need] | None = None,
    unseen: tuple[str, ...] = (),
) -> Condition:
    """Return the condition once RBAC has answered: yes to these, or to any Secret of theirs, and no to all else."""
    written = planned(ledger) if given is None else given
    droppings_of(ledger, written)
    whole = {(each.namespace, each.service_account) for each in yes if not each.secret_namespace}
    ledger.answer(
        {each: each in yes or (each.namespace, each.service_account) in whole for each in ledger.questions()}
    )
    dropping = droppings_of(ledger, written).get(TARGET, Dropping())
    return safe_to_drop(TARGET, make_report(ledger), dropping, unseen)


def test_true_where_what_is_written_suffices() -> None:
    """The wider permission is there and needed for nothing."""
    found = condition_of(ledger_of(pod("a", OWN)), WIDE)

    words = "what is written suffices for 1 reference in use; dd/cluster, dd/node may get every Secret of the cluster"
    assert found == Condition(TYPE, "True", "Covered", f"{words} and needs it for none")


def test_true_where_nothing_wider_is_there() -> None:
    """A refused reference that does not resolve today cannot stop."""
    found = condition_of(ledger_of(pod("a", OWN), pod("b", FOREIGN)), set())

    assert (found.status, found.reason) == ("True", "NoGlobalPermission")
    assert found.message == (
        "no Agent may get every Secret of the cluster, and nothing in use depends on more than what is written"
    )


@pytest.mark.parametrize(
    ("handle", "yes"),
    [
        (FOREIGN, WIDE),
        (FOREIGN, {Question("dd", "node", "bank", "db")}),
        ("k8s_secret@%%port%%/db/password", WIDE),
        ("k8s_secret@bank/x-%%port%%/password", {Question("dd", "node", "bank", "")}),
    ],
    ids=[
        "by a permission for the whole cluster",
        "by one that names the Secret",
        "whose namespace only the running Agent decides",
        "whose name only the running pod decides, by one for the namespace",
    ],
)
def test_false_where_something_refused_resolves_today(handle: str, yes: set[Question]) -> None:
    """It says which, and that it is denied."""
    found = condition_of(ledger_of(pod("a", handle)), yes)

    assert (found.status, found.reason) == ("False", "Denied")
    assert found.message.endswith("of Pod shop/a (denied)")
    assert found.message.startswith("1 reference would stop: ENC[k8s_secret@")


def test_a_refused_reference_to_a_secret_that_is_read_anyway_goes_on() -> None:
    """What is residual does not stop, so it is in nobody's way."""
    allowed = grant("g", "bank", "db", of={"namespace": "shop", "serviceAccounts": ["web"]})
    other = pod("b", FOREIGN, account="other")

    found = condition_of(ledger_of(allowed, pod("a", FOREIGN), other), WIDE)

    assert (found.status, found.reason) == ("True", "Covered")


def test_false_until_the_permission_is_written() -> None:
    """Allowed is not enough."""
    found = condition_of(ledger_of(pod("a", OWN)), WIDE, given=set())

    assert (found.status, found.reason) == ("False", "Pending")
    assert found.message == (
        "1 reference would stop: ENC[k8s_secret@shop/db/password] of Pod shop/a (its permission is not written)"
    )


def test_false_with_manage_plan() -> None:
    """Nothing is written then, so everything would stop."""
    ledger = ledger_of(pod("a", OWN), target("Plan"))

    assert condition_of(ledger, WIDE).reason == "Pending"


def test_false_where_the_injection_will_keep_an_agent_to_its_pods_namespaces() -> None:
    """Consent does not suffice: the AgentTarget does not say crossNamespace."""
    opened = grant("g", "bank", "db", of={"namespace": "shop", "serviceAccounts": ["web"]})
    ledger = ledger_of(opened, pod("a", FOREIGN), target("Full", crossNamespace=False))

    found = condition_of(ledger, WIDE)

    assert (found.status, found.reason) == ("False", "ScopeRefused")
    assert found.message.endswith("(kept to its pods' own namespaces)")


def test_many_are_counted_and_few_named() -> None:
    """What somebody has to decide comes first."""
    pods = [pod(name, FOREIGN) for name in "bcde"]

    found = condition_of(ledger_of(pod("a", OWN), *pods), WIDE, given=set())

    assert found.reason == "Denied"
    assert found.message.startswith("5 references would stop: ENC[k8s_secret@bank/db/password] of Pod shop/b (denied)")  # fmt: skip
    assert found.message.endswith(" and 2 more")


@pytest.mark.parametrize(
    ("extra", "hidden"),
    [
        ([agent(account="stranger")], "DaemonSet dd/agent"),
        ([target(workloads=[{"kind": "DaemonSet", "name": "agent", "component": "agent"}])], "Deployment dd/cluster-agent, which no AgentTarget takes in"),
        ([pod("huge", OWN), pod("huger", FOREIGN)], "Pod shop/huge"),
        ([{**pod("broken", ""), "metadata": {"name": "broken", "namespace": "shop", "annotations": {"ad.datadoghq.com/app.checks": '{"a": ENC[k8s_secret@bank/db/password]'}}}], "Pod shop/broken"),
    ],
    ids=["an Agent that the install does not list", "one that no target takes in", "too many references", "a text that nobody can read"],
)  # fmt: skip
def test_false_where_references_could_hide(extra: list[Manifest], hidden: str) -> None:
    """Not everything is known."""
    caps = Caps(0, 0) if "huge" in json.dumps(extra) else None
    ledger = ledger_of(*extra, caps=caps)

    found = condition_of(ledger, WIDE)

    assert (found.status, found.reason) == ("False", "NotSeen")
    assert found.message.startswith(f"references could stand where they are not read: {hidden}")


def test_false_where_only_some_namespaces_are_looked_at() -> None:
    """Pods of others are not seen."""
    found = condition_of(ledger_of(), WIDE, unseen=("namespaces other than shop",))

    assert (found.reason, found.message) == (
        "NotSeen",
        "references could stand where they are not read: namespaces other than shop",
    )


def test_false_without_agents() -> None:
    """What nobody knows of cannot be covered."""
    ledger = Ledger(frame(), AGENTS)
    ledger.apply(facts(namespace("dd"), target()), NOW)

    assert condition_of(ledger, set()) == Condition(
        TYPE, "False", "NotSeen", "no Agent of this target is known"
    )


def test_unknown_while_rbac_has_not_answered() -> None:
    """No answer is neither yes nor no."""
    ledger = ledger_of(pod("a", OWN))
    dropping = droppings_of(ledger, planned(ledger))[TARGET]

    found = safe_to_drop(TARGET, make_report(ledger), dropping)

    assert found == Condition(TYPE, "Unknown", "Asking", "2 questions to RBAC without an answer yet")
    assert set(ledger.questions()) >= WIDE


def test_unknown_where_an_answer_is_only_presumed() -> None:
    """What counts as a no for want of an answer gives nothing, and calls nothing safe either."""
    ledger = ledger_of(pod("a", FOREIGN))
    assert condition_of(ledger, set()).reason == "NoGlobalPermission"
    presumed = {Question("dd", "node", "", ""), Question("dd", "node", "bank", "db")}

    dropping = droppings_of(ledger, planned(ledger), presumed)[TARGET]

    assert safe_to_drop(TARGET, make_report(ledger), dropping).reason == "Asking"


def test_questions_end_with_what_they_are_about() -> None:
    """Nothing is asked for a reference that is gone, unless a decision hangs on it."""
    ledger = ledger_of(pod("a", FOREIGN))
    droppings_of(ledger, set())
    named = Question("dd", "node", "bank", "db")
    assert named in ledger.entries.asking

    gone = ObjectRef("Pod", "shop", "a")
    ledger.apply({gone: None}, NOW)
    droppings_of(ledger, set())

    assert set(ledger.entries.asking) == WIDE


def test_a_question_of_a_decision_stays() -> None:
    """Whatever else no longer asks it: an uncovered reference that becomes covered by nothing but its own rights."""
    ledger = ledger_of(pod("a", FOREIGN))
    droppings_of(ledger, set())

    ledger.entries.ask_besides(())

    assert Question("dd", "node", "bank", "db") in ledger.entries.asking
    assert WIDE.isdisjoint(ledger.entries.asking)


def test_what_the_agents_own_files_refer_to_counts() -> None:
    """A check file's handle is the Agent's own, and needs consent in another namespace."""
    found = condition_of(ledger_of(check_file(FOREIGN, identifier="")), WIDE)

    assert found.message == (
        "1 reference would stop: ENC[k8s_secret@bank/db/password] of ConfigMap dd/confd (denied)"
    )


def test_given_is_what_the_watches_have_seen() -> None:
    """While the Role is being written it gives nothing yet."""
    bench = Bench()
    bench.tell(*INSTALL, pod("a", OWN))
    need = Need("shop", "dd", "node", "db")
    assert bench.reconciler.given() == set()

    bench.reconciler.lead(bench.applier)
    bench.reconciler.step(0)
    assert bench.reconciler.given() == set()

    bench.finish()
    assert bench.reconciler.given() == {need}


def test_what_is_refused_gives_nothing() -> None:
    """A Role that a quota refuses is not there, others of the namespace are."""
    bench = Bench().leading(pod("a", OWN))
    bench.tell(pod("b", "k8s_secret@bank/own/key", namespace="bank"))
    bench.finish(bench.refused("quota", 403))

    assert bench.reconciler.given() == {Need("shop", "dd", "node", "db")}


def test_settings_without_a_namespace_protect_it() -> None:
    """Where nothing may be written, nothing is given."""
    bench = Bench()
    bench.settings = replace(bench.settings, protected_namespaces=frozenset({"shop"}))
    bench.__post_init__()
    bench.leading(pod("a", OWN))

    assert bench.reconciler.given() == set()
