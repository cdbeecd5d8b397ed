"""Certificates kept right while the server runs."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from certificates_in_a_cluster import Configured
from e2e.cluster.folder import wait_until
from enc_operator.errors import EncError
from enc_operator.webhook.custody import Shown
from enc_operator.webhook.keeping import Keeper, probe
from enc_operator.webhook.places import Judged
from enc_operator.webhook.registration import Registration
from scripted_api import Line, ScriptedApi, scripted
from serving_reviews import Served, make_certificates, review

END = datetime(2030, 1, 1, tzinfo=UTC)


def shown() -> Shown:
    """Return new certificates."""
    made = make_certificates()
    return Shown(made.chain, made.key, END, made.bundle)


@pytest.fixture
def configured(tmp_path: Path) -> Iterator[tuple[Configured, ScriptedApi]]:
    """Serve a configuration."""
    found = Configured()
    with scripted(tmp_path, found) as api:
        yield found, api


class Held:
    """Certificates that a test replaces; an error in their place is raised."""

    def __init__(self, *held: Shown | Exception) -> None:
        self.held = list(held)

    def current(self) -> Shown:
        """Return the next, the last for ever."""
        found = self.held[0] if len(self.held) == 1 else self.held.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


def content(_: Shown) -> str:
    """Find nothing wrong."""
    return ""


def test_the_bundle_alone_is_patched_and_where_it_is_wrong_alone(
    configured: tuple[Configured, ScriptedApi],
) -> None:
    """Each patch counts for the version that it was made for, and there is none where nothing is wrong."""
    found, api = configured
    registration = Registration(api.gateway(), "enc", lambda: None)
    wanted = base64.b64encode(b"ours").decode()
    path = "/webhooks/{}/clientConfig/caBundle"

    assert [registration.repair(b"ours"), registration.repair(b"ours")] == [2, 0]
    found.bundles[1] = ""
    assert registration.repair(b"ours") == 1
    assert found.bundles == [wanted, wanted]
    assert [[change["path"] for change in patch] for patch in found.patches] == [
        ["/metadata/resourceVersion", path.format(0), path.format(1)],
        ["/metadata/resourceVersion", path.format(1)],
    ]


def test_both_configurations_are_kept(tmp_path: Path) -> None:
    """Where a mutating one is named too, both are told whom to trust, and there is none without a name."""
    found = Configured()
    asked: list[str] = []

    def answer(line: Line) -> None:
        asked.append(line.asked.path.rpartition("v1/")[2])
        found(line)

    with scripted(tmp_path, answer) as api:
        both = Registration(api.gateway(), "enc", lambda: None, mutating="enc")
        assert both.repair(b"ours") == 2
        assert both.repair(b"ours") == 0

    validating, mutating = "validatingwebhookconfigurations/enc", "mutatingwebhookconfigurations/enc"
    assert asked == [validating, validating, mutating, validating, mutating]


def test_what_somebody_overwrites_is_repaired_within_moments(
    serving: Callable[..., Served], configured: tuple[Configured, ScriptedApi]
) -> None:
    """The watch tells of it: nobody waits for the next look."""
    found, api = configured
    ours = shown()
    keeper = Keeper(
        Held(ours), serving().tls, lambda wake: Registration(api.gateway(), "enc", wake), content, period=600
    )
    wanted = base64.b64encode(ours.bundle).decode()
    keeper.start()
    try:
        wait_until(lambda: not keeper.wrong and found.watch is not None, "it is registered", seconds=10)
        found.overwrite("b3RoZXI=")
        wait_until(lambda: found.bundles == [wanted, wanted], "it is repaired", seconds=5)
    finally:
        keeper.stop()


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (EncError("nobody gave any"), "nobody gave any"),
        (replace(shown(), key=shown().key), "do not belong together"),
        (RuntimeError("of the key's words"), "RuntimeError in keeping certificates"),
    ],
    ids=["there are none", "a certificate and another's key", "an error that nobody foresaw"],
)
def test_what_is_wrong_is_said_and_tried_again(
    serving: Callable[..., Served], held: Shown | Exception, said: str
) -> None:
    """What is shown stays as it was, until what there is makes sense."""
    served, good = serving(), shown()
    custody = Held(held)
    keeper = Keeper(custody, served.tls, None, content)
    keeper.start()
    try:
        wait_until(lambda: said in keeper.wrong, "it says so", seconds=10)
        assert served.post(review())[0] == 200
        custody.held = [good]
        wait_until(lambda: not keeper.wrong, "it is right again", seconds=10)
    finally:
        keeper.stop()
    with served.client(good.bundle) as client:
        assert client.request("POST", "/validate", body=review()).status == 200
    assert keeper.expires == END


def test_what_is_shown_lasts_while_nothing_new_can_be_had(
    serving: Callable[..., Served], caplog: pytest.LogCaptureFixture
) -> None:
    """A Secret that is gone, or an API server that is away, makes nobody unready; a server that does not answer does."""
    custody, tried = Held(shown()), [""]
    keeper = Keeper(custody, serving().tls, None, lambda _: tried[-1])
    keeper.step()
    custody.held = [EncError("the Secret is gone")]

    keeper.step()
    keeper.step()

    assert (keeper.wrong, keeper.trouble) == ("", "the Secret is gone")
    assert caplog.text.count("the Secret is gone") == 1
    tried.append("the server does not answer")
    keeper.step()
    assert keeper.wrong == "the server does not answer"


def test_what_nobody_would_trust_is_not_shown(
    serving: Callable[..., Served], configured: tuple[Configured, ScriptedApi]
) -> None:
    """Where the bundle cannot be written the former certificate stays, which is trusted."""
    found, api = configured
    served, before, after = serving(), shown(), shown()
    keeper = Keeper(
        Held(before, after), served.tls, lambda wake: Registration(api.gateway(), "enc", wake), content
    )
    keeper.step()
    api.script = lambda line: line.refuse(403, "Forbidden") if line.asked.method == "PATCH" else found(line)

    keeper.step()

    assert "403" in keeper.trouble
    with served.client(before.bundle) as client:
        assert client.request("POST", "/validate", body=review()).status == 200


def test_the_probe_trusts_what_the_api_server_trusts(serving: Callable[..., Served]) -> None:
    """A server that shows what nobody is told to trust is found out, and so is one that is not there."""
    served = serving()
    address = ("127.0.0.1", served.server.port)
    own = Shown(b"", b"", END, served.certificates.bundle)

    assert probe(address, "127.0.0.1", own) == ""
    assert probe(address, "127.0.0.1", replace(own, bundle=b"")) == ""
    assert "SSLCertVerificationError" in probe(address, "hook.enc.svc", own)
    assert "SSLCertVerificationError" in probe(address, "127.0.0.1", shown())
    assert "Refused" in probe(("127.0.0.1", 1), "127.0.0.1", own)


def test_the_probe_wants_an_answer_to_its_own_review(serving: Callable[..., Served]) -> None:
    """Anything else that speaks TLS with the right certificate is not the webhook."""
    served = serving(lambda _: Judged("approved", {}))

    assert "as it should" in probe(
        ("127.0.0.1", served.server.port), "127.0.0.1", Shown(b"", b"", END, served.certificates.bundle)
    )
