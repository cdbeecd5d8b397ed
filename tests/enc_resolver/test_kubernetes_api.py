"""Secrets through the API: one GET each, what is tried again, and what is told apart."""

import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest
import trustme

from enc_resolver import kubernetes_api
from enc_resolver.connection import Connection
from enc_resolver.kubernetes_api import Unreadable, read_secrets
from kubernetes_stand_in import Raw, Reply, StandIn, secret_body

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
    """Fifty Secrets are fifty requests over at most ten connections."""
    names = [("ns", f"s{index}") for index in range(50)]
    api.secrets = {f"ns/{name}": {"k": name.encode()} for _, name in names}
    api.delay = 0.005
    found = read_secrets({key: ["k"] for key in names}, str(api.account), time.monotonic() + 10)
    assert found == {name: {"k": name[1].encode()} for name in names}
    assert list(found) == names
    assert len(api.asked) == 50
    assert len(api.connections) <= 10


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


DATE = "Tue, 02 Jan 2001 03:04:05 GMT"
GOOD: tuple[int, dict[str, str], bytes] = (200, {}, secret_body("ns", "db", {"pw": b"value"}))


@pytest.mark.parametrize(
    "replies",
    [
        pytest.param([(500, {}, b""), (503, {}, b""), GOOD], id="server errors"),
        pytest.param([(429, {"Retry-After": "0"}, b""), GOOD], id="too many requests, with Retry-After"),
        pytest.param([(429, {"Retry-After": "soon"}, b""), GOOD], id="a Retry-After that is none"),
        pytest.param([(429, {"Retry-After": DATE}, b""), GOOD], id="a Retry-After at a time that has come"),
        pytest.param(
            [(429, {"Retry-After": DATE.replace("2001", "99999")}, b""), GOOD], id="at a time that never is"
        ),
        pytest.param([Raw((b"HTTP/1.1 200 OK\r\n\r\n", GOOD[2]), "reset"), GOOD], id="a reset"),
        pytest.param([Raw((b"no HTTP\r\n",)), GOOD], id="an answer that is none"),
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


def refusal(*headers: str) -> Raw:
    """Write the API server's answer to too many requests."""
    lines = ["HTTP/1.1 429 Too Many Requests", *headers, "Content-Length: 0", "", ""]
    return Raw(("\r\n".join(lines).encode(),), "keep")


@pytest.mark.parametrize(
    ("headers", "pauses"),
    [
        pytest.param(["Retry-After: 3"], [3.0], id="seconds"),
        pytest.param(
            [f"Date: {DATE}", f"Retry-After: {DATE[:-6]}8 GMT"], [3.0], id="a date, counted from its own"
        ),
        pytest.param(
            [f"Date: {DATE}", f"Retry-After: {DATE.replace('05 G', '01 G')}"], [], id="a date that is past"
        ),
    ],
)
def test_server_says_when(
    api: StandIn, monkeypatch: pytest.MonkeyPatch, headers: list[str], pauses: list[float]
) -> None:
    """What the server asks for in Retry-After is waited for, in seconds or up to a date by the server's clock."""
    rest: Iterator[Reply] = iter([refusal(*headers), GOOD])
    api.secrets["ns/db"] = lambda: next(rest)
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    assert read(api, "pw", seconds=20) == {"pw": b"value"}
    assert [pause for pause in slept if pause] == pauses


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(["Retry-After: 60"], id="in seconds"),
        pytest.param(["Retry-After: " + "9" * 400], id="in very many seconds"),
        pytest.param(
            [f"Date: {DATE}", f"Retry-After: {DATE.replace('2001', '2101')}"], id="in a hundred years"
        ),
    ],
)
def test_wait_beyond_the_deadline_is_not_begun(api: StandIn, headers: list[str]) -> None:
    """A Retry-After that ends after the deadline is an answer already."""
    api.secrets["ns/db"] = lambda: refusal(*headers)
    started = time.monotonic()
    assert why(api) == "the API server answered 429"
    assert time.monotonic() - started < 2


def test_idle_connections_that_were_closed(api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that closes after every answer without saying so costs another connection, but no pause."""
    monkeypatch.setattr(kubernetes_api, "_CONNECTIONS", 1)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: "
    for name in ("a", "b", "c"):
        body = secret_body("ns", name, {"pw": b"value"})
        api.secrets[f"ns/{name}"] = partial(Raw, (head + b"%d\r\n\r\n%b" % (len(body), body),))
    wanted = {("ns", name): ["pw"] for name in ("a", "b", "c")}
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    found = read_secrets(wanted, str(api.account), time.monotonic() + 20)
    assert list(found.values()) == [{"pw": b"value"}] * 3
    assert [pause for pause in slept if pause] == []


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

    monkeypatch.setattr(Connection, "ask", fail)
    assert why(api) == "internal error: RuntimeError"


def test_foreign_certificate(api: StandIn) -> None:
    """A server that another CA vouches for gets no token, and is not asked again."""
    trustme.CA().cert_pem.write_to_path(str(api.account / "ca.crt"))
    assert why(api) == "the API server's certificate is not one of the mounted CA"
    assert api.asked == []


def test_nobody_listens(api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """An API server that is not there is told as such."""
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    assert why(api) == "no answer from the API server: ConnectionRefusedError"
