"""What is counted and told, and the status that follows."""

import json
from typing import Any

import pytest

from enc_operator.controller.report import Report, make_report
from enc_operator.controller.status import Condition, Standing, View, conditions_of, status_of
from enc_operator.core.findings import ObjectRef
from enc_operator.core.injection.writing import Held, State
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
    service,
    target,
)

OWN, FOREIGN = "k8s_secret@shop/db/password", "k8s_secret@bank/db/password"
FOREIGN_CHECK = json.dumps({"redisdb": {"instances": [{"password": f"ENC[{FOREIGN}]"}]}})
TARGET = ObjectRef("AgentTarget", "dd", "target")
VIEW = View(frozenset({"dd"}))
INSTALL = [namespace("shop"), namespace("bank"), namespace("dd"), agent(), agent("cluster-agent"), target()]


def report_of(
    *manifests: Manifest, caps: Caps | None = None, without: frozenset[str] = frozenset()
) -> Report:
    """Count an install with these objects, without some kinds of it."""
    ledger = Ledger(frame(), AGENTS, caps=caps)
    ledger.apply(facts(*(each for each in INSTALL if each["kind"] not in without), *manifests), NOW)
    ledger.answer(dict.fromkeys(ledger.questions(), False))
    return make_report(ledger)


def condition(kind: str, report: Report, view: View = VIEW, ref: ObjectRef = TARGET) -> Condition:
    """Return one condition."""
    return next(each for each in conditions_of(ref, report, view) if each.type == kind)


def notices(report: Report) -> list[tuple[str, str]]:
    """Return reasons and objects of what is told."""
    return [(notice.reason, str(notice.about)) for notice in report.notices]


def test_references_are_counted_by_decision() -> None:
    """Each workload's, and all of a target's together."""
    report = report_of(pod("a", OWN), pod("b", FOREIGN))

    assert report.totals(TARGET) == {"allowed": 1, "denied": 1, "residual": 0}
    assert [each["references"]["denied"] for each in report.components[TARGET]] == [1, 0]
    assert report.permissions == report.planned == 1


def test_a_refusal_is_told_with_its_fix_on_the_object() -> None:
    """It names the grant that would allow it."""
    report = report_of(pod("a", FOREIGN))

    assert notices(report) == [("ReferenceDenied", "Pod shop/a")]
    assert report.notices[0].note.startswith(
        'access-denied at metadata.annotations["ad.datadoghq.com/app.checks"] → '
    )
    assert "; fix: in namespace bank, apply a SecretGrant with spec" in report.notices[0].note


def test_what_stands_and_may_not_is_counted_by_kind_and_code() -> None:
    """Also where no Agent resolves it, and text that nobody can read; each object counts once besides."""
    key = "ad.datadoghq.com/app"
    broken = {f"{key}.checks": f"{FOREIGN_CHECK},", f"{key}.check.id": "docker://1"}
    unknown = {"ad.datadoghq.com/nobody.checks": FOREIGN_CHECK}

    report = report_of(
        manifest("Pod", "shop", "a", annotations=broken),
        manifest("Pod", "shop", "b", annotations=unknown),
        service("c", FOREIGN),
    )

    assert report.unauthorized == {
        ("Pod", "json-invalid"): 1,
        ("Pod", "template-invalid"): 1,
        ("Pod", "access-denied"): 1,
        ("Service", "access-denied"): 1,
    }
    assert report.unauthorized_objects == 3
    assert sorted(notices(report)) == [
        ("ReferenceDenied", "Pod shop/b"),
        ("ReferenceDenied", "Service shop/c"),
        ("TextRefused", "Pod shop/a"),
        ("TextRefused", "Pod shop/a"),
    ]


def test_what_is_told_does_nothing_to_a_terminal() -> None:
    """An annotation's key is its author's choice."""
    bad = manifest("Pod", "shop", "a", annotations={"ad.datadoghq.com/\x1b[2J.checks": FOREIGN_CHECK})

    assert "\\x1b[2J" in report_of(bad).notices[0].note


