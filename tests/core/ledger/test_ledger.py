"""What the ledger adds to `assess`: grace, caps, time, what is managed, and namespaces that end."""

from datetime import timedelta

import pytest

from enc_operator.core.inventory import Question
from enc_operator.core.ledger.caps import Caps
from enc_operator.core.ledger.ledger import Ledger
from living import (
    AGENTS,
    NOW,
    Manifest,
    agent,
    check_file,
    facts,
    frame,
    grant,
    manifest,
    namespace,
    pod,
    ref_of,
    service,
    target,
)

OWN = "k8s_secret@shop/db/password"
FOREIGN = "k8s_secret@bank/db/password"
SHOP_PODS = {"namespace": "shop", "serviceAccounts": ["web"]}
GRACE = timedelta(seconds=60)
INSTALL = [namespace("shop"), namespace("bank"), namespace("dd"), agent(), agent("cluster-agent"), target()]


def ledger_of(*manifests: Manifest, grace: timedelta = timedelta(0), caps: Caps | None = None) -> Ledger:
    """Return a ledger that knows an install and these objects."""
    found = Ledger(frame(), AGENTS, grace, caps)
    found.apply(facts(*INSTALL, *manifests), NOW)
    return found


def secrets(ledger: Ledger, where: str = "shop") -> list[str]:
    """Return the Secrets that Agents may read in a namespace."""
    return [name for permission in ledger.permissions(where) for name in permission.secret_names]


def remove(ledger: Ledger, *manifests: Manifest, after: timedelta = timedelta(0)) -> None:
    """Say that objects are gone."""
    ledger.apply({ref_of(each): None for each in manifests}, NOW + after)


def test_only_managed_agents_are_written_for() -> None:
    """With an AgentTarget that plans, or none, nothing is written; what would be is known."""
    ledger = ledger_of(pod("a", OWN))
    assert secrets(ledger) == ["db"]
    ledger.take_dirty()

    ledger.apply(facts(target("Plan")), NOW)

    assert ledger.take_dirty() == {"shop"}
    assert secrets(ledger) == []
    assert [each.secret_names for each in ledger.planned("shop")] == [("db",)]


def test_an_agent_is_whom_the_install_lists() -> None:
    """A workload with an Agent's label and a ServiceAccount of its own is none, even where an AgentTarget names it."""
    workloads = [{"kind": "DaemonSet", "name": "agent", "component": "agent"}]

    ledger = ledger_of(agent(account="intruder"), target(workloads=workloads), pod("a", OWN))

    assert [each.service_account for each in ledger.agents] == ["cluster"]
    assert secrets(ledger) == []


def test_an_agent_without_a_label_is_one_when_an_agent_target_names_it() -> None:
    """Its ServiceAccount is listed, and the AgentTarget says what it is."""
    plain = manifest("DaemonSet", "dd", "watcher", spec=agent()["spec"])
    plain["spec"]["template"]["metadata"] = {}
    plain["spec"]["template"]["spec"]["containers"][0]["image"] = "example.com/watcher:1"
    plain["spec"]["template"]["spec"]["containers"][0]["env"] = agent()["spec"]["template"]["spec"][
        "containers"
    ][0]["env"]
    workloads = [{"kind": "DaemonSet", "name": "watcher", "component": "agent"}]
    ledger = ledger_of(pod("a", OWN))
    remove(ledger, agent())
    assert secrets(ledger) == []

    ledger.apply(facts(plain, target(workloads=workloads)), NOW)

    assert secrets(ledger) == ["db"]


def test_a_permission_outlives_its_reference_for_the_grace_period() -> None:
    """A pod that is made anew in between costs no write."""
    ledger = ledger_of(pod("a", OWN), grace=GRACE)
    ledger.take_dirty()

    remove(ledger, pod("a", OWN))

    assert ledger.take_dirty() == set()
    assert ledger.next_deadline() == NOW + GRACE
    assert ledger.judged() == []
    ledger.apply({}, NOW + GRACE)
    assert ledger.take_dirty() == {"shop"}
    assert secrets(ledger) == []
    assert ledger.next_deadline() is None


