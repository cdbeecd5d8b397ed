"""Reviews that no API server writes, and those that strain it, over HTTPS and decided by the core: an answer to each, never the wrong one."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from enc_operator.webhook.judging import CoreJudge, CoreMutator
from enc_operator.webhook.places import Found, Judged, Limits
from enc_operator.webhook.server import Judge
from reviewing import FOREIGN, OWN, checks, document, pod, world
from serving_reviews import ScriptedJudge, Served

Change = Callable[[dict[str, Any]], object]
POD = document(pod())
DEEP = "[" * 200_000 + "]" * 200_000


class Facts:
    """One world for ever, in a mode."""

    def __init__(self, mode: str) -> None:
        self._world = world(mode=mode)

    def world(self) -> Any:
        """Return it."""
        return self._world

    def is_current(self, world: Any) -> bool:
        """Know of no other."""
        return world is self._world


class Decided(ScriptedJudge):
    """Decides by the core."""

    def __init__(self, judge: Judge) -> None:
        super().__init__(quick=judge.quick)
        self._judge = judge

    def begin(self, body: bytes) -> Found:
        """Pass a review on."""
        return self._judge.begin(body)

    def undecided(self, uid: str, why: str) -> Judged:
        """Pass on what was not judged."""
        return self._judge.undecided(uid, why)


@pytest.fixture(scope="module", params=["enforce", "audit"])
def mode(request: pytest.FixtureRequest) -> str:
    """Name what holds."""
    found: str = request.param
    return found


@pytest.fixture(scope="module")
def served(mode: str) -> Iterator[Served]:
    """Serve both doors as the process does, with an authorizer that says no."""
    facts = Facts(mode)
    found = Served(Decided(CoreJudge(facts)), Limits(seconds=20, looks=()), Decided(CoreMutator(facts)))
    yield found
    found.stop()


def written(document: Any) -> bytes:
    """Write a review as the API server does: in this order, without blanks."""
    ordered = {name: document[name] for name in ("kind", "apiVersion", "request")}
    return json.dumps(ordered, separators=(",", ":")).encode()


def of_pod(**request: Any) -> bytes:
    """Return a pod's review in which this is different."""
    return written(document(pod(), **request))


def with_pod(**parts: Any) -> bytes:
    """Return the review of a pod in which this is different."""
    return of_pod(object={**pod(), **parts})


def without(name: str) -> bytes:
    """Return a pod's review that lacks a part."""
    return written({**POD, "request": {key: value for key, value in POD["request"].items() if key != name}})


def annotated(**annotations: Any) -> bytes:
    """Return the review of a pod with a foreign handle and more annotations."""
    own = {"ad.datadoghq.com/app.checks": checks(FOREIGN)}
    return with_pod(metadata={"name": "web", "namespace": "shop", "annotations": {**own, **annotations}})


def replaced(old: str, new: str) -> bytes:
    """Return a pod's review in which a text stands in place of another, as no encoder would write it."""
    text = json.dumps(POD)
    assert old in text
    return text.replace(old, new, 1).encode()