def test_what_resolves_all_the_same_is_told_too() -> None:
    """The Agent reads the Secret for a reference that is allowed."""
    opened = grant("g", "bank", "db", of={"namespace": "shop", "serviceAccounts": ["other"]})

    report = report_of(pod("a", FOREIGN), pod("b", FOREIGN, account="other"), opened)

    assert report.totals(TARGET) == {"allowed": 1, "denied": 1, "residual": 1}
    assert ("ReferenceResidual", "Pod shop/a") in notices(report)
    assert ("ReferenceAdmitted", "SecretGrant bank/g") in notices(report)


def test_a_template_that_reaches_too_far_is_told() -> None:
    """On the ConfigMap that holds it."""
    report = report_of(pod("a", ""), check_file("k8s_secret@dd/own/key"))

    assert notices(report) == [("ReferenceSpoofable", "ConfigMap dd/confd")]


def test_without_a_backend_yet_references_count_and_nothing_is_planned() -> None:
    """They would be resolved as soon as there is one."""
    report = report_of(agent(backend=False), pod("a", OWN))

    assert report.totals(TARGET)["allowed"] == 1
    assert report.planned == 0


def test_what_has_too_many_references_is_named() -> None:
    """In a condition, since none of them counts."""
    report = report_of(pod("a", OWN), caps=Caps(references_per_object=0))

    assert report.capped == {"Pod shop/a": 1}
    assert report.unauthorized == {("Pod", "handles-too-many"): 1}
    assert condition("ReferencesAllowed", report).reason == "TooMany"


@pytest.mark.parametrize(
    ("report", "view", "reason", "words"),
    [
        (report_of(), VIEW, "Converged", "0 Roles as they should be"),
        (report_of(target("Plan"), pod("a", OWN)), VIEW, "Planned", "1 Role would be"),
        (report_of(), View(frozenset({"other"})), "NotListed", "add them to `agents`"),
        (report_of(), View(frozenset({"dd"}), fence="it is gone"), "FenceMissing", "it is gone"),
        (report_of(), View(frozenset({"dd"}), missing=["pods: 403"]), "NotSynced", "pods: 403"),
        (report_of(), View(frozenset({"dd"}), problems=["no"] * 5), "WriteFailed", "no; no; no and 2 more"),
        (report_of(without=frozenset({"DaemonSet", "Deployment"})), VIEW, "NoWorkload", "label it with"),
        (report_of(agent(account="stranger")), VIEW, "NotListed", "DaemonSet dd/agent runs as stranger"),
        (
            report_of(manifest("AgentTarget", "dd", "rival", spec={"manage": "RBAC"})),
            VIEW,
            "Conflict",
            "AgentTarget rival wants the same workloads",
        ),
    ],
    ids=[
        "converged",
        "planned",
        "the install does not list the namespace",
        "the fence is missing",
        "not all is known",
        "writes are refused",
        "no Agent",
        "an Agent with another ServiceAccount",
        "two targets",
    ],
)
def test_ready_says_the_first_thing_in_the_way(report: Report, view: View, reason: str, words: str) -> None:
    """With what to do about it."""
    ready = condition("Ready", report, view)

    assert (ready.status == "True") == (reason in ("Converged", "Planned"))
    assert ready.reason == reason
    assert words in ready.message


def test_targets_that_name_the_same_workload_conflict() -> None:
    """Others of the same namespace do not."""
    named = [{"kind": "DaemonSet", "name": "agent", "component": "agent"}]
    other = [{"kind": "DaemonSet", "name": "else", "component": "agent"}]
    rivals = [
        manifest("AgentTarget", "dd", "one", spec={"workloads": named}),
        manifest("AgentTarget", "dd", "two", spec={"workloads": named}),
        manifest("AgentTarget", "dd", "three", spec={"workloads": other}),
        manifest("AgentTarget", "shop", "four", spec={"workloads": named}),
    ]

    found = report_of(*rivals, without=frozenset({"AgentTarget"})).conflicts

    assert {ref.name for ref in found} == {"one", "two"}


