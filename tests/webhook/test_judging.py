"""From a review's bytes to its answer, with the core's own rules."""

import asyncio
import inspect
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from enc_operator.cluster.calls import ApiError, Call
from enc_operator.core.admission.world import AdmissionSettings, World
from enc_operator.core.inventory import AnyQuestion, Question
from enc_operator.core.ledger.facts import Facts
from enc_operator.webhook.deciding import decide, here
from enc_operator.webhook.judging import CoreJudge, CoreMutator
from enc_operator.webhook.places import Judged
from living import AGENTS, Manifest, agent, facts, frame, grant, namespace, pod, target
from mutating import asking_world, workload
from reading_objects import crds
from reviewing import bare_world

UID = "u-1"
OWN, FOREIGN = pod("web", "k8s_secret@shop/db/password"), pod("web", "k8s_secret@bank/db/password")
GRANT = grant("g", "bank", "db", of={"namespace": "shop", "serviceAccounts": ["*"]})


def world(*manifests: Manifest, mode: str = "enforce") -> World:
    """Return a world with Agents whose target is in a mode."""
    known = Facts(frame(), AGENTS)
    for ref, fact in facts(
        agent(), target(enforcement=mode), namespace("bank"), namespace("shop"), *manifests
    ).items():
        known.put(ref, fact)
    return World.of(known.inventory(), AdmissionSettings(crds(), AGENTS))


@dataclass
class Worlds:
    """The worlds of one test, one after the other."""

    worlds: list[World] = field(default_factory=lambda: [world()])

    def world(self) -> World:
        """Return the first."""
        return self.worlds[0]

    def is_current(self, known: World) -> bool:
        """Go on to the next, if there is one."""
        if len(self.worlds) > 1:
            self.worlds.pop(0)
        return self.worlds[0] is known


def body(manifest: Manifest, **request: Any) -> bytes:
    """Return the review of a new object."""
    kind = {"group": "", "version": "v1", "kind": manifest["kind"]}
    resource = {"group": "", "version": "v1", "resource": f"{manifest['kind'].lower()}s"}
    asked = {"uid": UID, "kind": kind, "resource": resource, "operation": "CREATE", "object": manifest, "userInfo": {"username": "ann"},
             "namespace": manifest["metadata"]["namespace"], **request}  # fmt: skip
    return json.dumps(
        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": asked}
    ).encode()


def whole(judge: CoreJudge | CoreMutator, content: bytes, asks: Any = None, seconds: float = 5) -> Judged:
    """Judge to the end, with an authorizer that says no unless the test has another one."""

    async def ask(question: AnyQuestion, left: float) -> bool:
        said = (asks or (lambda *_: False))(question, left)
        return bool(await said if inspect.isawaitable(said) else said)

    return asyncio.run(decide(partial(judge.begin, content), here, ask, time.monotonic() + seconds))


def judged(content: bytes, worlds: Worlds | None = None, asks: Any = None, seconds: float = 5) -> Judged:
    """Judge, and what may turn out otherwise once more."""
    judge = partial(whole, CoreJudge(worlds or Worlds()), content, asks, seconds)
    found = judge()
    return judge() if found.again and found.again(last=True) else found


def response(found: Judged) -> Mapping[str, Any]:
    """Return the response of an answer."""
    assert found.document is not None
    said: Mapping[str, Any] = found.document["response"]
    return said


@pytest.mark.parametrize(
    ("content", "decision", "codes"),
    [
        (body(OWN), "approved", ()),
        (body(pod("web", "")), "not_judged", ()),
        (body(FOREIGN), "denied", ("access-denied",)),
    ],
    ids=["a Secret of its own namespace", "no handle", "another namespace's Secret"],
)
def test_reviews_are_decided_by_the_core(content: bytes, decision: str, codes: tuple[str, ...]) -> None:
    """The answer is for the review that was asked, and says why."""
    found = judged(content)

    assert (found.decision, found.codes) == (decision, codes)
    assert response(found)["uid"] == UID
    assert response(found)["allowed"] == (decision != "denied")


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[]", b"{}", b'{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}'],
    ids=["nothing", "no text", "a list", "an object", "a review without a request"],
)
def test_what_is_no_review_has_no_answer(content: bytes) -> None:
    """There is nobody to answer."""
    assert judged(content).document is None


def test_a_pods_own_right_to_read_the_secret_is_asked_for() -> None:
    """What RBAC allows its ServiceAccount anyway is allowed."""
    asked: list[AnyQuestion] = []

    def allow(question: AnyQuestion, seconds: float) -> bool:
        assert 0 < seconds <= 5
        asked.append(question)
        return True

    assert judged(body(FOREIGN), asks=allow).decision == "approved"
    assert Question("shop", "web", "bank", "db") in asked


def test_an_authorizer_that_fails_is_a_no_that_is_told() -> None:
    """Who is refused for it knows that it may be another answer the next time."""

    def fail(*_: object) -> bool:
        raise ApiError(Call("POST", "/a"), 503, "ServiceUnavailable", "gone")

    found = judged(body(FOREIGN), asks=fail)

    assert found.decision == "denied"
    assert "did not answer" in response(found)["status"]["message"]


def test_an_authorizer_that_is_slow_does_not_make_the_answer_late() -> None:
    """It is told how long there is, which is less than until the deadline."""
    told = []

    async def be_late(_: AnyQuestion, seconds: float) -> bool:
        told.append(seconds)
        raise ApiError(Call("POST", "/a"), 0, "Unreachable", "late")

    found = whole(CoreJudge(Worlds()), body(FOREIGN), be_late, seconds=0.7)

    assert 0 < told[0] <= 0.5
    assert len(told) == 1
    assert "did not answer" in response(found)["status"]["message"]


