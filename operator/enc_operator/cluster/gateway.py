"""The one way to the API server: HTTP with the ServiceAccount's or a kubeconfig's credentials, JSON in and out.

Every call of the operator passes `Gateway.call` or `Gateway.stream`, so that a test that stands before it sees and breaks all of
them; who has connections of his own (an event loop) has his requests made and their outcome told here. Nothing that may have been
sent is sent again here: who calls knows what a second attempt would mean.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes.client import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config

from enc_operator.cluster.calls import ApiError, Call, Request, failure_of
from enc_operator.cluster.decoding import decode
from enc_operator.errors import EncError

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
_SUCCESS = range(200, 300)
_UNAUTHORIZED = 401
_USER_AGENT = "enc-operator"
_PART = 1 << 16  # bytes that are read at once
_SILENCE = urllib3.exceptions.ReadTimeoutError | TimeoutError
_LONGEST_EVENT = 1 << 25  # bytes; objects have at most 3 MiB, which JSON's escapes can make longer

Observer = Callable[[Call, int, float], None]
"""Told of every call: the call, the HTTP status (0: no answer), seconds until the answer began."""


def _nobody(call: Call, status: int, seconds: float) -> None:
    """Observe nothing."""


def _nothing() -> None:
    """Renew nothing: a kubeconfig's credentials renew themselves, or cannot."""


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except ConfigException as error:
        raise EncError(f"no way to a cluster: {error}", "run it in a pod, or give --kubeconfig") from None


class Gateway:
    """Calls of one identity on one API server; safe to use from many threads.

    `pool` is how many connections are kept; a watch holds one as long as it lasts. `renew` reads the credentials anew when the
    API server does not accept them.
    """

    def __init__(
        self,
        configuration: Configuration,
        pool: int = 64,
        observer: Observer | None = None,
        renew: Callable[[], None] = _nothing,
    ) -> None:
        configuration.connection_pool_maxsize = pool
        self._configuration = configuration
        self._http = RESTClientObject(configuration).pool_manager
        proxy = self._http.proxy  # None where there is none, or where it is not for this host
        self._proxy = proxy and proxy.url
        self._lock = threading.Lock()
        self._observer = observer or _nobody
        self._renew = renew
        self.server_time: datetime | None = None
        """The Date header of the newest answer."""

    @classmethod
    def in_cluster(cls, **options: Any) -> "Gateway":
        """Connect as the pod's ServiceAccount; the token is read anew every minute, and when it is not accepted.

        The minute is that of the wall clock (kubernetes `config/incluster_config.py`), which may be set back.
        """
        configuration = Configuration()
        with _said_plainly():
            load_incluster_config(configuration)
        return cls(configuration, renew=lambda: load_incluster_config(configuration), **options)

    @classmethod
    def of_kubeconfig(cls, path: str | None = None, context: str | None = None, **options: Any) -> "Gateway":
        """Connect as a kubeconfig says."""
        configuration = Configuration()
        with _said_plainly():
            load_kube_config(path, context, configuration, persist_config=False)
        return cls(configuration, **options)

    @classmethod
    def here(cls, kubeconfig: str | None = None, **options: Any) -> "Gateway":
        """Connect as the pod's ServiceAccount; outside a pod, or where one is named, as a kubeconfig says."""
        if kubeconfig or "KUBERNETES_SERVICE_HOST" not in os.environ:
            return cls.of_kubeconfig(kubeconfig, **options)
        return cls.in_cluster(**options)

    def credentials(self) -> dict[str, Any]:
        """Return server, certificates and token, for a framework that makes its own connections."""
        configuration = self._configuration
        return {
            "server": configuration.host,
            "ca_path": configuration.ssl_ca_cert,
            "insecure": not configuration.verify_ssl,
            "certificate_path": configuration.cert_file,
            "private_key_path": configuration.key_file,
            "token": self._token().rpartition(" ")[2] or None,  # behind `Bearer`, in a pod `bearer`
        }

    def request_of(self, call: Call) -> Request:
        """Return what is to be sent for a call now; raise ApiError where the credentials cannot be read."""
        body = None if call.body is None else json.dumps(call.body, separators=(",", ":"))
        name = self._configuration.tls_server_name
        return Request(self._url(call), self._headers(call), body, name, self._proxy)

    def told(self, call: Call, status: int, seconds: float, date: str | None = None) -> None:
        """Take the outcome of a call, also of one that was sent by somebody else: its status (0: no answer), and the Date header."""
        self._observer(call, status, seconds)
        self._note_time(date)

    def failure(self, call: Call, status: int, body: bytes, retry_after: str | None) -> ApiError:
        """Return the failure that an answer is; credentials that were not accepted are read anew."""
        if status == _UNAUTHORIZED:
            with suppress(ConfigException, OSError), self._lock:
                self._renew()
        return failure_of(call, status, body, retry_after)

    def call(self, call: Call, *, seconds: float = _READ_SECONDS) -> Mapping[str, Any]:
        """Return the decoded answer of a call that succeeds; raise ApiError for every other outcome.

        `seconds` is how long the answer may take to begin, and then to come in full.
        """
        with self._answer(call, seconds) as response:
            return decoded(call, self._read(call, response, seconds))

    def close(self) -> None:
        """Close the connections that nobody uses; calls and watches that go on end by themselves."""
        self._http.clear()

    @contextmanager
    def stream(self, call: Call, *, silence: float) -> Iterator["Stream"]:
        """Open a watch; raise ApiError when it is refused. It breaks after `silence` seconds without a byte."""
        with self._answer(call, silence) as response:
            yield Stream(call, response, self._lost)

    @contextmanager
    def _answer(self, call: Call, seconds: float) -> Iterator[urllib3.BaseHTTPResponse]:
        response = self._send(call, seconds)
        try:
            if response.status not in _SUCCESS:
                body = self._read(call, response, _READ_SECONDS)
                raise self.failure(call, response.status, body, response.headers.get("Retry-After"))
            yield response
        finally:
            if not response.closed:
                response.close()  # nobody else may take over a connection with half an answer in it
            response.release_conn()

    def _send(self, call: Call, seconds: float) -> urllib3.BaseHTTPResponse:
        began = time.monotonic()
        try:
            response = self._sent(call, seconds)
        except urllib3.exceptions.HTTPError as error:
            self.told(call, 0, time.monotonic() - began)
            raise self._lost(call, error) from None
        self.told(call, response.status, time.monotonic() - began, response.headers.get("Date"))
        return response

    def _sent(self, call: Call, seconds: float) -> urllib3.BaseHTTPResponse:
        request = self.request_of(call)
        timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=seconds)
        options = {"body": request.body, "headers": request.headers, "timeout": timeout, "retries": False}
        while True:
            with suppress(urllib3.exceptions.ClosedPoolError):  # cleared a moment ago; nothing was sent
                answer: urllib3.BaseHTTPResponse = self._http.request(
                    call.method, request.url, preload_content=False, **options
                )
                return answer

    def _read(self, call: Call, response: urllib3.BaseHTTPResponse, seconds: float) -> bytes:
        parts, deadline = [], time.monotonic() + seconds
        try:
            while part := response.read1(_PART):
                parts.append(part)
                if time.monotonic() > deadline:
                    raise TimeoutError
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._lost(call, error) from None
        return b"".join(parts)

    def _lost(self, call: Call, error: Exception) -> ApiError:
        """Make the failure of a call that was not answered; after a time-out the idle connections are as dead as that one."""
        if isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError):
            self._http.clear()
        reason = "Silence" if isinstance(error, _SILENCE) else "Unreachable"
        return ApiError(call, 0, reason, f"no answer: {type(error).__name__}")

    def _url(self, call: Call) -> str:
        query = f"?{urlencode(call.query)}" if call.query else ""
        return f"{self._configuration.host}{call.path}{query}"

    def _headers(self, call: Call) -> dict[str, str]:
        headers = {"Accept": call.accept, "User-Agent": _USER_AGENT}
        if call.body is not None:
            headers["Content-Type"] = call.content_type
        try:
            token = self._token()
        except (ConfigException, OSError, ValueError) as error:
            message = f"the credentials cannot be read: {type(error).__name__}"
            raise ApiError(call, 0, "Unreachable", message) from None
        if token:
            headers["Authorization"] = token
        return headers

    def _token(self) -> str:
        with self._lock:  # reading the key may renew it
            token = self._configuration.get_api_key_with_prefix("BearerToken", "authorization")
        return str(token or "").strip()

    def _note_time(self, text: str | None) -> None:
        with suppress(TypeError, ValueError):
            self.server_time = parsedate_to_datetime(str(text)).astimezone(UTC)


