"""Edits: what else would have changed."""

import pytest

from enc_operator.core.fixes.edits import changes_between, document_changes


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        pytest.param("a: 1", "a: true", [(1, True)], id="types count"),
        pytest.param("a: .nan", "a: .nan", [], id="not a number is itself"),
        pytest.param(
            "{a: 1, b: 2}", "{b: 2, a: 1}", [({"a": 1, "b": 2}, {"b": 2, "a": 1})], id="order counts"
        ),
        pytest.param("[1, 2]", "[1]", [([1, 2], [1])], id="length counts"),
        pytest.param("{a: 1, a: 2}", "{a: 3, a: 2}", [(1, 3)], id="a value that is shadowed counts"),
        pytest.param("a: [1, x]", "a: [2, z]", [(1, 2), ("x", "z")], id="several"),
        pytest.param("a: [", "a: [", None, id="not readable"),
    ],
)
def test_changes(before: str, after: str, changes: list[object] | None) -> None:
    """What differs between two texts is told value by value."""
    assert changes_between(before, after) == changes


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        pytest.param("a: 1\n---\nb: 1\n", "a: 1\n---\nb: 2\n", [(1, 2)], id="one document"),
        pytest.param("a: [\n---\nb: 1\n", "a: [\n---\nb: 2\n", [(1, 2)], id="beside one that cannot be read"),
        pytest.param("a: 1\n---\nb: 1\n", "a: 1\n---\nb: [\n", None, id="one is broken"),
        pytest.param("a: 1\n", "a: 1\n---\nb: 1\n", None, id="one came"),
    ],
)
def test_document_changes(before: str, after: str, changes: list[object] | None) -> None:
    """Documents are compared one by one; one that came or went is no change of a value."""
    assert document_changes(before, after) == changes
