"""`encctl uninstall` without a cluster: it never acts where nobody can be asked. What it does is shown on a real API server."""

import io
import sys

import pytest

from enc_operator.cli.main import main


def test_nobody_to_ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a script --yes has to be said."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    assert main(["uninstall"]) == 2
    assert "add --yes, or --dry-run" in capsys.readouterr().err


def test_no_kubectl(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named when it is missing."""
    monkeypatch.setenv("PATH", "/nowhere")

    assert main(["uninstall", "--dry-run"]) == 2
    assert "kubectl is not in PATH" in capsys.readouterr().err
