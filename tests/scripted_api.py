"""A TLS server that says on the wire what a test tells it to, broken answers most of all; it knows nothing of Kubernetes."""

import http.server
import json
import queue
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import trustme
from kubernetes.client import Configuration

from enc_operator.cluster.gateway import Gateway


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


class Line:
    """The connection on which one request came, to answer it."""

    def __init__(self, handler: "_Handler", asked: Asked, over: threading.Event) -> None:
        self._handler = handler
        self._over = over
        self.asked = asked

    def answer(self, body: Any, status: int = 200, **headers: str) -> "Line":
        """Answer with JSON; an underscore in a header's name stands for a hyphen."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.head(status, Content_Length=str(len(content)), **headers)
        return self.raw(content)

    def refuse(self, status: int, reason: str, **headers: str) -> "Line":
        """Answer with a Status."""
        told = {"kind": "Status", "code": status, "reason": reason, "message": f"it is {reason}"}
        return self.answer(told, status, **headers)

    def head(self, status: int = 200, **headers: str) -> "Line":
        """Send a status line and headers alone."""
        self._handler.send_response_only(status)
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()
        self._handler.wfile.flush()
        return self

    def watch(self, *events: Any) -> "Line":
        """Begin a watch, and send these events."""
        self.head(Transfer_Encoding="chunked")
        for event in events:
            self.event(event)
        return self

    def event(self, event: Any) -> "Line":
        """Send one more event of a watch, or bytes in its place."""
        part = event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n"
        return self.raw(b"%x\r\n%s\r\n" % (len(part), part))

    def finish(self) -> "Line":
        """End a watch in good order."""
        return self.raw(b"0\r\n\r\n")

    def raw(self, content: bytes) -> "Line":
        """Send bytes as they are."""
        self._handler.wfile.write(content)
        self._handler.wfile.flush()
        return self

    def hold(self, seconds: float = 60) -> bool:
        """Keep the connection open without a word; tell whether the test is over."""
        return self._over.wait(seconds)

    def cut(self) -> "Line":
        """Close the connection after what was sent."""
        self._handler.close_connection = True
        return self

    def reset(self) -> "Line":
        """Break the connection."""
        linger = struct.pack("ii", 1, 0)
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        return self.cut()


Script = Callable[[Line], object]


@dataclass
class ScriptedApi:
    """A running server, what it was asked, and how to reach it."""

    script: Script
    asked: "queue.SimpleQueue[Asked]"
    configuration: Configuration
    over: threading.Event

    def gateway(self, **options: Any) -> Gateway:
        """Make a gateway to this server."""
        return Gateway(self.configuration, **options)

    def next_asked(self) -> Asked:
        """Return the next request, waiting for it."""
        return self.asked.get(timeout=10)


Start = Callable[[Script], ScriptedApi]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: ScriptedApi

    def _serve(self) -> None:
        path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, path, query, dict(self.headers), json.loads(content) if content else None)
        self.api.asked.put(asked)
        with suppress(OSError):
            self.api.script(Line(self, asked, self.api.over))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the standard library's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread."""
        with suppress(OSError), self.tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)


@contextmanager
def scripted(folder: Path, script: Script) -> Iterator[ScriptedApi]:
    """Serve what a script says, on a free port."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.crt"))
    configuration = Configuration(host="", api_key={"BearerToken": "Bearer not-a-real-token"})
    configuration.ssl_ca_cert = str(folder / "ca.crt")
    api = ScriptedApi(script, queue.SimpleQueue(), configuration, threading.Event())
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": api}))
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server.tls)
    configuration.host = f"https://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield api
    finally:
        api.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
