"""A stand-in for the API server's GET of a Secret: TLS, a token, and answers that go wrong on request."""

import base64
import dataclasses
import datetime as dt
import http.server
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import trustme


@dataclasses.dataclass(frozen=True)
class Raw:
    """What is sent as it stands, with pauses in seconds between; then the connection ends, or goes on as if nothing were."""

    pieces: tuple[bytes | float, ...]
    ending: str = "close"  # or "reset", "keep"


Reply = tuple[int, dict[str, str], bytes] | Raw


def secret_body(namespace: str, name: str, data: dict[str, bytes]) -> bytes:
    """Write a Secret as the API server does."""
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return json.dumps(
        {"kind": "Secret", "metadata": {"namespace": namespace, "name": name}, "data": encoded}
    ).encode()


@dataclasses.dataclass
class StandIn:
    """What the server knows, and what it was asked."""

    account: Path  # the folder with token and ca.crt
    secrets: dict[str, Callable[[], Reply] | dict[str, bytes]] = dataclasses.field(default_factory=dict)
    token: str = "not-a-real-token"
    delay: float = 0.0
    port: int = 0
    asked: list[str] = dataclasses.field(default_factory=list)
    connections: set[int] = dataclasses.field(default_factory=set)
    hosts: set[str] = dataclasses.field(default_factory=set)
    release: threading.Event = dataclasses.field(default_factory=threading.Event)

    def reply(self, path: str, authorization: str) -> Reply:
        """Answer one GET."""
        self.asked.append(path)
        time.sleep(self.delay)
        if authorization != f"Bearer {self.token}":
            return 401, {}, b"{}"
        _, _, _, _, namespace, _, name = path.split("/")
        found = self.secrets.get(f"{namespace}/{name}")
        if found is None:
            return 404, {}, b"{}"
        return found() if callable(found) else (200, {}, secret_body(namespace, name, found))


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together, as from Go
    disable_nagle_algorithm = True  # likewise
    stand_in: StandIn

    def do_GET(self) -> None:
        """Answer, or drop the connection where the reply says status 0."""
        self.stand_in.connections.add(self.client_address[1])
        self.stand_in.hosts.add(self.headers.get("Host", ""))
        reply = self.stand_in.reply(self.path, self.headers.get("Authorization", ""))
        if isinstance(reply, Raw):
            self.send_raw(reply)
            return
        status, headers, body = reply
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_raw(self, reply: Raw) -> None:
        """Send pieces as they are, and end the connection as told."""
        for piece in reply.pieces:
            if isinstance(piece, float):
                self.stand_in.release.wait(piece)
            else:
                self.wfile.write(piece)
                self.wfile.flush()
        self.close_connection = reply.ending != "keep"
        if reply.ending == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread."""
        with suppress(OSError), self.tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)


class _IPv6Server(_Server):
    address_family = socket.AF_INET6


@contextmanager
def serving(
    account: Path,
    host: str = "127.0.0.1",
    *,
    named: str = "127.0.0.1",
    until: dt.datetime | None = None,
    tls: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
) -> Iterator[StandIn]:
    """Run a stand-in on a free port, with its CA and token in the folder; its certificate may be a wrong one."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(account / "ca.crt"))
    stand_in = StandIn(account)
    (account / "token").write_text(stand_in.token + "\n")
    kind = _IPv6Server if ":" in host else _Server
    server = kind((host, 0), type("Handler", (_Handler,), {"stand_in": stand_in}))
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.maximum_version = tls
    authority.issue_cert(
        named, not_before=until and until - dt.timedelta(days=1), not_after=until
    ).configure_cert(server.tls)
    stand_in.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stand_in
    finally:
        stand_in.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
