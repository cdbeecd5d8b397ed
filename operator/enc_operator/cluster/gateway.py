"""The one way to the API server: HTTP with the ServiceAccount's or a kubeconfig's credentials, JSON in and out.

Every call of the operator passes `Gateway.call` or `Gateway.stream`, so that a test that stands before it sees and breaks all of
them. Nothing is retried here: who calls knows what a second attempt would mean.
"""

import json
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
from kubernetes.config import load_incluster_config, load_kube_config

from enc_operator.cluster.calls import ApiError, Call, failure_of

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
_SUCCESS = range(200, 300)
_USER_AGENT = "enc-operator"

Observer = Callable[[Call, int, float], None]
"""Told of every call: the call, the HTTP status (0: no answer), seconds until the answer began."""


def _nobody(call: Call, status: int, seconds: float) -> None:
    """Observe nothing."""


class Gateway:
    """Calls of one identity on one API server; safe to use from many threads.

    `pool` is how many connections are kept; a watch holds one as long as it lasts.
    """

    def __init__(
        self, configuration: Configuration, pool: int = 32, observer: Observer | None = None
    ) -> None:
        configuration.connection_pool_maxsize = pool
        self._configuration = configuration
        self._http = RESTClientObject(configuration).pool_manager
        self._lock = threading.Lock()
        self._observer = observer or _nobody
        self.server_time: datetime | None = None
        """The Date header of the newest answer."""

    @classmethod
    def in_cluster(cls, **options: Any) -> "Gateway":
        """Connect as the pod's ServiceAccount; the token is read anew when it is rotated."""
        configuration = Configuration()
        load_incluster_config(configuration)
        return cls(configuration, **options)

    @classmethod
    def of_kubeconfig(cls, path: str | None = None, context: str | None = None, **options: Any) -> "Gateway":
        """Connect as a kubeconfig says."""
        configuration = Configuration()
        load_kube_config(path, context, configuration, persist_config=False)
        return cls(configuration, **options)

    def call(self, call: Call, *, seconds: float = _READ_SECONDS) -> Mapping[str, Any]:
        """Return the decoded answer of a call that succeeds; raise ApiError for every other outcome."""
        with self._answer(call, seconds) as response:
            return _decoded(call, _read(call, response))

    @contextmanager
    def stream(self, call: Call, *, silence: float) -> Iterator["Stream"]:
        """Open a watch; raise ApiError when it is refused. It breaks after `silence` seconds without a byte."""
        with self._answer(call, silence) as response:
            yield Stream(call, response)

    @contextmanager
    def _answer(self, call: Call, seconds: float) -> Iterator[urllib3.BaseHTTPResponse]:
        response = self._send(call, seconds)
        try:
            if response.status not in _SUCCESS:
                body = _read(call, response)
                raise failure_of(call, response.status, body, response.headers.get("Retry-After"))
            yield response
        finally:
            if response.length_remaining:
                response.close()  # nobody else may take over a connection with half an answer in it
            response.release_conn()

    def _send(self, call: Call, seconds: float) -> urllib3.BaseHTTPResponse:
        began = time.monotonic()
        try:
            response: urllib3.BaseHTTPResponse = self._http.request(
                call.method,
                self._url(call),
                body=None if call.body is None else json.dumps(call.body, separators=(",", ":")),
                headers=self._headers(call),
                timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=seconds),
                retries=False,
                preload_content=False,
            )
        except urllib3.exceptions.HTTPError as error:
            self._observer(call, 0, time.monotonic() - began)
            raise _unreachable(call, error) from None
        self._observer(call, response.status, time.monotonic() - began)
        self._note_time(response.headers.get("Date"))
        return response

    def _url(self, call: Call) -> str:
        query = f"?{urlencode(call.query)}" if call.query else ""
        return f"{self._configuration.host}{call.path}{query}"

    def _headers(self, call: Call) -> dict[str, str]:
        headers = {"Accept": call.accept, "User-Agent": _USER_AGENT}
        if call.body is not None:
            headers["Content-Type"] = call.content_type
        with self._lock:  # reading the key may renew it
            token = self._configuration.get_api_key_with_prefix("BearerToken", "authorization")
        if token:
            headers["Authorization"] = token
        return headers

    def _note_time(self, text: str | None) -> None:
        with suppress(TypeError, ValueError):
            self.server_time = parsedate_to_datetime(str(text)).astimezone(UTC)


class Stream:
    """The events of a watch, one at a time; `cut` ends it from another thread."""

    def __init__(self, call: Call, response: urllib3.BaseHTTPResponse) -> None:
        self._call = call
        self._response = response

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """Yield decoded events; raise ApiError when the connection breaks or what comes is no JSON."""
        rest = b""
        while True:
            try:
                part = self._response.read1()
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise _unreachable(self._call, error) from None
            if not part:
                return
            *lines, rest = (rest + part).split(b"\n")
            for line in filter(None, lines):
                yield _decoded(self._call, line)

    def cut(self) -> None:
        """End the stream: who iterates stops within moments."""
        with suppress(OSError, ValueError, RuntimeError):
            self._response.shutdown()


def _read(call: Call, response: urllib3.BaseHTTPResponse) -> bytes:
    try:
        return response.read()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _unreachable(call, error) from None


def _decoded(call: Call, body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ApiError(
            call, 0, "Unreachable", "the answer is no JSON object: it was cut off, or a proxy wrote it"
        )
    return value


def _unreachable(call: Call, error: Exception) -> ApiError:
    return ApiError(call, 0, "Unreachable", f"no answer: {type(error).__name__}")
