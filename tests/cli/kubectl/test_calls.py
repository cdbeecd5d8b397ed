"""Calls of kubectl: pages, and what its complaints mean."""

from pathlib import Path

import pytest

from enc_operator.cli.kubectl.arguments import Kubectl
from enc_operator.cli.kubectl.calls import NotAllowed, NotThere, knows, list_pages
from enc_operator.errors import EncError
from kubectl_stand_in import StandIn

PODS = "/api/v1/pods"
EXPIRED = "Error from server (Expired): The provided continue parameter is too old\n"


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Put a stand-in into PATH, alone."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return StandIn(tmp_path)


def page(*names: str, following: str = "") -> dict[str, object]:
    """Return a page of a list."""
    return {"items": [{"n": name} for name in names], "metadata": {"continue": following}}


def names() -> list[list[str]]:
    """Read the pods, and return their names page by page."""
    return [[item["n"] for item in items] for items in list_pages(Kubectl(), PODS, {"a": "b=c"})]


def test_pages(kubectl: StandIn) -> None:
    """A list is read to its end, 500 objects at a time, each time with the same query."""
    kubectl.answer(PODS, page("a", "b", following="x"))
    kubectl.answer(PODS, page("c"), following="x")

    assert names() == [["a", "b"], ["c"]]
    assert kubectl.asked == [
        f"--request-timeout=30s get --raw {PODS}?a=b%3Dc&limit=500",
        f"--request-timeout=30s get --raw {PODS}?a=b%3Dc&limit=500&continue=x",
    ]


def test_a_list_that_grew_old_begins_again(kubectl: StandIn) -> None:
    """Between two pages the API server may forget the list; forgetting it twice is an error."""
    kubectl.answer(PODS, page("a", following="x"))
    kubectl.refuse(PODS, EXPIRED, following="x")
    found: list[object] = []

    with pytest.raises(EncError, match="too old"):
        found.extend(list_pages(Kubectl(), PODS, {}))
    assert len([line for line in kubectl.asked if "continue" not in line]) == 2


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        pytest.param("Error from server (Forbidden): no\n", NotAllowed, "^no$", id="not allowed"),
        pytest.param("Error from server (NotFound): gone\n", NotThere, "^gone$", id="no such resource"),
        pytest.param(
            "E1122 10:00 x\nThe connection was refused\n",
            EncError,
            "^the cluster could not be asked: The connection was refused$",
            id="nobody there",
        ),
        pytest.param(
            "Error from server (InternalError): etcd\n", EncError, "asked: Error from server", id="another"
        ),
        pytest.param("", EncError, "kubectl failed", id="not a word"),
    ],
)
def test_complaints(words: str, error: type[EncError], message: str, kubectl: StandIn) -> None:
    """What the API server answered is told from nobody answering."""
    kubectl.refuse(PODS, words)

    with pytest.raises(error, match=message) as raised:
        names()

    assert type(raised.value) is error


@pytest.mark.parametrize("answer", ["Hello", "[]"])
def test_no_answer(answer: str, kubectl: StandIn) -> None:
    """What is no JSON object is no list."""
    kubectl.answer(PODS, answer)

    with pytest.raises(EncError, match="printed no JSON"):
        names()


@pytest.mark.parametrize(
    ("answer", "refusal", "expected"),
    [
        pytest.param({"resources": [{"name": "grants"}]}, "", True, id="it has it"),
        pytest.param({"resources": [{"name": "others"}]}, "", False, id="its group has others"),
        pytest.param({}, "Error from server (NotFound): x\n", False, id="it has no such group"),
        pytest.param({}, "Error from server (Forbidden): x\n", True, id="it does not say"),
    ],
)
def test_knows(answer: object, refusal: str, expected: bool, kubectl: StandIn) -> None:  # noqa: FBT001
    """Whether a resource exists is discovered, which anybody may; what is not to be found out counts as there."""
    kubectl.answer("/apis/a/v1", answer)
    if refusal:
        kubectl.refuse("/apis/a/v1", refusal)

    assert knows(Kubectl(), "a/v1", "grants") is expected


def test_no_kubectl(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without kubectl the error says so."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(EncError, match="kubectl, which is not in PATH"):
        names()
