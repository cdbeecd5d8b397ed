"""AdmissionReviews and a world that decides on them, as the tests of admission write them."""

import json
from collections.abc import Mapping
from typing import Any

from enc_operator.core.admission.model import Answer, Ask, Mode
from enc_operator.core.admission.review import review
from enc_operator.core.admission.world import AdmissionSettings, World
from enc_operator.core.inventory import AnyQuestion, Inventory, User, UserQuestion
from enc_operator.core.ledger.facts import Facts
from living import AGENTS, Manifest, agent, facts, frame, namespace, target
from reading_objects import crds

GROUPS = {
    **dict.fromkeys(["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"], "apps"),
    **dict.fromkeys(["Job", "CronJob"], "batch"),
    **dict.fromkeys(["SecretGrant", "ClusterSecretGrant", "AgentTarget"], "enc-operator.io"),
    "DatadogInstrumentation": "datadoghq.com",
}
OWN, FOREIGN = "ENC[k8s_secret@shop/db/password]", "ENC[k8s_secret@bank/db/password]"
USER = {"username": "ann", "uid": "7", "groups": ["system:authenticated"], "extra": {"scopes": ["a"]}}


def world(
    *manifests: Manifest,
    mode: str = "enforce",
    least: Mode = Mode.AUDIT,
    excluded: frozenset[str] = frozenset(),
) -> World:
    """Return a world with a node Agent and a Cluster Agent, their AgentTarget in a mode, namespace bank, and whatever else there is."""
    known = [agent(), agent("cluster-agent"), target(enforcement=mode), namespace("bank"), *manifests]
    return bare_world(*known, least=least, excluded=excluded)


def bare_world(
    *manifests: Manifest, least: Mode = Mode.AUDIT, excluded: frozenset[str] = frozenset()
) -> World:
    """Return a world with nothing but these objects."""
    settings = AdmissionSettings(crds(), AGENTS, excluded, least)
    return World.of(inventory(*manifests), settings)


def inventory(*manifests: Manifest) -> Inventory:
    """Return the facts of objects as the operator's door reads them."""
    known = Facts(frame(), AGENTS)
    for ref, fact in facts(*manifests).items():
        known.put(ref, fact)
    return known.inventory()


def document(
    manifest: Mapping[str, Any], old: Mapping[str, Any] | None = None, *, resource: str = "", **request: Any
) -> dict[str, Any]:
    """Return the review of an object that is created, or that replaces an old one."""
    kind = manifest["kind"]
    plural, _, subresource = resource.partition("/")
    asked = {
        "uid": "u-1",
        "kind": {"group": GROUPS.get(kind, ""), "version": "v1", "kind": kind},
        "resource": {
            "group": GROUPS.get(kind, ""),
            "version": "v1",
            "resource": plural or f"{kind.lower()}s",
        },
        "operation": "CREATE" if old is None else "UPDATE",
        "namespace": manifest["metadata"].get("namespace", ""),
        "name": manifest["metadata"].get("name", ""),
        "userInfo": USER,
        "object": manifest,
        "oldObject": old,
    }
    if subresource:
        asked["subResource"] = subresource
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {**asked, **request}}


def finished(asked: Any, known: World, *yes: AnyQuestion) -> Answer:
    """Review a document with an authorizer that says yes to these questions and no to all others."""
    answers: dict[AnyQuestion, bool] = {}
    while isinstance(outcome := review(asked, known, answers), Ask):
        assert not answers.keys() & set(outcome.questions)
        answers.update({question: question in yes for question in outcome.questions})
    return outcome


def questions(
    asked: Any, known: World, answers: Mapping[AnyQuestion, bool] | None = None
) -> tuple[AnyQuestion, ...]:
    """Return what a review asks first."""
    outcome = review(asked, known, answers or {})
    assert isinstance(outcome, Ask)
    return outcome.questions


def codes(answer: Answer) -> list[str]:
    """Return the codes for which a review denied."""
    return [reason.finding.code for reason in answer.reasons if reason.denies]


def told(answer: Answer) -> list[str]:
    """Return the codes of what denied nothing."""
    return [reason.finding.code for reason in answer.reasons if not reason.denies]


def message(answer: Answer) -> str:
    """Return why a review denied."""
    found = answer.document["response"]["status"]["message"]
    assert isinstance(found, str)
    return found


def checks(handle: str, **instance: Any) -> str:
    """Return a version 2 annotation with a handle in it."""
    return json.dumps({"redisdb": {"instances": [{"password": handle, **instance}]}})


def pod(
    handle: str = FOREIGN, *, account: str = "web", annotations: Mapping[str, str] | None = None
) -> Manifest:
    """Return a pod with a handle in the annotation of its container, or with these annotations."""
    if annotations is None:
        annotations = {"ad.datadoghq.com/app.checks": checks(handle)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": "shop", "name": "web", "annotations": annotations},
        "spec": {"serviceAccountName": account, "containers": [{"name": "app", "image": "redis:8"}]},
    }


def service(handle: str = OWN, **spec: Any) -> Manifest:
    """Return a Service with a handle in its annotation."""
    annotations = {"ad.datadoghq.com/service.checks": checks(handle)}
    metadata = {"namespace": "shop", "name": "web", "annotations": annotations}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": {"app": "web"}, **spec},
    }


def may(verb: str, resource: str, namespace: str, name: str = "") -> UserQuestion:
    """Return the question whether the requester of `document` may do something."""
    user = User("ann", "7", ("system:authenticated",), (("scopes", ("a",)),))
    return UserQuestion(user, verb, resource, namespace, name)


MAY_MAKE_PODS = may("create", "pods", "shop")
