"""An Agent as a value: its limits, its name, its order."""

import pytest

from enc_operator.core.agents.backends import Backend, BackendKind
from enc_operator.core.agents.model import Agent, Scoping
from enc_operator.core.findings import Where
from enc_operator.core.inventory import Component, Flavour
from enc_operator.core.syntax import Source

OWN = Scoping(own_namespace_only=True)
LISTED = Scoping(namespaces=("shop", "db"))
IMAGES = Scoping(images={"redis": ("k8s_secret@shop/a/b",)})
OWN_SETTING = "secret_scope_integration_to_their_k8s_namespace"


@pytest.mark.parametrize(
    ("scoping", "secret", "pod", "image", "setting"),
    [
        pytest.param(Scoping(), "other", "shop", "redis", None, id="no limit"),
        pytest.param(OWN, "shop", "shop", "", None, id="the pod's own namespace"),
        pytest.param(OWN, "other", "shop", "", OWN_SETTING, id="another namespace"),
        pytest.param(OWN, "", "shop", "", None, id="a handle without a namespace"),
        pytest.param(OWN, "other", "", "", None, id="no pod: a Service or a file"),
        pytest.param(LISTED, "db", "shop", "", None, id="a listed namespace"),
        pytest.param(LISTED, "x", "shop", "", "secret_allowed_k8s_namespace", id="one that is not listed"),
        pytest.param(LISTED, "x", "", "", None, id="one that is not listed, without a pod"),
        pytest.param(IMAGES, "shop", "shop", "redis", None, id="a listed handle of an image"),
        pytest.param(
            IMAGES, "shop", "shop", "nginx", "secret_image_to_handle", id="an image that is not listed"
        ),
        pytest.param(IMAGES, "shop", "shop", "", None, id="no image"),
    ],
)
def test_scoping(scoping: Scoping, secret: str, pod: str, image: str, setting: str | None) -> None:
    """Each limit refuses exactly what the Agent refuses, and is named."""
    assert scoping.refuses("k8s_secret@shop/a/b", secret, pod, image) == setting


def test_image_needs_the_exact_handle() -> None:
    """An image's handles are compared whole."""
    assert IMAGES.refuses("k8s_secret@shop/a/bb", "shop", "shop", "redis") == "secret_image_to_handle"


@pytest.mark.parametrize(
    ("account", "inside", "title"),
    [
        pytest.param("node", True, "node Agent dd/node", id="in Kubernetes, by its ServiceAccount"),
        pytest.param("", False, "node Agent etc/datadog-agent", id="outside, by its folder"),
    ],
)
def test_title(account: str, inside: bool, title: str) -> None:  # noqa: FBT001
    """A person reads what it is and as whom it reads."""
    agent = Agent(
        Component.NODE,
        Flavour.DATADOG,
        "etc/datadog-agent",
        Where(Source("f")),
        Backend(BackendKind.NONE),
        "dd",
        account,
    )

    assert (agent.in_kubernetes, agent.title) == (inside, title)
    assert agent.sort_key() == ("dd", account, "agent", "etc/datadog-agent")
