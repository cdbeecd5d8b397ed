"""A proxy between a client and the API server that goes wrong on request; what it does to whom, a test says.

It ends TLS with a certificate of its own and sends each request on with the caller's token, over a connection of its own.
"""

import http.client
import http.server
import json
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import trustme
from kubernetes import client

from e2e.cluster.interface import Cluster

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "te", "upgrade", "host"}


@dataclass(frozen=True)
class Request:
    """A request as the proxy sees it."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes

    @property
    def is_watch(self) -> bool:
        """Tell whether it opens a watch."""
        return self.query.get("watch") == "true"

    @property
    def is_write(self) -> bool:
        """Tell whether it changes something."""
        return self.method != "GET"


Matches = Callable[[Request], bool]


class Cut(Exception):  # noqa: N818 - what happens, not what fails
    """The client's connection is to be reset."""


@dataclass
class Fault:
    """What goes wrong with the requests that match, `times` times (None: as long as it is there).

    `status` is answered in place of the API server's answer, `cut` resets the connection; with `after` the API server has done what
    it was asked by then. `truncate` sends that many bytes of an answer's body before the reset. `hold` keeps the request back until
    the event is set. `edit` gets each line of a watch and returns what is sent on, None for nothing. `query` puts other values in place
    of the query's, such as `timeoutSeconds`.
    """

    matches: Matches
    times: int | None = None
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    after: bool = False
    truncate: int | None = None
    hold: threading.Event | None = None
    edit: Callable[[bytes], bytes | None] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    met: int = 0
    """How many requests met it."""


class FaultyProxy:
    """A running proxy; without faults it changes nothing."""

    def __init__(self, upstream: client.Configuration) -> None:
        self.requests: list[Request] = []
        self.url = ""
        self.authority = ""
        self._upstream = upstream
        self._faults: list[Fault] = []
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self._over = threading.Event()

    @contextmanager
    def fault(self, matches: Matches, **what: Any) -> Iterator[Fault]:
        """Let something go wrong while the block lasts."""
        fault = Fault(matches, **what)
        with self._lock:
            self._faults.insert(0, fault)
        try:
            yield fault
        finally:
            with self._lock:
                self._faults.remove(fault)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let nothing through in any direction while the block lasts, and close nothing: a black hole."""
        self._flowing.clear()
        try:
            yield
        finally:
            self._flowing.set()

    def cut(self) -> None:
        """Break every connection that is open now."""
        with self._lock:
            for each in self._sockets:
                with suppress(OSError):
                    socket.socket.shutdown(each, socket.SHUT_RDWR)

    def configuration(self, token: str) -> client.Configuration:
        """Return a client's configuration that goes through the proxy with a token."""
        settings = client.Configuration(host=self.url, api_key={"BearerToken": f"Bearer {token}"})
        settings.ssl_ca_cert = self.authority
        return settings

    def end(self) -> None:
        """Let go of everything that is held."""
        self._over.set()
        self._flowing.set()
        self.cut()

    def take(self, request: Request) -> list[Fault]:
        """Note a request, and use up the faults that it meets."""
        with self._lock:
            self.requests.append(request)
            found = [each for each in self._faults if each.times != 0 and each.matches(request)]
            for each in found:
                each.met += 1
                each.times = None if each.times is None else each.times - 1
        return found

    def wait_through(self, faults: Iterable[Fault] = ()) -> None:
        """Wait while everything is frozen, or while one of the faults holds."""
        self._flowing.wait()
        for each in faults:
            while each.hold and not each.hold.wait(0.02) and not self._over.is_set():
                pass

    @contextmanager
    def upstream(self) -> Iterator[http.client.HTTPSConnection]:
        """Open a connection to the API server."""
        context = ssl.create_default_context(cafile=self._upstream.ssl_ca_cert)
        target = urlsplit(self._upstream.host)
        connection = http.client.HTTPSConnection(target.hostname or "", target.port, context=context)
        with closing(connection):
            connection.connect()
            with self.breakable(connection.sock):
                yield connection

    @contextmanager
    def breakable(self, connection: socket.socket) -> Iterator[None]:
        """Have `cut` break a connection while the block lasts."""
        with self._lock:
            self._sockets.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._sockets.discard(connection)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: FaultyProxy

    def _serve(self) -> None:
        try:
            self._forward()
        except (Cut, OSError, http.client.HTTPException):
            with suppress(OSError):
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the standard library's names

    def _forward(self) -> None:
        target = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, target.path, dict(parse_qsl(target.query)), body)
        faults = self.proxy.take(request)
        self.proxy.wait_through(faults)
        if self._is_spoilt([each for each in faults if not each.after]):
            return
        with self.proxy.upstream() as upstream:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            path = self.path
            for name, value in ((name, value) for each in faults for name, value in each.query.items()):
                path = re.sub(rf"\b{name}=[^&]*", f"{name}={value}", path)
            upstream.request(self.command, path, body or None, headers)
            self._answer(upstream.getresponse(), request, faults)

    def _is_spoilt(self, faults: list[Fault]) -> bool:
        for fault in faults:
            if fault.cut:
                raise Cut
            if fault.status:
                told = json.dumps({"kind": "Status", "code": fault.status, "message": "said by the proxy"})
                self._send_whole(fault.status, fault.headers, told.encode())
                return True
        return False

    def _answer(self, response: http.client.HTTPResponse, request: Request, faults: list[Fault]) -> None:
        headers = {name: value for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP}
        if request.is_watch and response.status == http.HTTPStatus.OK:
            self._send_head(response.status, {**headers, "Transfer-Encoding": "chunked"})
            self._relay(response, faults)
            return
        body = response.read()
        self.proxy.wait_through()
        if self._is_spoilt([each for each in faults if each.after]):
            return
        kept = next((each.truncate for each in faults if each.truncate is not None), None)
        self._send_whole(response.status, headers, body, kept)
        if kept is not None:
            raise Cut

    def _relay(self, response: http.client.HTTPResponse, faults: list[Fault]) -> None:
        """Send a watch on line by line."""
        kept = next((each.truncate for each in faults if each.truncate is not None), None)
        while line := response.readline():
            self.proxy.wait_through()
            for each in faults:
                line = (each.edit(line) or b"") if each.edit and line else line
            if line:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line[:kept]), line[:kept]))
            if line and kept is not None:
                raise Cut
        self.wfile.write(b"0\r\n\r\n")

    def _send_whole(
        self, status: int, headers: Mapping[str, str], body: bytes, kept: int | None = None
    ) -> None:
        self._send_head(status, {**headers, "Content-Length": str(len(body))})
        self.wfile.write(body[:kept])

    def _send_head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    proxy: FaultyProxy
    tls: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, unless everything is frozen."""
        self.proxy.wait_through()
        with (
            suppress(OSError),
            self.tls.wrap_socket(request, server_side=True) as secured,
            self.proxy.breakable(secured),
        ):
            super().finish_request(secured, client_address)


@contextmanager
def faulty_proxy(cluster: Cluster, folder: Path) -> Iterator[FaultyProxy]:
    """Run a proxy before a cluster's API server, on a free port; its CA's certificate is put into the folder."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "proxy-ca.crt"))
    with cluster.api() as api:
        proxy = FaultyProxy(api.configuration)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": proxy}))
    server.proxy, server.tls = proxy, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server.tls)
    proxy.url, proxy.authority = f"https://127.0.0.1:{server.server_address[1]}", str(folder / "proxy-ca.crt")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.end()
        server.shutdown()
        server.server_close()
        thread.join()
