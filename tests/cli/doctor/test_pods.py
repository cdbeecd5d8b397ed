"""What the pods of injected workloads say of the resolver that was to be installed in them."""

from typing import Any

import pytest

from enc_operator.cli.doctor.model import Check, Unreadable
from enc_operator.cli.doctor.pods import check_pods, selector_of
from enc_operator.core.findings import ObjectRef

WHERE = ObjectRef("DaemonSet", "dd", "agent")
SELECTOR = {"matchLabels": {"b": "2", "a": "1"}}


def pod(name: str, message: str = "", container: str = "enc-resolver") -> dict[str, Any]:
    """Return a pod whose init container left a message."""
    ended = {"terminated": {"message": message}} if message else {"terminated": {"reason": "Completed"}}
    return {
        "metadata": {"name": name},
        "status": {"initContainerStatuses": [{"name": container, "state": ended}]},
    }


@pytest.mark.parametrize(
    ("init", "expected"),
    [("enc-resolver", "a=1,b=2"), ("other", "")],
    ids=["an injected workload", "another one"],
)
def test_whose_pods_are_looked_at(init: str, expected: str) -> None:
    """Those of injected workloads, by their labels."""
    template = {"spec": {"initContainers": [{"name": init}]}}

    assert selector_of({"spec": {"selector": SELECTOR, "template": template}}) == expected


def test_pods_that_fell_back() -> None:
    """One is named, with what its install step said and how to begin anew; the message is one line."""
    pods = [
        pod("b", "no resolver in /p\n"),
        pod("a", "neither x\nnor y here"),
        pod("c"),
        {"metadata": {"name": "d"}},
    ]

    (found,) = check_pods(WHERE, pods)

    assert (str(found.status), found.where) == ("fail", "DaemonSet dd/agent")
    assert (
        found.what == "2 of 4 pods run the built-in script in place of our resolver: a: neither x nor y here"
    )
    assert "kubectl -n dd logs a -c enc-resolver" in found.fix
    assert "kubectl -n dd rollout restart daemonset/agent" in found.fix


def test_pods_that_did_not() -> None:
    """What other containers say is not ours."""
    assert list(check_pods(WHERE, [pod("a"), pod("b", "no", container="other")])) == []


def test_pods_that_may_not_be_listed() -> None:
    """It is not known."""
    refused = Unreadable("list pods in namespace dd", "you may not")

    found: list[Check] = list(check_pods(WHERE, refused))

    assert [str(each.status) for each in found] == ["unknown"]
