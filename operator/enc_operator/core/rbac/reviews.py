"""A question to the authorizer as the API asks it: a SubjectAccessReview. Sending it, and reading the answer, is the doors' affair."""

from typing import Any

from enc_operator.core.inventory import AnyQuestion, Question, User


def user_of(question: Question) -> str:
    """Return the user name of the ServiceAccount that a question is about."""
    return f"system:serviceaccount:{question.namespace}:{question.service_account}"


def access_review(question: AnyQuestion) -> dict[str, Any]:
    """Write a question as an object to create: about Secrets and pods, and the verbs that the core asks for."""
    if isinstance(question, Question):
        asked = _attributes("get", "secrets", question.secret_namespace, question.secret_name)
        spec = {"user": user_of(question), "groups": _groups(question), "resourceAttributes": asked}
    else:
        asked = _attributes(question.verb, question.resource, question.namespace, question.name)
        spec = {**_user(question.user), "resourceAttributes": asked}
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}


def _groups(question: Question) -> list[str]:
    """Return the groups that a ServiceAccount's token has, and no others.

    Source: k8s.io/apiserver `pkg/authentication/serviceaccount`.
    """
    return ["system:serviceaccounts", f"system:serviceaccounts:{question.namespace}", "system:authenticated"]


def _user(user: User) -> dict[str, Any]:
    extra = {key: list(values) for key, values in user.extra}
    return {"user": user.name, "uid": user.uid, "groups": list(user.groups), "extra": extra}


def _attributes(verb: str, resource: str, namespace: str, name: str) -> dict[str, str]:
    return {"verb": verb, "version": "v1", "resource": resource, "namespace": namespace, "name": name}
