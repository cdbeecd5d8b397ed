"""A fault as an exception: it can be raised through anything, copied, and said."""

import copy
import pickle
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from enc_operator.core.syntax import Mark, SyntaxFault

FAULT = SyntaxFault("yaml-invalid", "not YAML", "correct it", Mark(1, 2))


@contextmanager
def passing() -> Iterator[None]:
    """Let everything through."""
    yield


def test_it_passes_a_context_manager() -> None:
    """`contextlib` writes to an exception's traceback, which a frozen one would refuse."""
    with pytest.raises(SyntaxFault) as caught, passing():
        raise FAULT
    assert caught.value is FAULT


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(copy.copy(FAULT), id="copied"),
        pytest.param(pickle.loads(pickle.dumps(FAULT)), id="pickled"),  # noqa: S301 - its own bytes
    ],
)
def test_it_can_be_copied(other: SyntaxFault) -> None:
    """A copy says the same."""
    assert (other.code, str(other), other.fix, other.mark) == (
        "yaml-invalid",
        "not YAML",
        "correct it",
        Mark(1, 2),
    )


def test_it_may_have_no_place() -> None:
    """Without a mark it is about the whole text."""
    assert SyntaxFault("json-depth", "too deep", "flatten it").mark == Mark(0, 0)
