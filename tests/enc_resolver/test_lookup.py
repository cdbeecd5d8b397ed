"""From handles to outcomes: each by its own reader, each Secret once, none harmed by another."""

import sys
import time
from pathlib import Path

import pytest

from enc_resolver import lookup
from enc_resolver.exchange import Failed, Resolved
from enc_resolver.files import read_below
from enc_resolver.handles import Grammar
from enc_resolver.lookup import Settings, read_handles
from kubernetes_stand_in import StandIn

NO_ROOT = Settings(Grammar.BUNDLED, None, (), 8192, False, "/nonexistent")  # noqa: FBT003


def test_a_mixed_batch(api: StandIn, tmp_path: Path) -> None:
    """Good and bad handles of every kind are answered in the order asked, each for itself."""
    (tmp_path / "pw").write_bytes(b"file\n")
    (tmp_path / "handle").write_bytes(b"ENC[x]")
    api.secrets["ns/db"] = {"user": b"u\n", "pw": b"ENC[k8s_secret@victim/s/k]", "bin": b"\xff"}
    settings = Settings(Grammar.BUNDLED, str(tmp_path), (str(tmp_path),), 8192, True, str(api.account))  # noqa: FBT003
    expected = {
        "pw": Resolved("file"),
        "k8s_secret@ns/db/user": Resolved("u"),
        "ns/db;user": Resolved("u"),
        "k8s_secret@ns/db/pw": "itself a secret handle",
        "k8s_secret@ns/db/bin": "not UTF-8",
        "k8s_secret@ns/db/none": "key none not found in secret ns/db",
        "k8s_secret@ns/gone/k": 'secrets "gone" not found',
        "k8s_secret@ns/db": 'invalid format. Use: "namespace/name/key" (',
        "vault@x": "provider not supported: vault",
        f"file@{tmp_path}/pw": Resolved("file"),
        f"file@{tmp_path}/handle": "itself a secret handle",
        "file@/etc/passwd": "not under a declared folder; declare it with --allow-root",
        "file@/proc/self/environ": "nothing under /proc",
        "absent": "secret does not exist",
        "": "the path is empty",
    }
    found = read_handles(tuple(expected), settings, time.monotonic() + 5)
    assert list(found) == list(expected)
    for handle, outcome in found.items():
        if isinstance(outcome, Failed):
            assert str(expected[handle]) in outcome.error
        else:
            assert expected[handle] == outcome
    assert sorted(api.asked) == ["/api/v1/namespaces/ns/secrets/db", "/api/v1/namespaces/ns/secrets/gone"]


def test_root_file_needs_a_root() -> None:
    """Without a root folder a handle without a provider has no meaning."""
    found = read_handles(("pw",), NO_ROOT, time.monotonic() + 5)
    message = "a handle without a provider is a file of the root folder, and none is configured"
    assert found == {"pw": Failed(message)}


def test_failure_in_one_handle_harms_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure that nobody thought of is that handle's error, told by its kind only."""
    (tmp_path / "good").write_text("value")
    real = read_below

    def fail(root: str, path: str, max_size: int, *, whole_root: bool) -> bytes:
        if path == "bad":
            raise RuntimeError("canary")
        return real(root, path, max_size, whole_root=whole_root)

    monkeypatch.setattr(lookup, "read_below", fail)
    settings = Settings(Grammar.ROOT_FILES, str(tmp_path), (), 8192, False, "/nonexistent")  # noqa: FBT003
    found = read_handles(("bad", "good"), settings, time.monotonic() + 5)
    assert found == {"bad": Failed("internal error: RuntimeError"), "good": Resolved("value")}


def test_files_after_the_deadline(tmp_path: Path) -> None:
    """What there is no time for any more is an error that says so; what is no handle is told all the same."""
    (tmp_path / "pw").write_text("value")
    settings = Settings(Grammar.BUNDLED, str(tmp_path), (str(tmp_path),), 8192, False, "/nonexistent")  # noqa: FBT003
    found = read_handles(("pw", "x@y"), settings, time.monotonic())
    assert found["pw"] == Failed("not read in time; secret_backend_timeout gives it longer")
    assert "provider not supported" in getattr(found["x@y"], "error", "")


def test_interpreter_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Kubernetes cannot be reached at all, its handles fail and no other does."""
    monkeypatch.setitem(sys.modules, "enc_resolver.kubernetes_api", None)
    found = read_handles(("k8s_secret@a/b/c", "x@y"), NO_ROOT, time.monotonic() + 5)
    assert found["k8s_secret@a/b/c"] == Failed("internal error: ModuleNotFoundError")
    assert "provider not supported" in getattr(found["x@y"], "error", "")
