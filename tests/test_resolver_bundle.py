"""What is delivered to the Agents: one Python file, the same every time, in Python 3.8's grammar."""

import ast
import hashlib
import importlib.resources
import sys
from pathlib import Path

import pytest

from enc_operator import resolver_bundle
from enc_operator.resolver_bundle import (
    payload,
    payload_digest,
    resolver_script,
)
from shell_scripts import run


def test_bundle_is_the_same_every_time(tmp_path: Path) -> None:
    """Another process, another folder, another hash seed: the same bytes and the same digest."""
    code = "from enc_operator.resolver_bundle import *; print(payload_digest()); print(resolver_script(), end='')"
    source = str(Path(resolver_bundle.__file__).parent.parent)
    for seed in ("1", "2"):
        ran = run(["env", "-C", tmp_path, sys.executable, "-c", code], PYTHONHASHSEED=seed, PYTHONPATH=source)
        assert ran.stdout.decode() == f"{payload_digest()}\n{resolver_script()}"


def test_bundle_is_one_python_file() -> None:
    """The file parses, starts with the Agent's own interpreter, and fits a ConfigMap many times over."""
    ast.parse(resolver_script(), feature_version=(3, 8))
    assert resolver_script().startswith("#!/opt/datadog-agent/embedded/bin/python3 -IS\n")
    assert sum(map(len, payload().values())) < 100_000


def test_bundle_holds_every_module() -> None:
    """No module of the resolver is left out, and each is in it as it is."""
    folder = Path(resolver_bundle.__file__).parent.parent / "enc_resolver"
    for module in folder.glob("*.py"):
        assert module.read_text() in resolver_script()


def test_digest_covers_names_lengths_and_contents(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moving text from one item to another changes the digest."""
    digests = set()
    for data in ({"a": "bc"}, {"ab": "c"}, {"a": "b", "c": ""}, {"a": "bd"}):
        monkeypatch.setattr(resolver_bundle, "payload", lambda data=data: data)
        digests.add(payload_digest())
    assert len(digests) == 4
    monkeypatch.setattr(resolver_bundle, "payload", lambda: {"b": "", "a": "\u00e9"})
    assert payload_digest() == hashlib.sha256("1:a2:\u00e91:b0:".encode()).hexdigest()


def test_module_that_would_break_the_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A source that would end its own quotation is an error here, not on an Agent."""
    (tmp_path / "__init__.py").write_text("'''x'''")
    monkeypatch.setattr(importlib.resources, "files", lambda _: tmp_path)
    with pytest.raises(ValueError, match=r"__init__\.py holds three apostrophes"):
        resolver_script()
