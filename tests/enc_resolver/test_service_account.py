"""The pod's ServiceAccount: the address, the CA and the token, and what is said where one is missing."""

import os
import time
from pathlib import Path

import pytest

from enc_resolver.kubernetes_api import Unreadable, read_secrets
from kubernetes_stand_in import Reply, StandIn, serving


def why(api: StandIn) -> str:
    """Tell why a Secret is not read."""
    outcome = read_secrets({("ns", "db"): ["pw"]}, str(api.account), time.monotonic() + 5)["ns", "db"]
    assert isinstance(outcome, Unreadable)
    return outcome.why


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("HOST", "", id="no host"),
        pytest.param("HOST", "127.0.0.1/x", id="a host with a path"),
        pytest.param("HOST", "a\r\nb", id="a host with a line break"),
        pytest.param("PORT", "", id="no port"),
        pytest.param("PORT", "tcp://x", id="a port as Docker links have it"),
        pytest.param("PORT", "0", id="port 0"),
        pytest.param("PORT", "65536", id="a port beyond the last"),
        pytest.param("PORT", "1" * 5000, id="a port of many digits"),
        pytest.param("PORT", "\u0661", id="a port in Arabic digits"),
    ],
)
def test_outside_of_a_pod(api: StandIn, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Without the address that the kubelet sets there is nobody to ask."""
    monkeypatch.setenv(f"KUBERNETES_SERVICE_{name}", value)
    assert why(api).startswith("not in a Kubernetes pod")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        pytest.param("token", None, "no token in {}; is automountServiceAccountToken off?", id="no token"),
        pytest.param("token", b" \n", "the token in {} is not one", id="an empty token"),
        pytest.param(
            "token", b"can\r\nary: x", "the token in {} is not one", id="a token that would end the header"
        ),
        pytest.param("ca.crt", None, "no CA certificate in {}; is a token mounted?", id="no CA"),
        pytest.param(
            "ca.crt", b"canary", "no CA certificate in {}; is a token mounted?", id="a CA that is none"
        ),
    ],
)
def test_unusable_account(api: StandIn, file: str, content: bytes | None, message: str) -> None:
    """A ServiceAccount that is not mounted, or not one, is told for every Secret."""
    if content is None:
        (api.account / file).unlink()
    else:
        (api.account / file).write_bytes(content)
    assert why(api) == message.format(api.account)
    assert api.asked == []


@pytest.mark.parametrize("host", ["::1", "127.0.0.1"])
def test_host_is_written_as_in_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """An IPv6 address stands in brackets in the Host header, and only there."""
    with serving(tmp_path, host, named=host) as api:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(api.port))
        api.secrets["ns/db"] = {"pw": b"value"}
        found = read_secrets({("ns", "db"): ["pw"]}, str(api.account), time.monotonic() + 5)
        assert found == {("ns", "db"): {"pw": b"value"}}
        assert api.hosts == {f"[{host}]:{api.port}" if ":" in host else f"{host}:{api.port}"}


def test_token_that_goes_away(api: StandIn) -> None:
    """A token that is gone when it is to be read again is told."""

    def vanish(*_: object) -> Reply:
        Path(os.path.join(api.account, "token")).unlink()  # noqa: PTH118
        return 401, {}, b""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StandIn, "reply", vanish)
        assert why(api).startswith("no token in")
