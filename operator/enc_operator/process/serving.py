"""Health and metrics over HTTP: `/healthz`, `/readyz`, `/metrics`. Nothing else is served, and nothing is taken."""

import threading
from collections.abc import Callable, Iterable, Mapping
from socketserver import ThreadingMixIn
from typing import Any, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from enc_operator.process.settings import Listen

_TEXT = ("Content-Type", "text/plain; charset=utf-8")


class Health(Protocol):
    """How a process is at one moment; what is said is empty where all is well."""

    def sick(self) -> str:
        """Return why the process should be started anew."""

    def unready(self) -> str:
        """Return why it is not ready."""


_ASKED: Mapping[str, Callable[[Health], str]] = {
    "/healthz": lambda health: health.sick(),
    "/readyz": lambda health: health.unready(),
}


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = 10  # seconds that a client may be silent for

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing: probes come every few seconds."""


class HealthServer:
    """A thread that answers probes and scrapes."""

    def __init__(self, listen: Listen, registry: CollectorRegistry, state: Callable[[], Health]) -> None:
        self._metrics = make_wsgi_app(registry)
        self._state = state
        self._server = make_server(
            listen.address, listen.port, self._answer, server_class=_Server, handler_class=_Handler
        )
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            found: Iterable[bytes] = self._metrics(environ, start_response)
            return found
        said = _ASKED.get(path)
        if said is None:
            start_response("404 Not Found", [_TEXT])
            return [b"there are /healthz, /readyz and /metrics\n"]
        wrong = said(self._state())
        start_response("503 Service Unavailable" if wrong else "200 OK", [_TEXT])
        return [f"{wrong or 'ok'}\n".encode()]
