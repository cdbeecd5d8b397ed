"""The API server's stand-in, and the environment of a pod that finds it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kubernetes_stand_in import StandIn, serving


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """Serve Secrets over TLS, where the process believes that its API server is."""
    account = tmp_path / "account"
    account.mkdir()
    with serving(account) as stand_in:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(stand_in.port))
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
        yield stand_in