def test_a_refused_reference_has_no_grace() -> None:
    """When the grant goes the permission goes, also of a pod that went before."""
    ledger = ledger_of(pod("a", FOREIGN), grant("g", "bank", "db", of=SHOP_PODS), grace=GRACE)
    assert secrets(ledger, "bank") == ["db"]
    remove(ledger, pod("a", FOREIGN))
    assert secrets(ledger, "bank") == ["db"]

    remove(ledger, grant("g", "bank", "db", of=SHOP_PODS))

    assert secrets(ledger, "bank") == []


def test_a_changed_pod_that_asks_for_the_same_lingers_in_nothing() -> None:
    """Only what is no longer asked for is kept for a while."""
    ledger = ledger_of(pod("a", OWN), grace=GRACE)

    ledger.apply(facts(pod("a", OWN, image="redis:9")), NOW)

    assert ledger.next_deadline() is None


@pytest.mark.parametrize(
    "ended",
    [None, namespace("shop", uid="2"), namespace("shop", terminating=True)],
    ids=["it is gone", "it was made anew", "it is being deleted"],
)
def test_nothing_of_a_namespace_that_ended_lingers(ended: Manifest | None) -> None:
    """A namespace of the same name is somebody else's: it asked for nothing yet."""
    ledger = ledger_of(pod("a", OWN), grace=GRACE)
    remove(ledger, pod("a", OWN))

    ledger.apply(facts(ended) if ended else {ref_of(namespace("shop")): None}, NOW)

    assert secrets(ledger) == []


def test_a_grant_of_a_namespace_that_is_being_deleted_opens_nothing() -> None:
    """Whoever owned the Secret is leaving."""
    ledger = ledger_of(pod("a", FOREIGN), grant("g", "bank", "db", of=SHOP_PODS))

    ledger.apply(facts(namespace("bank", terminating=True)), NOW)

    assert secrets(ledger, "bank") == []


