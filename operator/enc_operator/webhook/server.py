"""Reviews over HTTPS: limits, deadlines, and an answer in every case. What is decided is the judge's; there is no other path.

The API server counts every other answer than a well-formed review as a failed call, which failurePolicy decides. So what is too large,
too late or beyond anybody's foresight is answered like everything else: as not decided.
"""

import asyncio
import json
import logging
import os
import re
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Protocol

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from enc_operator.errors import EncError
from enc_operator.webhook.deciding import Asks, decide, here
from enc_operator.webhook.faults import told
from enc_operator.webhook.metrics import Metrics
from enc_operator.webhook.places import Found, Judged, Limits, Places

PATH, MUTATING_PATH, TRIAL_PATH = "/validate", "/mutate", "/probe"
TRIAL = "trial"
"""The decision on a trial of ours, which is no review of anybody's: it is not counted."""

_KEPT_ALIVE = 3600.0  # seconds; the API server is to end idle connections, who would meet a closed one with a review under way
_SHUTDOWN = 5.0
_WAITING = 1024  # connections that nobody has taken yet
_HEAD = 4096  # bytes in which the uid stands, where the API server wrote the review
_UID = re.compile(
    rb'\s*\{"kind":"AdmissionReview","apiVersion":"admission\.k8s\.io/v1","request":\{"uid":"([-\w]{1,100})"'
)
_OF_TIMEOUT = 0.8  # the rest is for the way
_SHORT, _FEW = 16 * 1024, 16  # bytes, and places that may be part of a handle: what a pod has
_MARKS = (b"ENC[", b"%%", b"\\\\u", "‰".encode())

_log = logging.getLogger(__name__)


class Judge(Protocol):
    """Who decides; called in threads, and in the loop where it is quick with what is short."""

    quick: bool

    def begin(self, body: bytes) -> Found:
        """Decide what a review comes to, or say what has to be asked before."""

    def undecided(self, uid: str, why: str) -> Judged:
        """Answer a review of which nothing is known but its uid; must be quick."""