def test_a_condition_keeps_its_time_until_its_status_changes() -> None:
    """Another message alone is no transition; the generation is the target's."""
    first = status_of(TARGET, 1, report_of(), VIEW, {}, "then")
    second = status_of(TARGET, 2, report_of(pod("a", FOREIGN)), VIEW, first, "now")

    times = {each["type"]: each["lastTransitionTime"] for each in second["conditions"]}
    assert (times["Ready"], times["ReferencesAllowed"]) == ("then", "now")
    assert {each["observedGeneration"] for each in second["conditions"]} == {2}
    assert second["references"] == {"allowed": 0, "denied": 1, "residual": 0}


def test_the_same_again_is_the_same_status() -> None:
    """So that nothing is written at rest."""
    first = status_of(TARGET, 1, report_of(), VIEW, {}, "then")

    assert status_of(TARGET, 1, report_of(), VIEW, first, "now") == first


def standing(state: State = State.INJECTED, **more: Any) -> Standing:
    """Return how a workload's injection stands."""
    return Standing(ObjectRef("DaemonSet", "dd", "agent"), state, **more)


@pytest.mark.parametrize(
    ("injections", "status", "reason", "said"),
    [
        (None, "False", "NotEnabled", "injection.enabled"),
        ((standing(),), "True", "Injected", "1 workload"),
        ((standing(State.OUTDATED, why="it is older"), standing()), "True", "Outdated", "it is older"),
        ((standing(), standing(State.REFUSED, why="Windows")), "False", "Refused", "Windows"),
        ((standing(State.OWNED, why="the operator"),), "False", "OwnedByDatadogAgent", "the operator"),
        (
            (standing(State.OWNED, why="the operator"), standing(State.OWNED, why="the operator")),
            "False",
            "OwnedByDatadogAgent",
            "DaemonSet dd/agent, DaemonSet dd/agent: the operator",
        ),
        ((standing(State.DECLARED, why="so it is"), standing()), "True", "DeclaredInDatadogAgent", "so it is"),
        ((standing(State.ABSENT, pending=True),), "False", "Pending", "not written yet"),
        ((standing(State.INJECTED, pending=True),), "False", "Pending", "not written yet"),
        ((standing(State.ABSENT, problem="quota"),), "False", "WriteFailed", "quota"),
        ((standing(others="argocd", problem="x"),), "False", "InjectionContested", "argocd undoes"),
    ],
    ids=[
        "the install does not", "all are", "one is older", "one is refused", "one is datadog-operator's",
        "two are, which is said once", "a DatadogAgent says it", "one waits",
        "one waits for its mark", "one could not be written", "one is undone",
    ],
)  # fmt: skip
def test_injections_are_said(
    injections: tuple[Standing, ...] | None, status: str, reason: str, said: str
) -> None:
    """The first thing that is in the way, and Ready says it too."""
    report = report_of(target("Full"))

    found = condition("Injected", report, View(frozenset({"dd"}), injections=injections))
    ready = condition("Ready", report, View(frozenset({"dd"}), injections=injections))

    assert (found.status, found.reason) == (status, reason)
    assert said in found.message
    assert ready.status == status


def test_injection_is_not_asked_for() -> None:
    """Then Ready does not wait for it."""
    assert condition("Injected", report_of()).reason == "NotAsked"
    assert condition("Ready", report_of()).status == "True"


@pytest.mark.parametrize("volumes", [(), ("tls",)], ids=["no secret volume", "a secret volume"])
def test_what_a_workload_holds_is_said(volumes: tuple[str, ...]) -> None:
    """The resolver, its digest and the secret volumes of that workload."""
    held = Held("bundled", "a" * 64, volumes)
    view = View(frozenset({"dd"}), injections=(standing(held=held), standing()))

    found = status_of(TARGET, 1, report_of(target("Full")), view, {}, "now")["components"]

    expected = {"resolver": "bundled", "digest": "a" * 64} | ({"secretVolumes": ["tls"]} if volumes else {})
    assert [each.get("injected") for each in found] == [expected, None]
