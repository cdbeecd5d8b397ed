"""One kept-alive TLS connection to one server: a request, its answer, or why there is none.

The public ``socket`` and ``ssl`` do the work. What an answer looks like is ``answers``'; what it means, and whether to
ask again, is decided by who asks.
"""

from __future__ import annotations

import socket
import ssl
import time

from enc_resolver.answers import BrokenError, read_answer
from enc_resolver.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from enc_resolver.answers import Answer

_PIECE = 64 * 1024  # bytes
# X509_V_ERR_* in OpenSSL's x509_vfy.h
_DOUBTS = {
    9: "is not valid yet; compare the clocks",
    10: "has expired",
    62: "is not for the name in KUBERNETES_SERVICE_HOST",
    64: "is not for the address in KUBERNETES_SERVICE_HOST",
}


class UntrustedError(Exception):
    """Say why the server's certificate is not accepted."""


class LostError(Exception):
    """Say how an answer was lost; ``stale`` where the server had closed the connection while it was idle."""

    def __init__(self, why: str, *, stale: bool) -> None:
        super().__init__(why)
        self.stale = stale


class Address(Value):
    """Where a server is, and the context that verifies it."""

    __slots__ = __match_args__ = ("host", "port", "tls")
    host: str
    port: int
    tls: ssl.SSLContext


class Connection:
    """Opened by the first request, and again by the next one after it was lost or the server has done with it."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket: Optional[ssl.SSLSocket] = None
        self._until = 0.0
        self._received = False

    def close(self) -> None:
        """Drop the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(self, request: bytes, limit: int, until: float) -> Answer:
        """Send a request and read the answer, until a time of the monotonic clock.

        Raises UntrustedError, LostError, or TooLargeError for a body of more than ``limit`` bytes.
        """
        kept, self._received, self._until = self._socket is not None, False, until
        answer = None
        try:
            opened = self._socket = self._socket or self._open()
            opened.settimeout(self._remaining())
            opened.sendall(request)
            answer = read_answer(lambda: self._receive(opened), limit)
        except ssl.SSLCertVerificationError as error:
            doubt = _DOUBTS.get(error.verify_code, "is not one of the mounted CA")
            raise UntrustedError(f"the API server's certificate {doubt}") from None
        except (OSError, BrokenError) as error:
            raise LostError(_described(error), stale=kept and not self._received) from None
        finally:
            if answer is None or not answer.reusable:
                self.close()
        return answer

    def _open(self) -> ssl.SSLSocket:
        # As bytes, which typeshed does not know: a text would load the IDNA codec, only to come out the same
        host: Any = self._address.host.encode("ascii")
        plain = socket.create_connection((host, self._address.port), self._remaining())
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A connection that ends without TLS's own farewell was cut off
            return self._address.tls.wrap_socket(plain, server_hostname=host, suppress_ragged_eofs=False)
        finally:
            plain.close()  # of no effect once TLS has taken the socket over

    def _receive(self, opened: ssl.SSLSocket) -> bytes:
        opened.settimeout(self._remaining())
        piece = opened.recv(_PIECE)
        self._received = self._received or bool(piece)
        return piece

    def _remaining(self) -> float:
        seconds = self._until - time.monotonic()
        if seconds <= 0:
            raise socket.timeout
        return seconds


def _described(error: Exception) -> str:
    if isinstance(error, BrokenError):
        return f"the API server's answer is broken: {error}"
    if isinstance(error, (ssl.SSLEOFError, ConnectionResetError)):
        return "the API server's answer is broken: cut off"  # which of the two it is depends on the Python
    if isinstance(error, socket.timeout):
        return "the API server did not answer in time"
    return f"no answer from the API server: {type(error).__name__}"
