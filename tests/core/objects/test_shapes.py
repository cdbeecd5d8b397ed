"""Values at paths of untyped manifests: what has the wrong shape counts as absent."""

from typing import Any

import pytest

from enc_operator.core.inventory import Selector
from enc_operator.core.objects.shapes import at, entries, items, labels, mapping, selector, text, texts

TREE: dict[str, Any] = {"a": {"text": "t", "list": ["x", 1, {"b": "c"}], "map": {"k": "v", "n": 1, "l": []}}}


@pytest.mark.parametrize(
    "path", [("a", "missing"), ("a", "text", "deeper"), ("a", "list", "0"), ("b",), ("a", "map", "n")]
)
def test_what_is_not_there(path: tuple[str, ...]) -> None:
    """A path that leads nowhere, or to another shape, gives nothing."""
    assert mapping(TREE, *path) == {}
    assert items(TREE, *path) == []
    assert text(TREE, *path) == ""
    assert texts(TREE, *path) == ()
    assert labels(TREE, *path) == {}
    assert list(entries(TREE, *path)) == []


@pytest.mark.parametrize("value", [None, 1, "text", [1], True])
def test_no_mapping_at_all(value: Any) -> None:
    """A manifest that is no mapping has nothing at any path."""
    assert at(value, "a") is None
    assert mapping(value, "a") == {}
    assert selector(value) == Selector()


def test_what_is_there() -> None:
    """A value of the right shape is returned as it is; of a list or mapping only what fits."""
    assert at(TREE) is TREE
    assert mapping(TREE, "a", "map") == TREE["a"]["map"]
    assert items(TREE, "a", "list") == TREE["a"]["list"]
    assert text(TREE, "a", "text") == "t"
    assert texts(TREE, "a", "list") == ("x",)
    assert labels(TREE, "a", "map") == {"k": "v"}
    assert list(entries(TREE, "a", "list")) == [(2, {"b": "c"})]


def test_selectors() -> None:
    """A LabelSelector has labels and expressions; what is no expression is left out."""
    found = selector(
        {
            "matchLabels": {"a": "b", "c": 1},
            "matchExpressions": [
                {"key": "d", "operator": "In", "values": ["e", 2]},
                "x",
                {"key": "f", "operator": "Exists"},
            ],
        }
    )
    assert found == Selector({"a": "b"}, (("d", "In", ("e",)), ("f", "Exists", ())))