class Stream:
    """The events of a watch, one at a time; `cut` ends it from another thread."""

    def __init__(
        self,
        call: Call,
        response: urllib3.BaseHTTPResponse,
        lost: Callable[[Call, Exception], ApiError],
    ) -> None:
        self._call = call
        self._response = response
        self._lost = lost
        self._is_cut = False

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """Yield decoded events; raise ApiError when the connection breaks or what comes is no JSON."""
        rest = bytearray()  # events of megabytes come in small parts, which are not to be copied for each
        while not self._is_cut and (part := self._next()):
            rest += part
            if b"\n" in part:
                *lines, last = rest.split(b"\n")
                rest = last
                yield from (decoded(self._call, line) for line in lines if line)
            if len(rest) > _LONGEST_EVENT:
                raise ApiError(self._call, 0, "Unreachable", "an event of the watch does not end")
        if rest and not self._is_cut:
            yield decoded(self._call, rest)

    def _next(self) -> bytes:
        try:
            part = self._response.read1()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if self._is_cut:
                return b""
            raise self._lost(self._call, error) from None
        # Once cut, the socket may hand out what is still encrypted.
        return b"" if self._is_cut else part

    def cut(self) -> None:
        """End the stream: who iterates stops within moments, without an error."""
        self._is_cut = True
        with suppress(OSError, ValueError, RuntimeError):
            self._response.shutdown()


def decoded(call: Call, body: bytes | bytearray) -> Mapping[str, Any]:
    """Decode an answer or an event; raise ApiError for what is no JSON object."""
    try:
        value = decode(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ApiError(
            call, 0, "Unreachable", "the answer is no JSON object: it was cut off, or a proxy wrote it"
        )
    return value
