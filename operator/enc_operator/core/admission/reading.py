"""An AdmissionReview of any shape to the request in it, or to what is wrong with it.

Source: k8s.io/api `admission/v1/types.go`. The API server fills everything in; what is not so comes from somebody else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from enc_operator.core.admission.model import Kind, Request
from enc_operator.core.inventory import User
from enc_operator.core.objects.shapes import mapping, text, texts

API_VERSION = "admission.k8s.io/v1"
KIND = "AdmissionReview"
WRITES = ("CREATE", "UPDATE")
_OPERATIONS = (*WRITES, "DELETE", "CONNECT")


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why a document is no review that could be judged; `uid` is empty where it has none."""

    uid: str
    what: str


def read_request(document: Any, *, whole: bool = True) -> Request | Malformed:
    """Read a decoded AdmissionReview."""
    uid = text(document, "request", "uid")
    what = _problem(document)
    return Malformed(uid, what) if what else _request(document["request"], uid, whole=whole)


def _problem(document: Any) -> str | None:
    if (text(document, "apiVersion"), text(document, "kind")) != (API_VERSION, KIND):
        return f"the document is no {KIND} of {API_VERSION}"
    request = mapping(document, "request")
    if not text(request, "uid"):
        return "the review has no request with a uid"
    if not text(request, "kind", "kind"):
        return "the request does not say which kind of object it is about"
    return _problem_of_write(request)


def _problem_of_write(request: Mapping[str, Any]) -> str | None:
    operation = text(request, "operation")
    if operation not in _OPERATIONS:
        return f"the operation is none of {', '.join(_OPERATIONS)}"
    if operation in WRITES and not isinstance(request.get("object"), dict):
        return "the request holds no object"
    if not isinstance(request.get("oldObject"), dict | None):
        return "the request's oldObject is no object"
    return None


def _request(request: Mapping[str, Any], uid: str, *, whole: bool) -> Request:
    subresource = text(request, "subResource")
    resource = text(request, "resource", "resource")
    metadata = mapping(request, "object", "metadata")
    return Request(
        uid,
        text(request, "operation"),
        Kind(text(request, "kind", "group"), text(request, "kind", "version"), text(request, "kind", "kind")),
        f"{resource}/{subresource}" if subresource else resource,
        text(request, "namespace"),
        text(request, "name") or text(metadata, "name") or text(metadata, "generateName"),
        _user(mapping(request, "userInfo")),
        mapping(request, "object"),
        request.get("oldObject"),
        whole,
        text(request, "options", "fieldManager"),
    )


def _user(user: Mapping[str, Any]) -> User:
    extra = mapping(user, "extra")
    return User(
        text(user, "username"),
        text(user, "uid"),
        texts(user, "groups"),
        tuple(sorted((key, texts(extra, key)) for key in extra if isinstance(key, str))),
    )
