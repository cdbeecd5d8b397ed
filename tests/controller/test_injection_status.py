"""What an AgentTarget's status says of injections that somebody undid, or that may no longer be changed."""

from typing import Any

import pytest

from enc_operator.controller.report import make_report
from enc_operator.controller.status import Standing, View, conditions_of, status_of
from enc_operator.core.findings import ObjectRef
from enc_operator.core.injection.writing import MARK, State
from enc_operator.core.ledger.ledger import Ledger
from living import AGENTS, NOW, agent, facts, frame, namespace, target

TARGET, NODE = ObjectRef("AgentTarget", "dd", "target"), ObjectRef("DaemonSet", "dd", "agent")
VIEW = View(frozenset({"dd"}))


def ledger_of(*manifests: dict[str, Any]) -> Ledger:
    """Return what is known of an install with these objects."""
    ledger = Ledger(frame(), AGENTS)
    ledger.apply(facts(namespace("dd"), *manifests), NOW)
    return ledger


def _standing(**more: Any) -> Standing:
    return Standing(NODE, State.INJECTED, **more)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (_standing(met=False), {"times": 2}),
        (_standing(), None),
        (_standing(undone={"times": 3}), {"times": 3}),
    ],
    ids=["not known yet", "nobody any more", "once more"],
)
def test_who_undid_it_outlives_the_process(found: Standing, expected: Any) -> None:
    """What an earlier process says of a workload stays until this one knows more."""
    before = {"components": [{"kind": "DaemonSet", "name": "agent", "undone": {"times": 2}}]}
    view = View(frozenset({"dd"}), injections=(found,))

    written = status_of(TARGET, 1, make_report(ledger_of(agent(), target("Full"))), view, before, "now")[
        "components"
    ]

    assert [each.get("undone") for each in written if each["kind"] == "DaemonSet"] == [expected]


@pytest.mark.parametrize("manage", ["Full", "RBAC", "Plan"])
def test_injections_that_are_left_are_told(manage: str) -> None:
    """Whatever the AgentTarget asks for, since nobody takes them out any more; another install's are its own affair."""
    ours, others = agent(), agent("cluster-agent")
    ours["metadata"]["annotations"] = {MARK: "here.enc-operator"}
    others["metadata"]["annotations"] = {MARK: "another.enc-operator"}
    ledger = ledger_of(ours, others, target(manage))

    report = make_report(ledger, "here.enc-operator")
    conditions = {each.type: each for each in conditions_of(TARGET, report, VIEW)}
    found = conditions["Injected"]

    assert (found.status, found.reason) == ("False", "InjectionLeft")
    assert found.message.startswith("DaemonSet dd/agent: it keeps an injection")
    assert conditions["Ready"].reason == "InjectionLeft"
    told = [each.about for each in report.notices if each.reason == "InjectionLeft"]
    assert told == [NODE]
    assert make_report(ledger).left == ()
