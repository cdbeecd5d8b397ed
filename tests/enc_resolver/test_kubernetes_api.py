"""Secrets through the API: one GET each, what is tried again, and what is told apart."""

import http.client
import os
import threading
import time
from pathlib import Path

import pytest
import trustme

from enc_resolver import kubernetes_api
from enc_resolver.kubernetes_api import Unreadable, read_secrets
from kubernetes_stand_in import Reply, StandIn, secret_body

SECRET = ("ns", "db")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a hundredth of what we would between attempts."""
    monkeypatch.setattr(kubernetes_api, "_FIRST_PAUSE", 0.001)


def read(api: StandIn, *keys: str, seconds: float = 5.0) -> object:
    """Read keys of the one Secret."""
    return read_secrets({SECRET: keys}, str(api.account), time.monotonic() + seconds)[SECRET]


def why(api: StandIn, seconds: float = 5.0) -> str:
    """Tell why the one Secret is not read."""
    outcome = read(api, "pw", seconds=seconds)
    assert isinstance(outcome, Unreadable)
    return outcome.why


def test_one_get_for_all_keys(api: StandIn) -> None:
    """However many keys of a Secret are wanted, it is asked for once; a missing key harms no other."""
    api.secrets["ns/db"] = {"user": b"u\xff", "pw": b"", "other": b"canary"}
    missing = Unreadable("key no not found in secret ns/db")
    assert read(api, "user", "pw", "no") == {"user": b"u\xff", "pw": b"", "no": missing}
    assert api.asked == ["/api/v1/namespaces/ns/secrets/db"]


def test_connections_are_few_and_kept(api: StandIn) -> None:
    """Fifty Secrets are fifty requests over at most eight connections."""
    names = [("ns", f"s{index}") for index in range(50)]
    api.secrets = {f"ns/{name}": {"k": name.encode()} for _, name in names}
    api.delay = 0.005
    found = read_secrets({key: ["k"] for key in names}, str(api.account), time.monotonic() + 10)
    assert found == {name: {"k": name[1].encode()} for name in names}
    assert list(found) == names
    assert len(api.asked) == 50
    assert len(api.connections) <= 8


@pytest.mark.parametrize(
    ("status", "message"),
    [
        pytest.param(
            403,
            "secret ns/db is forbidden: the Agent's ServiceAccount needs a Role in namespace ns that allows get on"
            " secrets, resourceNames [db]",
            id="403 names the Role",
        ),
        pytest.param(
            404,
            'secrets "db" not found in namespace ns; create it, or correct the handle',
            id="404 names the Secret",
        ),
        pytest.param(302, "the API server answered 302", id="a redirect is not followed"),
        pytest.param(400, "the API server answered 400", id="anything else is told"),
    ],
)
def test_final_answers(api: StandIn, status: int, message: str) -> None:
    """What will not change is asked once, and told with its fix."""
    api.secrets["ns/db"] = lambda: (status, {"Location": "https://127.0.0.1:9/"}, b"canary")
    assert why(api) == message
    assert len(api.asked) == 1


GOOD: Reply = (200, {}, secret_body("ns", "db", {"pw": b"value"}))


@pytest.mark.parametrize(
    "replies",
    [
        pytest.param([(500, {}, b""), (503, {}, b""), GOOD], id="server errors"),
        pytest.param([(429, {"Retry-After": "0"}, b""), GOOD], id="too many requests, with Retry-After"),
        pytest.param([(429, {"Retry-After": "soon"}, b""), GOOD], id="a Retry-After that is no number"),
        pytest.param([(0, {}, b""), (0, {}, b""), GOOD], id="dropped connections"),
        pytest.param(
            [(200, {"Content-Length": "999", "Connection": "close"}, b"{}"), GOOD], id="half an answer"
        ),
    ],
)
def test_passing_failures_are_tried_again(api: StandIn, replies: list[Reply]) -> None:
    """What may pass is tried again on a fresh connection where it broke."""
    rest = iter(replies)
    api.secrets["ns/db"] = lambda: next(rest)
    assert read(api, "pw") == {"pw": b"value"}
    assert len(api.asked) == len(replies)


def test_patience_ends(api: StandIn) -> None:
    """A server that never recovers is asked six times."""
    api.secrets["ns/db"] = lambda: (503, {}, b"")
    assert why(api) == "the API server answered 503"
    assert len(api.asked) == 6


def test_wait_beyond_the_deadline_is_not_begun(api: StandIn) -> None:
    """A Retry-After that ends after the deadline is an answer already."""
    api.secrets["ns/db"] = lambda: (429, {"Retry-After": "60"}, b"")
    started = time.monotonic()
    assert why(api) == "the API server answered 429"
    assert time.monotonic() - started < 2


def test_deadline_leaves_the_late_behind(api: StandIn) -> None:
    """At the deadline what has been read is given, the rest is an error that says so."""

    def hang() -> Reply:
        api.release.wait(10)
        return 0, {}, b""

    api.secrets = {"ns/db": hang, "ns/quick": {"k": b"v"}}
    before = threading.active_count()
    wanted = {SECRET: ["pw"], ("ns", "quick"): ["k"]}
    found = read_secrets(wanted, str(api.account), time.monotonic() + 0.5)
    late = found[SECRET]
    assert isinstance(late, Unreadable)
    assert "in time" in late.why or "no answer" in late.why
    assert found["ns", "quick"] == {"k": b"v"}
    api.release.set()
    while threading.active_count() > before:
        time.sleep(0.01)


def test_rotated_token_is_read_again(api: StandIn) -> None:
    """A token that the kubelet has replaced meanwhile is taken up; one that stays refused is told."""
    (api.account / "token").write_text("stale")

    def rotate() -> Reply:
        (api.account / "token").write_text(api.token)
        return 401, {}, b""

    api.secrets = {"ns/db": {"pw": b"value"}}
    assert why(api) == "the API server does not know the token of this ServiceAccount"
    real = StandIn.reply
    first = iter([rotate])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StandIn, "reply", lambda *rest: next(first, lambda: real(*rest))())
        assert read(api, "pw") == {"pw": b"value"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"canary", id="no JSON"),
        pytest.param(b"[" * 100_000, id="nested deeply"),
        pytest.param(b"[]", id="no object"),
        pytest.param(secret_body("ns", "other", {"pw": b"canary"}), id="another Secret"),
        pytest.param(secret_body("other", "db", {"pw": b"canary"}), id="another namespace"),
        pytest.param(GOOD[2].replace(b'"Secret"', b'"ConfigMap"'), id="another kind"),
        pytest.param(GOOD[2].replace(b'"dmFsdWU="', b'"dmFsd"'), id="no base64"),
        pytest.param(GOOD[2].replace(b'"dmFsdWU="', b"5"), id="a number as value"),
        pytest.param(GOOD[2].replace(b"dmFsdWU=", b"\xff"), id="no UTF-8"),
    ],
)
def test_strange_answers(api: StandIn, body: bytes) -> None:
    """An answer that is not the Secret we asked for is refused without a word of it."""
    api.secrets["ns/db"] = lambda: (200, {}, body)
    assert why(api) == "the API server's answer is not this Secret"


def test_secret_without_data(api: StandIn) -> None:
    """A Secret without any key has none of ours."""
    api.secrets["ns/db"] = lambda: (200, {}, GOOD[2].replace(b'{"pw": "dmFsdWU="}', b"null"))
    assert read(api, "pw") == {"pw": Unreadable("key pw not found in secret ns/db")}


def test_endless_answer(api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer larger than any Secret is not read to its end."""
    monkeypatch.setattr(kubernetes_api, "_LARGEST_BODY", 100)
    api.secrets["ns/db"] = {"pw": b"x" * 1000}
    assert why(api) == "the Secret is larger than 100 bytes"


