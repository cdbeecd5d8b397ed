"""Modes: what a target, a namespace and the install say together; and when the facts are old."""

from datetime import timedelta

import pytest

from enc_operator.core.admission.model import Mode, Verdict
from enc_operator.core.admission.world import MODE_LABEL
from living import NOW, agent, grant, namespace, target
from reviewing import FOREIGN, bare_world, document, finished, pod, service, told, world


def labelled(value: str) -> dict[str, object]:
    """Return the namespace of the examples with a label that says how it is judged."""
    found = namespace("shop")
    found["metadata"]["labels"] = {MODE_LABEL: value}
    return found


@pytest.mark.parametrize(
    ("of_target", "label", "least", "mode"),
    [
        pytest.param("audit", "", Mode.AUDIT, Mode.AUDIT, id="nobody asks for more"),
        pytest.param("warn", "", Mode.AUDIT, Mode.WARN, id="the target warns"),
        pytest.param("enforce", "", Mode.AUDIT, Mode.ENFORCE, id="the target enforces"),
        pytest.param("audit", "warn", Mode.AUDIT, Mode.WARN, id="the namespace warns"),
        pytest.param("warn", "enforce", Mode.AUDIT, Mode.ENFORCE, id="the namespace enforces"),
        pytest.param("enforce", "audit", Mode.AUDIT, Mode.ENFORCE, id="the namespace cannot loosen"),
        pytest.param("enforce", "off", Mode.AUDIT, Mode.ENFORCE, id="a word that is no mode"),
        pytest.param("audit", "", Mode.ENFORCE, Mode.ENFORCE, id="the install enforces everywhere"),
        pytest.param("audit", "audit", Mode.WARN, Mode.WARN, id="the install warns everywhere"),
    ],
)
def test_the_tightest_holds(of_target: str, label: str, least: Mode, mode: Mode) -> None:
    """Of the target's, the namespace's and the install's mode the tightest holds."""
    known = world(labelled(label), mode=of_target, least=least)
    answer = finished(document(pod()), known)

    assert [reason.mode for reason in answer.reasons] == [mode]
    assert answer.verdict is (Verdict.DENIED if mode is Mode.ENFORCE else Verdict.ALLOWED)
    assert ("warnings" in answer.document["response"]) is (mode is Mode.WARN)


def test_a_namespace_that_is_being_deleted_is_judged_as_before() -> None:
    """Its pods may run on for long, and be annotated: whoever deletes it does not loosen what holds there."""
    ending = labelled("enforce")
    ending["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"  # type: ignore[index]

    answer = finished(document(pod()), world(ending, mode="audit"))

    assert answer.verdict is Verdict.DENIED


def two_installs(first: str, second: str) -> list[dict[str, object]]:
    """Return two node Agents, each with a target of its own."""
    other = agent(account="cluster")
    other["metadata"]["name"] = "other"
    named = [{"kind": "DaemonSet", "name": "other", "component": "agent"}]
    of_other = target(enforcement=second, workloads=named)
    of_other["metadata"]["name"] = "other"
    return [agent(), other, target(enforcement=first), of_other]


@pytest.mark.parametrize(
    ("first", "second", "mode"),
    [("audit", "enforce", Mode.ENFORCE), ("warn", "audit", Mode.WARN), ("audit", "audit", Mode.AUDIT)],
)
def test_two_agents_that_would_resolve_it(first: str, second: str, mode: Mode) -> None:
    """What two Agents resolve is told once, in the tighter of their modes."""
    answer = finished(document(pod()), bare_world(*two_installs(first, second)))

    assert [reason.mode for reason in answer.reasons] == [mode]


def test_what_no_agent_resolves_yet() -> None:
    """Without an Agent that would resolve it, the tightest of all targets holds: nobody knows whose it will be."""
    assert (
        finished(document(service(FOREIGN)), bare_world(agent(), target(enforcement="enforce"))).allowed
        is False
    )
    assert finished(document(service(FOREIGN)), bare_world(agent())).allowed


def test_what_is_told_denies_nothing() -> None:
    """Findings that are no danger are told where the mode warns, and never refuse."""
    annotations = {"ad.datadoghq.com/app.chekcs": "[]", "ad.datadoghq.com/app.logs": '{"a": "b["}'}
    answer = finished(document(pod(annotations=annotations)), world())

    assert answer.allowed
    assert told(answer) == ["suffix-unknown", "template-invalid"]


def test_facts_that_time_makes_old() -> None:
    """The facts hold until the next grant ends."""
    of = {"namespace": "shop", "serviceAccounts": ["*"]}
    later, sooner, past = (
        grant(name, "bank", "db", of=of, expires=(NOW + timedelta(days)).isoformat())
        for name, days in (("a", 2), ("b", 1), ("c", -1))
    )

    assert world().until is None
    assert world(past).until is None
    assert world(later, sooner, past).until == NOW + timedelta(1)
