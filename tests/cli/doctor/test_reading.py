"""What may not be read is told with the right that it takes."""

import pytest

from doctoring import FORBIDDEN, NOT_FOUND
from enc_operator.cli.doctor.model import Unreadable
from enc_operator.cli.doctor.reading import Looker, right_of
from enc_operator.cli.kubectl.arguments import Kubectl
from kubectl_stand_in import StandIn


@pytest.mark.parametrize(
    ("verb", "path", "right"),
    [
        ("get", "/api/v1/namespaces/shop", "get namespaces shop"),
        ("get", "/api/v1/namespaces/shop/services/a", "get services a in namespace shop"),
        ("list", "/apis/apps/v1/deployments", "list deployments.apps"),
        ("list", "/apis/apps/v1/namespaces/shop/deployments", "list deployments.apps in namespace shop"),
    ],
)
def test_rights(verb: str, path: str, right: str) -> None:
    """A right is named as kubectl names resources."""
    assert right_of(verb, path) == right


def test_reading(kubectl: StandIn) -> None:
    """What is not there is no error, neither is what may not be read."""
    look = Looker(Kubectl())
    for path in ("/api/v1/namespaces/a", "/api/v1/pods"):
        kubectl.refuse(path, NOT_FOUND)
    kubectl.refuse("/api/v1/namespaces/b", FORBIDDEN)
    kubectl.refuse("/api/v1/services", "Error from server (Forbidden): no\n")

    assert look.one("/api/v1/namespaces/a") is None
    assert look.many("/api/v1/pods") == []
    assert look.one("/api/v1/namespaces/b") == Unreadable("get namespaces b", 'User "u" may not')
    assert look.many("/api/v1/services") == Unreadable("list services", "no")
