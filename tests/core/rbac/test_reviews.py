"""A question as the API asks it."""

from enc_operator.core.inventory import Question
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
