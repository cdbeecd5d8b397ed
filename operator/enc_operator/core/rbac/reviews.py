"""A question to RBAC as the API asks it: a SubjectAccessReview. Sending it, and reading the answer, is the doors' affair."""

from typing import Any

from enc_operator.core.inventory import Question


def user_of(question: Question) -> str:
    """Return the user name of the ServiceAccount that a question is about."""
    return f"system:serviceaccount:{question.namespace}:{question.service_account}"


def access_review(question: Question) -> dict[str, Any]:
    """Write a question with the groups that a ServiceAccount's token has, and no others.

    Source: k8s.io/apiserver `pkg/authentication/serviceaccount`.
    """
    groups = [
        "system:serviceaccounts",
        f"system:serviceaccounts:{question.namespace}",
        "system:authenticated",
    ]
    asked = {
        "verb": "get",
        "version": "v1",
        "resource": "secrets",
        "namespace": question.secret_namespace,
        "name": question.secret_name,
    }
    spec = {"user": user_of(question), "groups": groups, "resourceAttributes": asked}
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