@pytest.mark.parametrize(
    ("created", "opens"),
    [("2025-12-31T23:59:59Z", []), ("2026-01-01T00:00:00Z", ["db"])],
    ids=["older than the namespace", "as old as the namespace"],
)
def test_a_grant_of_a_predecessor_opens_nothing(created: str, opens: list[str]) -> None:
    """The watch of grants may be blind while the namespace is deleted and made anew."""
    bank, given = namespace("bank", uid="2"), grant("g", "bank", "db", of=SHOP_PODS)
    bank["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    given["metadata"]["creationTimestamp"] = created
    ledger = ledger_of(pod("a", FOREIGN), given, bank)

    assert secrets(ledger, "bank") == opens


def test_a_grant_expires_by_the_clock_alone() -> None:
    """Its end is the next deadline, and a clock that is set back does not bring it back."""
    short = grant("g", "bank", "db", of=SHOP_PODS, expires="2026-01-01T00:00:05Z")
    ledger = ledger_of(pod("a", FOREIGN), short)
    assert ledger.next_deadline() == NOW + timedelta(seconds=5)

    ledger.apply({}, NOW + timedelta(seconds=5))
    assert secrets(ledger, "bank") == []

    ledger.apply(facts(namespace("bank", team="x")), NOW)
    assert secrets(ledger, "bank") == []


def test_a_change_of_the_agents_ends_what_lingers() -> None:
    """It was promised to an Agent that is not this one."""
    ledger = ledger_of(pod("a", OWN), grace=GRACE)
    remove(ledger, pod("a", OWN))

    ledger.apply(facts(agent(backend=False)), NOW)

    assert ledger.next_deadline() is None


def test_an_object_with_too_many_references_counts_for_nothing() -> None:
    """It is said which, and with fewer it counts again."""
    ledger = ledger_of(pod("a", OWN), service("b", OWN), caps=Caps(references_per_object=0))

    assert set(ledger.room.refused.values()) == {("shop", 1)}
    assert ledger.judged() == []

    remove(ledger, pod("a", OWN), service("b", OWN))
    assert ledger.room.refused == {}


def test_a_namespace_with_too_many_references_gets_no_more() -> None:
    """Those that were there first stay; when one goes there is room again."""
    ledger = ledger_of(pod("a", OWN), caps=Caps(references_per_namespace=1))
    ledger.apply(facts(pod("b", "k8s_secret@shop/cart/password")), NOW)
    assert secrets(ledger) == ["db"]
    assert list(ledger.room.refused) == [ref_of(pod("b", ""))]

    remove(ledger, pod("a", OWN))
    assert secrets(ledger) == ["cart"]


def test_answers_decide_and_may_change() -> None:
    """A pod's own right counts as long as RBAC says so; questions that nothing waits for are forgotten."""
    ledger = ledger_of(pod("a", FOREIGN))
    question = Question("shop", "web", "bank", "db")
    assert question in ledger.questions()

    ledger.answer(dict.fromkeys(ledger.questions(), True))
    assert secrets(ledger, "bank") == ["db"]
    assert ledger.questions() == []
    assert question in ledger.entries.asking

    ledger.answer({question: False})
    assert secrets(ledger, "bank") == []
    remove(ledger, pod("a", FOREIGN))
    assert ledger.answers == {}
    ledger.answer({question: True})
    assert ledger.answers == {}


def test_pods_that_come_and_go_open_and_close_a_check_file() -> None:
    """A template with identifiers reads for the pods that match it, as long as they run."""
    ledger = ledger_of(check_file("k8s_secret@%%kube_namespace%%/redis-auth/password"))
    reaching = grant("g", "shop", "redis-auth", of={"agent": {"namespace": "dd"}})
    ledger.apply(facts(pod("a", ""), reaching), NOW)
    assert secrets(ledger) == ["redis-auth"]

    remove(ledger, pod("a", ""))
    assert secrets(ledger) == []


def test_an_unreadable_check_file_waits_for_nobody() -> None:
    """Its findings are the plan's affair."""
    broken = manifest("ConfigMap", "dd", "confd", data={"redisdb.yaml": "[ENC[k8s_secret@shop/db/password]"})

    assert ledger_of(broken, pod("a", "")).judged() == []


def test_an_instrumentation_is_a_source() -> None:
    """Its checks are read as the namespace's."""
    spec = {
        "targetRef": {"kind": "Deployment", "name": "web"},
        "config": {"checks": [{"integration": "redisdb", "instances": [{"password": f"ENC[{OWN}]"}]}]},
    }

    ledger = ledger_of(manifest("DatadogInstrumentation", "shop", "i", spec=spec))

    assert secrets(ledger) == ["db"]


def test_a_check_file_that_did_not_fit_is_read_when_it_does() -> None:
    """Also an Agent's own configuration has its cap."""
    first, second = check_file(OWN, identifier=""), check_file(FOREIGN, name="cluster-confd", identifier="")
    ledger = ledger_of(first, caps=Caps(references_per_namespace=1))
    ledger.apply(facts(second), NOW)
    assert len(ledger.judged()) == 1

    remove(ledger, first)

    assert [each.reference.handle for each in ledger.judged()] == [FOREIGN]


def test_a_handle_in_the_agents_environment_is_a_reference() -> None:
    """It is the Agent's own, and of its namespace."""
    node = agent()
    node["spec"]["template"]["spec"]["containers"][0]["env"].append(
        {"name": "DD_API_KEY", "value": "ENC[k8s_secret@dd/keys/api]"}
    )

    assert secrets(ledger_of(node), "dd") == ["keys"]


@pytest.mark.parametrize("how", ["by a binding of ours", "by a label"])
def test_rbac_is_not_asked_for_an_agent_by_another_name(how: str) -> None:
    """The subject of a binding of ours, leftovers included, and whoever runs a labelled pod read for others."""
    subject = {"kind": "ServiceAccount", "name": "web", "namespace": "shop"}
    labels = {"enc-operator.io/managed-by": "enc-operator"}
    ledger = ledger_of(pod("a", FOREIGN))
    ledger.answer(dict.fromkeys(ledger.questions(), True))
    assert secrets(ledger, "bank") == ["db"]
    labelled = pod("b", "")
    labelled["metadata"]["labels"] = {"agent.datadoghq.com/component": "agent"}
    left = manifest("RoleBinding", "bank", "left", labels=labels, subjects=[subject], roleRef={})
    ledger.apply(facts(left if how == "by a binding of ours" else labelled), NOW)
    assert secrets(ledger, "bank") == []

    remove(ledger, left, labelled)
    ledger.answer(dict.fromkeys(ledger.questions(), True))
    assert secrets(ledger, "bank") == ["db"]
