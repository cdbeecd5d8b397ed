"""What is delivered to the Agents: one Python file, the same every time, that runs on every interpreter."""

import ast
import hashlib
import importlib.resources
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from enc_operator import resolver_bundle
from enc_operator.resolver_bundle import (
    payload,
    payload_digest,
    resolver_script,
)
from kubernetes_stand_in import serving
from shell_scripts import run, write_program


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


@pytest.fixture(scope="module")
def pythons() -> list[str]:
    """Find this interpreter and others that may be installed."""
    names = [shutil.which(f"python3.{minor}") for minor in range(8, 15)]
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {sys.executable, *filter(None, names), *map(str, versions.glob("3.*/bin/python3"))}
    code = "import sys, ssl; assert sys.version_info >= (3, 8)"
    return [python for python in sorted(found) if run([python, "-IS", "-c", code]).returncode == 0]


def test_bundle_runs_on_every_python(pythons: list[str], tmp_path: Path) -> None:
    """The one file answers from files and from the API on every interpreter from 3.8 on."""
    account = tmp_path / "account"
    account.mkdir()
    (tmp_path / "pw").write_text("value")
    resolver = write_program(tmp_path / "resolver", resolver_script())
    question = json.dumps(
        {"version": "1.1", "secrets": ["pw", "k8s_secret@ns/db/pw", "k8s_secret@ns/no/k"]}
    ).encode()
    with serving(account) as api:
        api.secrets["ns/db"] = {"pw": b"secret"}
        for python in pythons:
            command = [python, "-IS", str(resolver), str(tmp_path), "--service-account", str(account)]
            ran = run(
                command, question, KUBERNETES_SERVICE_HOST="127.0.0.1", KUBERNETES_SERVICE_PORT=str(api.port)
            )
            assert (ran.returncode, ran.stderr) == (0, b""), python
            answers = json.loads(ran.stdout)
            assert answers["pw"] == {"value": "value", "error": ""}
            assert answers["k8s_secret@ns/db/pw"] == {"value": "secret", "error": ""}
            assert "not found" in answers["k8s_secret@ns/no/k"]["error"]