def test_a_grant_that_was_applied_together_with_the_pod_counts() -> None:
    """The watch tells of it a moment after it is stored, which a refusal waits for."""
    assert judged(body(FOREIGN), Worlds([world(), world(GRANT)])).decision == "approved"
    assert judged(body(FOREIGN), Worlds([world(), world(namespace("other"))])).decision == "denied"


@pytest.mark.parametrize(
    ("mode", "decision", "allowed"),
    [("enforce", "denied", False), ("warn", "not_judged", True), ("audit", "not_judged", True)],
)
def test_what_cannot_be_read_is_refused_where_anything_is_enforced(
    mode: str, decision: str, *, allowed: bool
) -> None:
    """Of a review that is too large nothing is known but its uid."""
    found = CoreJudge(Worlds([world(mode=mode)])).undecided(UID, "it is too large")

    assert (found.decision, found.codes) == (decision, ("undecided",))
    assert (response(found)["uid"], response(found)["allowed"]) == (UID, allowed)
    assert "it is too large" in json.dumps(response(found))


def test_nobody_is_answered_who_cannot_be_named() -> None:
    """A response without a uid is of no use."""
    assert CoreJudge(Worlds()).undecided("", "it is too large").document is None


@pytest.mark.parametrize(
    "inner", [b"[" * 50_000 + b"]" * 50_000, b"9" * 6_000], ids=["50,000 levels", "6,000 digits"]
)
def test_what_python_does_not_read_is_judged(inner: bytes) -> None:
    """Depth and long numbers hide nothing: the handle beside them is found."""
    deep = {**FOREIGN, "metadata": {**FOREIGN["metadata"], "managedFields": "HERE"}}

    found = judged(body(deep).replace(b'"HERE"', inner))

    assert found.decision == "denied"


def added(worlds: Worlds, content: bytes = b"") -> Judged:
    """Pass an Agent's workload, or another content, through the mutating door."""
    kind = {"group": "apps", "version": "v1", "kind": "DaemonSet"}
    judge = partial(whole, CoreMutator(worlds), content or body(workload(), kind=kind))
    found = judge()
    return judge() if found.again and found.again(last=False) else found


def test_what_is_added_is_decided_by_the_core() -> None:
    """The answer has the plan's patch, and is for the review that was asked."""
    found = added(Worlds([asking_world()]))

    assert (found.decision, found.codes) == ("injected", ())
    assert (response(found)["uid"], response(found)["patchType"]) == (UID, "JSONPatch")
    assert added(Worlds([world()])).decision == "not_judged"
    assert added(Worlds(), b"[").document is None


def test_a_config_map_that_came_together_with_the_workload_counts() -> None:
    """The watch tells of it a moment after it is stored, which the answer waits for."""
    unknown = bare_world(target("Full", crossNamespace=False))

    assert added(Worlds([unknown, asking_world()])).decision == "injected"
    assert added(Worlds([unknown, unknown])).decision == "not_judged"


def test_without_time_an_agent_is_let_through_as_it_is() -> None:
    """Also where everything else is enforced."""
    found = CoreMutator(Worlds()).undecided(UID, "there was no time")

    assert (found.decision, found.codes) == ("not_judged", ("undecided",))
    assert response(found)["allowed"]
    assert "patch" not in response(found)
    assert CoreMutator(Worlds()).undecided("", "there was no time") == Judged("not_judged", None)


def test_a_role_that_was_applied_together_with_the_pod_counts() -> None:
    """The authorizer learns of it a moment later: who would be refused for its no is asked about once more."""
    asked: list[AnyQuestion] = []

    def learns(question: AnyQuestion, _: float) -> bool:
        asked.append(question)
        return len(asked) > 1

    assert judged(body(FOREIGN), asks=learns).decision == "approved"
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("content", "answers", "turns"),
    [
        pytest.param(body(OWN), [], [], id="what is allowed"),
        pytest.param(body(pod("web", "")), [], [], id="what is not ours"),
        pytest.param(body(FOREIGN), [True], [], id="what the authorizer allows"),
        pytest.param(body(FOREIGN), [False], [False, True], id="the authorizer's no"),
        pytest.param(body(pod("web", "x@y")), [], [False, False], id="what nobody was asked about"),
        pytest.param(b'{"apiVersion": "admission.k8s.io/v1"}', [], [], id="what is no review"),
    ],
)
def test_what_may_turn_out_otherwise(content: bytes, answers: list[bool], turns: list[bool]) -> None:
    """Facts that stay change nothing; an authorizer's no is asked about once more, at the end."""
    left = iter(answers)
    again = whole(CoreJudge(Worlds()), content, lambda *_: next(left)).again

    assert [again(last=False), again(last=True)] == turns if again else turns == []


def test_every_refusal_may_turn_with_the_facts() -> None:
    """Whether the facts are others is asked of who knows them."""
    again = whole(CoreJudge(Worlds([world(), world(GRANT)])), body(pod("web", "x@y"))).again

    assert again
    assert again(last=False)


@pytest.mark.parametrize(
    ("content", "at_once"),
    [
        pytest.param(body(OWN), True, id="what asks nothing"),
        pytest.param(body(FOREIGN), False, id="what has to be asked"),
        pytest.param(b"[", True, id="what is no review"),
    ],
)
def test_what_is_decided_at_once(content: bytes, *, at_once: bool) -> None:
    """Of what asks something the questions are told, and nothing else is done."""
    begun = CoreJudge(Worlds()).begin(content)

    assert isinstance(begun, Judged) is at_once
    assert isinstance(begun, Judged) or list(begun.questions) == [Question("shop", "web", "bank", "db")]
