"""Decoded values side by side."""

from typing import Any

import pytest

from enc_operator.core.admission.matter import same


def nested(depth: int) -> Any:
    """Return lists in lists."""
    found: Any = "x"
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        pytest.param({"a": [1]}, {"a": [1]}, True, id="equal ones"),
        pytest.param({"a": [1]}, {"a": [2]}, False, id="others"),
        pytest.param(None, {}, False, id="nothing, and an empty one"),
        pytest.param(nested(100), nested(100), True, id="nested ones"),
        pytest.param(nested(100_000), nested(100_000), False, id="what is nested too deeply to be compared"),
    ],
)
def test_same(one: Any, other: Any, equal: bool) -> None:  # noqa: FBT001
    """What cannot be compared counts as changed."""
    assert same(one, other) is equal
