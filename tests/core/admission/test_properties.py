"""Reviews: what holds whatever comes in."""

import copy
import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.access import Denied
from enc_operator.core.admission.model import Answer, Verdict
from enc_operator.core.admission.mutation import mutate
from enc_operator.core.admission.review import review, undecided
from enc_operator.core.assessment import assess
from enc_operator.core.findings import ObjectRef
from enc_operator.core.inventory import PodFact
from enc_operator.core.ledger.live import read_live
from living import Manifest, check_file, grant, namespace
from mutating import asking_world, workload
from reviewing import FOREIGN, MAY_MAKE_PODS, OWN, checks, document, finished, pod, service, world

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.just(10**400)
    | st.sampled_from(["", "x", FOREIGN, "CREATE", "UPDATE", "Pod", "\ud800", "a" * 300, "\x1b["])
)
KEYS = st.sampled_from(
    ["", "kind", "metadata", "annotations", "spec", "ad.datadoghq.com/a.checks", "uid", "data", "\ud800"]
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
TO = [{"secretName": "db", "keys": ["*"]}]
GRANT = {
    **grant("g", "bank", "db", of={"namespace": "shop", "serviceAccounts": ["*"]}),
    "apiVersion": "enc-operator.io/v1alpha1",
}
INSTRUMENTATION = {
    "kind": "DatadogInstrumentation",
    "metadata": {"namespace": "shop", "name": "web"},
    "spec": {"targetRef": {"kind": "Service"}, "config": {"checks": [{"instances": [{"a": FOREIGN}]}]}},
}
REVIEWS = [
    document(pod()),
    document(pod(), pod(OWN)),
    document(service(), service(FOREIGN)),
    document(check_file("k8s_secret@bank/a/b"), check_file("a")),
    document(GRANT, {**GRANT, "spec": {}}),
    document({"kind": "Binding", "metadata": pod()["metadata"]}, resource="pods/binding"),
    document(INSTRUMENTATION),
    document(
        {"kind": "AgentTarget", "metadata": {"namespace": "dd", "name": "a"}, "spec": {"manage": "RBAC"}}
    ),
    document({"kind": "Rollout", "metadata": pod()["metadata"]}),
    document(workload()),
    document(workload("cluster-agent"), workload()),
]
WORLD, ASKING = world(), asking_world()
IN_EACH_MODE = [world(mode=mode) for mode in ("audit", "warn", "enforce")]


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to all values."""
    found = [path]
    for key, item in (
        value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    ):
        found += paths(item, (*path, key))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Draw a review in which something stands that does not belong there."""
    found = {"it": copy.deepcopy(draw(st.sampled_from(REVIEWS)))}
    for _ in range(draw(st.integers(1, 3))):
        *front, last = draw(st.sampled_from(paths(found)[1:]))
        place: Any = found
        for step in front:
            place = place[step]
        if draw(st.booleans()) and isinstance(place, dict):
            del place[last]
            found.setdefault("it", None)
        else:
            place[last] = draw(JSON)
    return found["it"]


@given(JSON | mutated(), st.booleans(), st.booleans())
def test_any_document(asked: Any, last: bool, whole: bool) -> None:  # noqa: FBT001
    """Whatever comes in, something well-formed comes out, and never an exception."""
    outcome = review(asked, WORLD, {}, last=last, whole=whole)
    if not isinstance(outcome, Answer):
        assert not last
        outcome = review(asked, WORLD, dict.fromkeys(outcome.questions, False), last=True, whole=whole)
    for answer in (outcome, undecided(asked, WORLD, "why")):
        assert isinstance(answer, Answer)
        check(asked, answer)
    added = mutate(asked, ASKING, whole=whole)
    check(asked, added)
    assert added.allowed or not added.document["response"]["uid"]


def check(asked: Any, answer: Answer) -> None:
    """Check that an answer is one that the API server takes."""
    shown = json.loads(json.dumps(answer.document))
    response = shown["response"]
    assert (shown["apiVersion"], shown["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    assert response["allowed"] is answer.allowed
    if response["allowed"]:
        assert response["uid"] == asked["request"]["uid"]
        assert "status" not in response
    else:
        assert response["status"]["message"]
        assert response["status"]["code"] in (400, 403, 503)
    for warning in response.get("warnings", ()):
        assert 0 < len(warning) <= 256
        assert warning.isprintable()
    assert all(isinstance(note, str) for note in response.get("auditAnnotations", {}).values())


PIECES = st.sampled_from([
    "ENC[", "]", "k8s_secret@", "bank/db/p", "shop/db/p", "file@/etc/x", "%%host%%", "%%hostname%%",
    "%%env_A%%", "%%kube_namespace%%", "/a/b", "\\u0045NC[", "‰extra_x‰", " ", "EN", "C[",
])  # fmt: skip
VALUES = st.lists(PIECES, min_size=1, max_size=5).map("".join) | st.sampled_from([OWN, FOREIGN])
ANNOTATIONS = st.dictionaries(
    st.sampled_from([f"{prefix}.datadoghq.com/{name}" for prefix in ("ad", "service-discovery") for name in (
        "app.checks", "app.instances", "app.logs", "other.checks", "app.check.id")]),
    VALUES.map(checks) | VALUES | VALUES.map(lambda value: json.dumps([{"a": value}]).replace("\\\\", "\\")),
    max_size=3,
)  # fmt: skip
OPENED: list[Manifest] = [
    namespace("bank"),
    grant("g", "bank", "db", of={"namespace": "shop", "serviceAccounts": ["*"]}),
]


@given(ANNOTATIONS, st.lists(st.sampled_from(OPENED), unique_by=str, max_size=2))
def test_the_same_as_assess(annotations: dict[str, str], opened: list[Manifest]) -> None:
    """A pod is refused for exactly what `assess` denies, and never for less; what is odd beside it opens nothing."""
    manifest, known = pod(annotations=annotations), world(*opened)
    answer = finished(document(manifest), known, MAY_MAKE_PODS)
    fact = read_live("Pod", manifest)
    assert isinstance(fact, PodFact)
    judged = assess(replace(known.inventory, pods=[fact])).judged
    here = ObjectRef("Pod", "shop", "web")
    denied = {
        item.decision.code
        for item in judged
        if item.reference.where.object == here and isinstance(item.decision, Denied)
    }

    found = {reason.finding.code for reason in answer.reasons if reason.denies}
    assert denied <= found
    assert found - denied <= {"json-invalid", "template-invalid"}
    assert (answer.verdict is Verdict.DENIED) is bool(found)


@given(ANNOTATIONS)
def test_modes_change_nothing_but_what_follows(annotations: dict[str, str]) -> None:
    """The same reasons are found in every mode; only the tightest refuses."""
    asked = document(pod(annotations=annotations))
    found = [finished(asked, known) for known in IN_EACH_MODE]

    assert len({tuple(reason.finding for reason in answer.reasons) for answer in found}) == 1
    assert [answer.allowed for answer in found[:2]] == [True, True]
