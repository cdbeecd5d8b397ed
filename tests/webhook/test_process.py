"""What the webhook's process sets up for itself."""

import ctypes
from types import SimpleNamespace

import pytest

from enc_operator.webhook.process import give_back_large_memory


def test_what_a_large_review_took_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 1 MiB on the C library asks the kernel for memory, and returns it at once."""
    asked: list[tuple[int, int]] = []
    library = SimpleNamespace(mallopt=lambda *what: asked.append(what))
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)

    give_back_large_memory()

    assert asked == [(-3, 1 << 20)]


def test_another_c_library_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no such setting nothing is set."""
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())

    give_back_large_memory()
