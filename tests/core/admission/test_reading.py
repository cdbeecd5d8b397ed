"""AdmissionReviews of every shape: what is none is refused in a well-formed response, what is nothing of ours goes through."""

from typing import Any

import pytest

from enc_operator.core.admission.model import Kind, Request, Verdict
from enc_operator.core.admission.reading import Malformed, read_request
from enc_operator.core.inventory import User
from reviewing import MAY_MAKE_PODS, codes, document, finished, pod, service, world

REQUEST = document(pod())["request"]


def without(key: str) -> dict[str, Any]:
    """Return a review that lacks something."""
    return {**document(pod()), "request": {name: value for name, value in REQUEST.items() if name != key}}


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        pytest.param(None, "no AdmissionReview of admission.k8s.io/v1", id="nothing"),
        pytest.param([], "no AdmissionReview of admission.k8s.io/v1", id="a list"),
        pytest.param("x", "no AdmissionReview of admission.k8s.io/v1", id="a text"),
        pytest.param(10**400, "no AdmissionReview of admission.k8s.io/v1", id="a huge number"),
        pytest.param(
            {**document(pod()), "apiVersion": "admission.k8s.io/v1beta1"},
            "no AdmissionReview of admission.k8s.io/v1",
            id="an older version",
        ),
        pytest.param(
            {**document(pod()), "kind": "Pod"},
            "no AdmissionReview of admission.k8s.io/v1",
            id="another kind of document",
        ),
        pytest.param({**document(pod()), "request": None}, "no request with a uid", id="no request"),
        pytest.param({**document(pod()), "request": [1]}, "no request with a uid", id="a list as request"),
        pytest.param(without("uid"), "no request with a uid", id="no uid"),
        pytest.param(document(pod(), uid=7), "no request with a uid", id="a number as uid"),
        pytest.param(without("kind"), "which kind of object", id="no kind"),
        pytest.param(document(pod(), kind="Pod"), "which kind of object", id="a text as kind"),
        pytest.param(without("operation"), "the operation is none of", id="no operation"),
        pytest.param(
            document(pod(), operation="PATCH"), "the operation is none of", id="an operation that is none"
        ),
        pytest.param(without("object"), "holds no object", id="no object"),
        pytest.param(
            document(pod(), object=None, oldObject=pod()), "holds no object", id="an old object only"
        ),
        pytest.param(document(pod(), object=[pod()]), "holds no object", id="a list as object"),
        pytest.param(document(pod(), oldObject="x"), "oldObject is no object", id="a text as old object"),
        pytest.param(document(pod(), namespace=""), "in which namespace", id="a pod without namespace"),
        pytest.param(
            document(pod(), namespace=None), "in which namespace", id="a pod with null as namespace"
        ),
    ],
)
def test_no_review(asked: Any, what: str) -> None:
    """What is no review, or lacks what decides, is refused with a reason, in whatever mode."""
    answer = finished(asked, world(mode="audit"))

    response = answer.document["response"]
    assert answer.verdict is Verdict.DENIED
    assert response["allowed"] is False
    assert what in response["status"]["message"]
    assert response["status"]["code"] == 400
    assert response["uid"] in ("u-1", "")


@pytest.mark.parametrize("operation", ["DELETE", "CONNECT"])
def test_operations_that_write_nothing(operation: str) -> None:
    """What brings no text in is not judged, whether it has an object or not."""
    for asked in (document(pod(), operation=operation), document(pod(), operation=operation, object=None)):
        assert finished(asked, world()).verdict is Verdict.NOT_JUDGED


def test_everything_that_a_request_says() -> None:
    """The requester is read with all that he is asked about by, an object by the name that it has or will be made of."""
    asked = document(pod(), resource="pods/status")
    request = read_request(asked)

    assert request == Request(
        "u-1",
        "CREATE",
        Kind("", "v1", "Pod"),
        "pods/status",
        "shop",
        "web",
        User("ann", "7", ("system:authenticated",), (("scopes", ("a",)),)),
        pod(),
    )


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        pytest.param({"name": "web"}, "web", id="a name"),
        pytest.param({"generateName": "web-"}, "web-", id="the beginning of one"),
        pytest.param({}, "", id="none"),
        pytest.param({"name": 7}, "", id="a number"),
    ],
)
def test_names(metadata: dict[str, Any], name: str) -> None:
    """An object that has no name yet is called by what its name will be made of."""
    request = read_request(document(pod(), name="", object={"metadata": metadata}))

    assert not isinstance(request, Malformed)
    assert request.name == name


@pytest.mark.parametrize(
    "user", [None, "ann", {"username": 7, "groups": "x", "extra": {"a": "b"}}, {"extra": [], "groups": [1]}]
)
def test_requesters_that_nobody_knows(user: Any) -> None:
    """A requester of the wrong shape is somebody without a name, whom the authorizer knows nothing good of."""
    answer = finished(document(service(), userInfo=user), world(), MAY_MAKE_PODS)

    assert codes(answer) == ["requester-denied"]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"metadata": None}, id="no metadata"),
        pytest.param({"metadata": {"annotations": []}}, id="a list of annotations"),
        pytest.param(
            {"metadata": {"annotations": {"ad.datadoghq.com/app.checks": 7}}}, id="a number as annotation"
        ),
        pytest.param({"spec": []}, id="a list as specification"),
    ],
)
def test_shapes_that_no_pod_has(changed: dict[str, Any]) -> None:
    """A pod that the API server could not have read is still answered."""
    answer = finished(document(pod(), object={**pod(), **changed}), world())

    assert answer.document["response"]["uid"] == "u-1"