class Reviews:
    """The handler of reviews, by one judge for each path; all share the limits, and `asks`, which asks the authorizer."""

    def __init__(self, judges: Mapping[str, Judge], limits: Limits, metrics: Metrics, asks: Asks) -> None:
        self.judges = judges
        self._limits, self._metrics, self._asks = limits, metrics, asks
        self._places = Places(limits)
        self.draining = False
        self.heard = float("-inf")
        """When the API server last asked (monotonic seconds): it alone says how long it waits."""

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one review."""
        began = time.monotonic()
        if "timeout" in request.query:
            self.heard = began
        body = bytearray()
        judged = await self._judged(request, body, began + self._seconds(request))
        if judged.decision != TRIAL:
            self._tell(judged, uid_of(body), time.monotonic() - began)
        response = _response(judged)
        if self.draining or not request.content.is_eof():
            response.force_close()
        return response

    def close(self) -> None:
        """Begin no more."""
        self._places.close()

    def _tell(self, judged: Judged, uid: str, seconds: float) -> None:
        self._metrics.reviewed(judged.decision, judged.codes, seconds)
        codes = ",".join(judged.codes) or "-"
        _log.info("%s %s %s in %.1f ms", uid or "-", judged.decision, codes, seconds * 1e3)

    async def _judged(self, request: web.Request, body: bytearray, deadline: float) -> Judged:
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                if judged := await self._in_turn(request, body, deadline):
                    return judged
                why = f"the review is larger than {self._limits.body >> 20} MiB"
        except TimeoutError:
            why = "there was no answer in time"
        except Exception as error:  # noqa: BLE001 - whatever it is, the API server is owed an answer
            _log.error("a review failed: %s", told(error))
            why = f"of an error inside ({type(error).__name__})"
        return self.judges[request.path].undecided(uid_of(body), why)

    async def _in_turn(self, request: web.Request, body: bytearray, deadline: float) -> Judged | None:
        """Read a review and have it judged, a large one when there is a place to read it; None for one that is too large."""
        judge, size = self.judges[request.path], request.content_length
        if size is None or size > self._limits.large:
            return await self._large(request, judge, body, deadline)
        await self._read(request, body)
        content = _taken(body)
        anew = partial(self._judge, judge, content, deadline, large=False)
        return await self._places.settle(await anew(), anew, len(content), deadline)

    async def _large(
        self, request: web.Request, judge: Judge, body: bytearray, deadline: float
    ) -> Judged | None:
        async with self._places.take(large=True) as run:
            if not await self._read(request, body):
                return None
            size, content = len(body), _taken(body)
            judged = await decide(partial(judge.begin, content), run, self._asks, deadline)
        anew = partial(self._judge, judge, content, deadline, large=True)
        return await self._places.settle(judged, anew, size, deadline)

    async def _judge(self, judge: Judge, content: bytes, deadline: float, *, large: bool) -> Judged:
        """Judge where it is read what takes no longer than to hand it to a thread; who has to ask needs a place all the same."""
        if not (judge.quick and _is_short(content)):
            async with self._places.take(large=large) as run:
                return await decide(partial(judge.begin, content), run, self._asks, deadline)
        found = judge.begin(content)
        if isinstance(found, Judged):
            return found
        async with self._places.take(large=False):
            return await decide(lambda: found, here, self._asks, deadline)

    async def _read(self, request: web.Request, body: bytearray) -> bool:
        """Read the body; tell whether it is within the limit. What is over is read all the same: a client that is cut off hears nothing."""
        within = True
        async for part in request.content.iter_any():
            within = within and len(body) + len(part) <= self._limits.body
            if within:
                body += part
            else:
                del body[_HEAD:]
        return within

    def _seconds(self, request: web.Request) -> float:
        """Return how long an answer may take: the API server says how long it waits."""
        asked = re.fullmatch(r"(\d{1,4})s", request.query.get("timeout", ""))
        return min(self._limits.seconds, int(asked[1]) * _OF_TIMEOUT if asked else self._limits.seconds)


class AdmissionServer:
    """The server; who connects to its socket before `start` waits, until later `drain`."""

    def __init__(self, reviews: Reviews, context: ssl.SSLContext, listening: socket.socket) -> None:
        self._reviews, self._context, self._listening = reviews, context, listening
        self.port: int = listening.getsockname()[1]
        app = web.Application()
        for path in reviews.judges:
            app.router.add_post(path, reviews.handle)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            keepalive_timeout=_KEPT_ALIVE,
            shutdown_timeout=_SHUTDOWN,
            auto_decompress=False,  # no API server compresses a review; a few bytes could become gigabytes
        )

    async def start(self) -> None:
        """Begin to answer."""
        await self._runner.setup()
        site = web.SockSite(self._runner, self._listening, ssl_context=self._context, backlog=_WAITING)
        await site.start()

    async def drain(self, seconds: float) -> None:
        """End every connection after its next answer for some seconds, then listen no more, and finish what is under way."""
        self._reviews.draining = True
        await asyncio.sleep(seconds)
        with suppress(HttpProcessingError):
            await self._runner.cleanup()
        self._listening.close()
        self._reviews.close()


def listen(address: str, port: int) -> socket.socket:
    """Take an address, every one where it is empty; raise EncError where that cannot be."""
    both = socket.has_dualstack_ipv6() and not address
    family = socket.AF_INET6 if both or ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family, dualstack_ipv6=both, backlog=_WAITING)
    except OSError as error:
        where = f"port {port} of {address}" if address else f"port {port}"
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise EncError(f"cannot listen on {where}: {reason}", "set webhook.listen to what is free") from None


def _taken(body: bytearray) -> bytes:
    """Take a body, and leave what tells its uid: the next large one is read while this one is still answered."""
    content = bytes(body)
    del body[_HEAD:]
    return content


def _is_short(body: bytes) -> bool:
    """Tell whether a review takes no longer than to hand it to a thread and back, or not much."""
    return len(body) <= _SHORT and sum(map(body.count, _MARKS)) <= _FEW


def _response(judged: Judged) -> web.Response:
    if judged.document is None:
        return web.Response(status=400, text="this is no AdmissionReview of admission.k8s.io/v1\n")
    body = json.dumps(judged.document, separators=(",", ":")).encode()
    return web.Response(body=body, content_type="application/json")


def uid_of(body: bytes | bytearray) -> str:
    """Return the uid of a review that the API server wrote, without decoding it; empty where it is somebody else's text."""
    found = _UID.match(body, 0, _HEAD)
    return found[1].decode() if found else ""
