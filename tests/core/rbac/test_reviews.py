"""A question as the API asks it."""

from enc_operator.core.inventory import Question, User, UserQuestion
from enc_operator.core.rbac.reviews import access_review


def test_a_review_has_the_groups_of_a_token() -> None:
    """Rights are often given to all ServiceAccounts, or to those of a namespace."""
    spec = access_review(Question("shop", "web", "bank", "db"))["spec"]

    assert spec["user"] == "system:serviceaccount:shop:web"
    assert spec["groups"] == [
        "system:serviceaccounts",
        "system:serviceaccounts:shop",
        "system:authenticated",
    ]
    assert spec["resourceAttributes"] == {
        "verb": "get",
        "version": "v1",
        "resource": "secrets",
        "namespace": "bank",
        "name": "db",
    }


def test_a_review_of_a_user_is_about_who_he_is() -> None:
    """A requester is asked about with all that the API server knows of him; an empty name means all of a kind."""
    user = User("ann", "1", ("team-shop",), (("scopes", ("a", "b")),))

    spec = access_review(UserQuestion(user, "create", "pods", "shop"))["spec"]

    assert spec == {
        "user": "ann",
        "uid": "1",
        "groups": ["team-shop"],
        "extra": {"scopes": ["a", "b"]},
        "resourceAttributes": {
            "verb": "create",
            "version": "v1",
            "resource": "pods",
            "namespace": "shop",
            "name": "",
        },
    }
