"""Certificates in the Secret that replicas share, and in files."""

import base64
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certificates_in_a_cluster import Data, Stored
from enc_operator.cluster.calls import ApiError
from enc_operator.errors import EncError
from enc_operator.webhook.certificates import LEAF, LEAF_KEY, Certificates, Lives, plan_certificates
from enc_operator.webhook.custody import CertificateFiles, SharedSecret
from scripted_api import ScriptedApi, scripted

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = ("hook.enc.svc",)
LIVES = Lives()
MADE = plan_certificates(None, NAMES, NOW, LIVES)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Stored], ScriptedApi]]:
    """Serve one Secret."""
    opened = []

    def begin(stored: Stored) -> ScriptedApi:
        opened.append(scripted(tmp_path, stored))
        return opened[-1].__enter__()

    yield begin
    for each in opened:
        each.__exit__(None, None, None)


def custody(api: ScriptedApi, days: float = 0) -> SharedSecret:
    """Return what a replica has, some days later."""
    return SharedSecret(api.gateway(), ("enc", "tls"), NAMES, lambda: NOW + timedelta(days=days), LIVES)


def written(certificates: Certificates) -> Data:
    """Return certificates as a Secret has them."""
    return {key: base64.b64encode(value).decode() for key, value in certificates.stored().items()}


@pytest.mark.parametrize(
    ("data", "days", "puts"),
    [
        (None, 0, 1),
        (written(MADE), 0, 0),
        (written(MADE), 61, 1),
        ({**written(MADE), "ca.key": "no base64"}, 0, 1),
        ({**written(MADE), "owner": "c29tZWJvZHk="}, 0, 0),
    ],
    ids=["an empty one is filled", "what is right is read", "what is due is renewed", "what is broken is made anew", "a stranger's key does no harm"],
)  # fmt: skip
def test_the_secret_is_written_when_something_is_due(
    serve: Callable[[Stored], ScriptedApi], data: Data | None, days: float, puts: int
) -> None:
    """Afterwards it is right, and is written no more."""
    stored = Stored(data)
    replica = custody(serve(stored), days)

    assert replica.current() == replica.current()
    assert stored.puts == puts


def test_replicas_that_start_at_the_same_moment_agree(serve: Callable[[Stored], ScriptedApi]) -> None:
    """All find it empty and make certificates; the first to write decides for all."""
    stored = Stored(None)
    together = threading.Barrier(3)
    stored.before_put = lambda: together.wait(10) if not stored.puts else None
    api = serve(stored)

    with ThreadPoolExecutor(3) as replicas:
        found = list(replicas.map(lambda _: custody(api).current(), range(3)))

    assert found[0] == found[1] == found[2]
    assert stored.puts == 1


def test_a_refusal_is_an_error_that_shows_nothing(serve: Callable[[Stored], ScriptedApi]) -> None:
    """Who may not write says so, without what he would have written."""
    stored = Stored(None)
    api = serve(stored)
    api.script = lambda line: line.refuse(403, "Forbidden") if line.asked.method == "PUT" else stored(line)

    with pytest.raises(ApiError, match="403") as raised:
        custody(api).current()

    assert "BEGIN" not in str(raised.value)


def test_it_does_not_try_for_ever(serve: Callable[[Stored], ScriptedApi]) -> None:
    """Where every write meets another the conflict is told."""
    stored = Stored(None)
    api = serve(stored)
    api.script = lambda line: line.refuse(409, "Conflict") if line.asked.method == "PUT" else stored(line)

    with pytest.raises(ApiError, match="409"):
        custody(api).current()


def test_files_are_read_as_they_are_now(tmp_path: Path) -> None:
    """What is mounted is followed."""
    files = CertificateFiles(tmp_path)
    for made in (MADE, plan_certificates(None, NAMES, NOW + timedelta(days=1), LIVES)):
        (tmp_path / LEAF).write_bytes(made.chain)
        (tmp_path / LEAF_KEY).write_bytes(made.key)
        shown = files.current()
        assert (shown.chain, shown.key, shown.expires, shown.bundle) == (
            made.chain,
            made.key,
            made.expires,
            b"",
        )


@pytest.mark.parametrize(
    ("files", "said"),
    [({}, "No such file"), ({LEAF: b"nothing", LEAF_KEY: b""}, "tls.crt is no certificate")],
    ids=["none", "no certificate"],
)
def test_files_that_are_none_are_an_error(tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    """It says where and what."""
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    with pytest.raises(EncError, match=said):
        CertificateFiles(tmp_path).current()
