"""An API server for benchmarks: TLS, a token, 50 Secrets of 20 keys, and a fixed time for every call.

It does as little as it can, so that what is measured is the client. Started as a program: it writes ``ca.crt`` and
``token`` into the folder of its first argument, waits the milliseconds of its second before each answer, prints its port,
and answers ``/asked`` with the number of Secrets that were asked for since the last time.
"""

import base64
import itertools
import json
import socket
import socketserver
import ssl
import sys
import time
from contextlib import suppress
from pathlib import Path

import trustme

SECRETS, KEYS = 50, 20
TOKEN = "a-benchmark-has-no-token"  # noqa: S105  (it opens nothing)


def secret(name: str) -> bytes:
    """Write a Secret as the API server does."""
    data = {f"k{index}": base64.b64encode(f"value-{index}".encode()).decode() for index in range(KEYS)}
    metadata = {"namespace": "bench", "name": name}
    return json.dumps({"kind": "Secret", "apiVersion": "v1", "metadata": metadata, "data": data}).encode()


class _Handler(socketserver.BaseRequestHandler):
    tls: ssl.SSLContext
    delay: float
    asked = itertools.count()

    def handle(self) -> None:
        """Answer the requests of one connection."""
        # As Go does: otherwise an answer waits 40 ms for the client to acknowledge the session tickets
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError), self.tls.wrap_socket(self.request, server_side=True) as connection:
            while request := connection.recv(65536):
                body = self.answer(request.split(b" ", 2)[1].decode())
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    def answer(self, path: str) -> bytes:
        """Answer a path."""
        if path == "/asked":
            asked = next(type(self).asked)
            type(self).asked = itertools.count()
            return b"%d" % asked
        next(type(self).asked)
        time.sleep(self.delay)
        return secret(path.rpartition("/")[2])


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


def main(folder: Path, milliseconds: int) -> None:
    """Serve until the process is ended."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.crt"))
    (folder / "token").write_text(TOKEN)
    _Handler.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(_Handler.tls)
    _Handler.delay = milliseconds / 1000
    with _Server(("127.0.0.1", 0), _Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
