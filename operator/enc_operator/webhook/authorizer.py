"""The API server's authorizer, asked in the loop where reviews are answered: a question costs no thread, and waits for none.

What is asked is the core's business, and how a request is made the gateway's.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from aiohttp import ClientConnectionError, ClientError, ClientSession, TCPConnector

from enc_operator.cluster.access import call_for, status_in
from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.gateway import Gateway, decoded
from enc_operator.core.inventory import AnyQuestion

_CONNECTIONS = 16
_IDLE = 15.0  # seconds: of connections that lead nowhere any more, few are left when the next question comes
_SUCCESS = range(200, 300)


class Authorizer:
    """Asks with the gateway's credentials, over connections of its own; made in the loop that it works in."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        context = _context(gateway.credentials())
        connector = TCPConnector(limit=_CONNECTIONS, ssl=context, keepalive_timeout=_IDLE)
        self._session = ClientSession(connector=connector)

    async def ask(self, question: AnyQuestion, seconds: float) -> bool:
        """Ask; raise ApiError where no answer comes within `seconds`, waiting for a connection included."""
        call, began = call_for(question), time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                return await self._asked_twice(call)
        except (ClientError, OSError, TimeoutError) as error:
            self._gateway.told(call, 0, time.monotonic() - began)
            raise ApiError(call, 0, "Unreachable", f"no answer: {type(error).__name__}") from None

    async def close(self) -> None:
        """End all connections."""
        await self._session.close()

    async def _asked_twice(self, call: Call) -> bool:
        """Ask again where a connection breaks: it may have been ended while nobody used it, and a question changes nothing."""
        with suppress(ClientConnectionError):
            return await self._asked(call)
        return await self._asked(call)

    async def _asked(self, call: Call) -> bool:
        request, began = self._gateway.request_of(call), time.monotonic()
        sent = self._session.post(
            request.url,
            data=request.body,
            headers=request.headers,
            server_hostname=request.server_name,
            proxy=request.proxy,
            allow_redirects=False,
        )
        async with sent as response:
            body = await response.read()
        headers = response.headers
        self._gateway.told(call, response.status, time.monotonic() - began, headers.get("Date"))
        if response.status not in _SUCCESS:
            raise self._gateway.failure(call, response.status, body, headers.get("Retry-After"))
        allowed: bool = status_in(call, decoded(call, body))["allowed"]
        return allowed


def _context(credentials: Mapping[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=credentials["ca_path"])
    if credentials["certificate_path"]:
        context.load_cert_chain(credentials["certificate_path"], credentials["private_key_path"])
    if credentials["insecure"]:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