def test_unforeseen_failure(api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure that nobody thought of is told by its kind only."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("canary")

    monkeypatch.setattr(http.client.HTTPSConnection, "request", fail)
    assert why(api) == "internal error: RuntimeError"


def test_foreign_certificate(api: StandIn) -> None:
    """A server that another CA vouches for gets no token, and is not asked again."""
    trustme.CA().cert_pem.write_to_path(str(api.account / "ca.crt"))
    assert why(api) == "the API server's certificate is not one of the mounted CA"
    assert api.asked == []


def test_certificate_of_another_name(api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The right CA is not enough: the certificate must be for the address."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "localhost")
    assert why(api) == "the API server's certificate is not one of the mounted CA"


def test_nobody_listens(api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """An API server that is not there is told as such."""
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    assert why(api) == "no answer from the API server: ConnectionRefusedError"


@pytest.mark.parametrize(
    ("name", "value"),
    [("HOST", ""), ("HOST", "127.0.0.1/x"), ("HOST", "a\r\nb"), ("PORT", ""), ("PORT", "tcp://x")],
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


def test_token_that_goes_away(api: StandIn) -> None:
    """A token that is gone when it is to be read again is told."""

    def vanish(*_: object) -> Reply:
        Path(os.path.join(api.account, "token")).unlink()  # noqa: PTH118
        return 401, {}, b""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StandIn, "reply", vanish)
        assert why(api).startswith("no token in")
