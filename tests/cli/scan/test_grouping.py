"""What many pods share is said once."""

from enc_operator.cli.scan.grouping import group
from enc_operator.core.findings import ObjectRef

WEB = ObjectRef("Deployment", "shop", "web")


def pod(name: str) -> ObjectRef:
    """Return a pod's reference."""
    return ObjectRef("Pod", "shop", name)


def test_groups() -> None:
    """Alike things of one workload's pods are one; of other pods, and things without an object, each stands for itself."""
    owners = {pod("a"): WEB, pod("b"): WEB, pod("c"): WEB}
    found = [
        (pod("a"), 1),
        (pod("b"), 1),
        (pod("b"), 2),
        (pod("c"), 1),
        (pod("x"), 1),
        (pod("y"), 1),
        (None, 1),
    ]

    groups = group(found, owners, lambda item: item[0], lambda item: item[1])

    assert [(each.first, each.count, each.whose()) for each in groups] == [
        ((pod("a"), 1), 3, " and 2 more of Deployment shop/web"),
        ((pod("b"), 2), 1, " of Deployment shop/web"),
        ((pod("x"), 1), 1, ""),
        ((pod("y"), 1), 1, ""),
        ((None, 1), 1, ""),
    ]
