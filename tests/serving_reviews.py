"""A webhook server with a judge that does what a test says, and a client that speaks to it as the API server does."""

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import urllib3
from prometheus_client.samples import Sample

from enc_operator.core.inventory import AnyQuestion
from enc_operator.webhook.certificates import Certificates, Lives, plan_certificates
from enc_operator.webhook.deciding import Asks
from enc_operator.webhook.judging import TrialJudge
from enc_operator.webhook.metrics import Metrics
from enc_operator.webhook.places import Found, Judged, Limits
from enc_operator.webhook.server import (
    MUTATING_PATH,
    PATH,
    TRIAL_PATH,
    AdmissionServer,
    Judge,
    Reviews,
    listen,
)
from enc_operator.webhook.tls import Tls

_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)  # X509_V_FLAG_NO_CHECK_TIME
UID = "705ab4f5-6393-11e8-b7cc-42010a800002"


def review(uid: str = UID, **request: Any) -> bytes:
    """Return a review as the API server writes it: in the order of the fields of its types."""
    asked = {"uid": uid, "kind": {"group": "", "version": "v1", "kind": "Pod"}, **request}
    document = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": asked}
    return json.dumps(document, separators=(",", ":")).encode()


def make_certificates() -> Certificates:
    """Make a CA and a certificate for this machine."""
    now = datetime.now(UTC)  # noqa: TID251 - a client compares with its clock
    return plan_certificates(None, ("127.0.0.1",), now, Lives())


def answer(uid: str, message: str = "", **more: Any) -> Mapping[str, Any]:
    """Return a document to answer with: a denial where there is a message."""
    response = {"uid": uid, "allowed": not message, "status": {"message": message}, **more}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


async def refuse(*_: object) -> bool:
    """Answer every question with a no, as an authorizer may."""
    return False


@dataclass
class ScriptedJudge:
    """Decides as a test says, and tells what it was asked; `quick` has short reviews decided in the loop."""

    script: Callable[[bytes], Judged] | None = None
    asked: list[bytes] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    quick: bool = False

    def begin(self, body: bytes) -> Found:
        """Do what the script says; allow without one."""
        self.asked.append(body)
        if self.script:
            return self.script(body)
        uid = json.loads(body)["request"]["uid"] if body.startswith(b"{") else UID
        return Judged("approved", answer(uid))

    def undecided(self, uid: str, why: str) -> Judged:
        """Deny with the reason, where there is somebody to tell."""
        self.left.append(why)
        return Judged("not_judged", answer(uid, why) if uid else None, ("undecided",))


class Served:
    """A server that runs in a thread."""

    def __init__(self, judge: ScriptedJudge, limits: Limits, mutator: ScriptedJudge | None = None) -> None:
        self.judge, self.metrics, self.tls = judge, Metrics(), Tls()
        self.asks: Asks = refuse
        self.mutator = mutator or ScriptedJudge()
        self.certificates = make_certificates()
        self.tls.use(self.certificates.chain, self.certificates.key)
        self._limits = limits
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.server = self.run(self._start())

    async def _start(self) -> AdmissionServer:
        judges: dict[str, Judge] = {PATH: self.judge, MUTATING_PATH: self.mutator, TRIAL_PATH: TrialJudge()}
        self.reviews = Reviews(judges, self._limits, self.metrics, self._ask)
        server = AdmissionServer(self.reviews, self.tls.context, listen("127.0.0.1", 0))
        await server.start()
        return server

    async def _ask(self, question: AnyQuestion, seconds: float) -> bool:
        return await self.asks(question, seconds)

    def run(self, what: Any, seconds: float = 20) -> Any:
        """Run something in the server's loop."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(seconds)

    def client(
        self, bundle: bytes = b"", *, timeless: bool = False, port: int = 0
    ) -> urllib3.HTTPSConnectionPool:
        """Connect as somebody who trusts a bundle of CAs, the server's own by default; `timeless` does not ask what day it is."""
        context = ssl.create_default_context(cadata=(bundle or self.certificates.bundle).decode())
        if timeless:
            context.verify_flags |= _NO_CHECK_TIME
        return urllib3.HTTPSConnectionPool(
            "127.0.0.1", port or self.server.port, ssl_context=context, retries=False, timeout=20
        )

    def post(self, body: Any, path: str = "/validate?timeout=10s", **options: Any) -> tuple[int, Any]:
        """Post a body over a connection of its own; return the status, and the answer as JSON where it is some."""
        with self.client() as pool:
            found = pool.request("POST", path, body=body, **options)
            text = found.data.decode()
        return found.status, json.loads(text) if text.startswith("{") else text

    def samples(self) -> dict[tuple[str, ...], float]:
        """Return the metrics by name and labels."""
        found: list[Sample] = [each for family in self.metrics.registry.collect() for each in family.samples]
        return {(each.name, *each.labels.values()): each.value for each in found}

    def stop(self) -> None:
        """End."""
        self.run(self.server.drain(0))
        self.run(self._quiet())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _quiet(self) -> None:
        """Wait until every connection has said goodbye: a loop that is closed before leaves its sockets to the garbage collector."""
        own = 1  # by which other threads wake the loop
        while len(self._loop._selector.get_map()) > own:  # type: ignore[attr-defined]  # noqa: ASYNC110, SLF001
            await asyncio.sleep(0.005)


class Serving:
    """The servers of one test."""

    def __init__(self) -> None:
        self._opened: list[Served] = []

    def start(self, script: Callable[[bytes], Judged] | None = None, **limits: Any) -> Served:
        """Start one."""
        self._opened.append(Served(ScriptedJudge(script), Limits(**limits)))
        return self._opened[-1]

    def stop(self) -> None:
        """End all."""
        for each in self._opened:
            each.stop()