NO_REVIEW = {
    "nothing": b"",
    "no JSON": b"\x16\x03\x01 what",
    "half of one": of_pod()[:-9],
    "two of them": of_pod() * 2,
    "null": b"null",
    "a list": b"[]",
    "no request": written({**POD, "request": None}),
    "no uid": without("uid"),
    "a number as uid": of_pod(uid=7),
    "bytes that are no text": of_pod().replace(b"ann", b"\xff\xfe"),
    "only brackets": DEEP.encode(),
}
REFUSED_WHATEVER_HOLDS = {
    "another version": written({**POD, "apiVersion": "admission.k8s.io/v1beta1"}),
    "another kind of document": written({**POD, "kind": "TokenReview"}),
    "no kind": without("kind"),
    "a text as kind": of_pod(kind="Pod"),
    "no operation": without("operation"),
    "an operation that is none": of_pod(operation="PATCH"),
    "no object": without("object"),
    "null as object": of_pod(object=None),
    "a list as object": of_pod(object=[pod()]),
    "an old object only": of_pod(object=None, oldObject=pod(), operation="UPDATE"),
    "a text as old object": of_pod(oldObject="x"),
    "no namespace": of_pod(namespace=""),
    "null as namespace": of_pod(namespace=None),
}
REFUSED = {
    "what is refused anyway": of_pod(),
    "a name that is still to be made": with_pod(metadata={"generateName": "web-", "annotations": pod()["metadata"]["annotations"]}),
    "no requester": without("userInfo"),
    "no name at all": of_pod(name="", object={**pod(), "metadata": {"annotations": pod()["metadata"]["annotations"]}}),
    "a kind that nobody knows": of_pod(kind={"group": "example.com", "version": "v1", "kind": "Rollout"}),
    "a version that nobody knows": of_pod(kind={"group": "", "version": "v9", "kind": "Pod"}),
    "14 MB": with_pod(status={"message": "a" * 14_000_000}),
    "14 MB of objects": with_pod(status={"conditions": [{"type": "a" * 60, "status": "True"}] * 160_000}),
    "depth beside the text": replaced('"spec": {', f'"status": {DEEP}, "spec": {{'),
    "depth in the text": annotated(**{"ad.datadoghq.com/app.logs": DEEP}),
    "a huge number beside the text": replaced('"spec": {', f'"status": {"9" * 10_000}, "spec": {{'),
    "a huge number in the text": annotated(**{"ad.datadoghq.com/app.logs": "9" * 10_000}),
    "a number beyond all floats": replaced('"spec": {', '"status": 1e999999, "spec": {'),
    "no number": replaced('"spec": {', '"status": NaN, "spec": {'),
    "a key twice, the worse one last": replaced('"annotations": {', '"annotations": {"ad.datadoghq.com/app.checks": "{}", '),
    "half a character": annotated(**{"ad.datadoghq.com/app.logs": "\ud800"}),
    "characters that a terminal obeys": annotated(**{"ad.datadoghq.com/app.logs": "\x00\x1b[2J"}),
    "another encoding": json.dumps(POD).encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + of_pod(),
    "more handles than are read": annotated(**{"ad.datadoghq.com/app.logs": json.dumps([OWN] * 2_001)}),
    "30,000 annotations": annotated(**{f"ad.datadoghq.com/a{number}.checks": "[{}]" for number in range(30_000)}),
    "shapes that no pod has": with_pod(spec=[], status=7),
}  # fmt: skip
UNDECIDED = {"25 MB": with_pod(status={"message": "a" * (25 << 20)})}
LET_THROUGH = {
    "a deletion": of_pod(operation="DELETE", object=None, oldObject=pod()),
    "a deletion of nothing": of_pod(operation="DELETE", object=None),
    "an exec": of_pod(operation="CONNECT", kind={"group": "", "version": "v1", "kind": "PodExecOptions"}),
    "a kind that nobody knows, with no template": of_pod(
        kind={"group": "example.com", "version": "v1", "kind": "Rollout"}, object={"spec": {"a": OWN}}
    ),
    "a key twice, the better one last": written(
        document({**pod(), "metadata": {"namespace": "shop"}})
    ).replace(b'"metadata":{', b'"metadata":{"annotations":{"ad.datadoghq.com/app.checks":"ENC[a"},"annotations":{},', 1),
}  # fmt: skip


def cases(*tables: dict[str, bytes]) -> pytest.MarkDecorator:
    """Run a test with each case of these tables."""
    return pytest.mark.parametrize(
        "body", [pytest.param(body, id=name) for table in tables for name, body in table.items()]
    )


def answered(served: Served, body: bytes, path: str = "/validate") -> dict[str, Any]:
    """Post a review, and return the response, which is one as the API server reads it."""
    status, said = served.post(body, f"{path}?timeout=30s")
    assert (status, said["apiVersion"], said["kind"]) == (200, "admission.k8s.io/v1", "AdmissionReview")
    response: dict[str, Any] = said["response"]
    assert response["uid"] == "u-1"
    assert response["allowed"] is True or response["status"]["message"]
    return response


@cases(NO_REVIEW)
@pytest.mark.parametrize("path", ["/validate", "/mutate"])
def test_what_is_no_review_is_a_bad_request(served: Served, body: bytes, path: str) -> None:
    """There is nobody to answer; the API server would count it as a failed call, but wrote none of these."""
    assert served.post(body, path)[0] == 400


@cases(REFUSED_WHATEVER_HOLDS)
def test_what_lacks_what_decides_is_refused(served: Served, body: bytes) -> None:
    """In every mode: somebody else than the API server wrote it."""
    response = answered(served, body)

    assert (response["allowed"], response["status"]["code"]) == (False, 400)


@cases(REFUSED)
def test_no_shape_makes_a_foreign_handle_pass(served: Served, mode: str, body: bytes) -> None:
    """Where it is enforced it is refused, elsewhere the audit log says that it would be."""
    response = answered(served, body)

    assert response["allowed"] is (mode == "audit")
    assert response["auditAnnotations"]["verdict"] == ("would be denied" if mode == "audit" else "denied")


@cases(UNDECIDED)
def test_what_is_too_large_is_not_judged(served: Served, mode: str, body: bytes) -> None:
    """Where anything is enforced it is refused, elsewhere the audit log says that it was not judged."""
    response = answered(served, body)

    assert response["allowed"] is (mode == "audit")
    assert "24 MiB" in json.dumps(response)


@cases(LET_THROUGH)
def test_what_brings_no_handle_in_goes_through(served: Served, body: bytes) -> None:
    """It is read as the API server reads it: of two equal keys the last counts."""
    assert answered(served, body)["allowed"] is True


@cases(REFUSED_WHATEVER_HOLDS, REFUSED, UNDECIDED, LET_THROUGH)
def test_the_mutating_door_leaves_alone_what_it_does_not_know(served: Served, body: bytes) -> None:
    """It refuses nothing and adds nothing, whatever it is sent."""
    response = answered(served, body, "/mutate")

    assert (response["allowed"], "patch" in response) == (True, False)
