"""What the tests of `encctl resolve` share: a canary, and the types of their fixtures."""

from typing import Any, Protocol

CANARY = "canary-5150"
"""Stands for every Secret's value: it never comes out."""

GOOD = {"a@b": {"value": CANARY, "error": None}}


class Run(Protocol):
    """Runs `encctl resolve`; returns exit code, output, complaints."""

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Run it."""


class Executable(Protocol):
    """Writes an executable that answers by a piece of shell; returns its path."""

    def __call__(self, script: str, mode: int = 0o500) -> str:
        """Write it."""


class Answering(Protocol):
    """Writes an executable with fixed answers, and shell to run after them; returns its path."""

    def __call__(self, answers: Any, after: str = "") -> str:
        """Write it."""
