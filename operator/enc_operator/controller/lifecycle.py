"""The AgentTargets' life, by kopf: their status, and that everything is taken back before one goes.

kopf runs in the leader only, in a thread and event loop of its own. What a target leads to is the reconciler's affair.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

import kopf

from enc_operator.core.findings import ObjectRef

_TARGETS = ("enc-operator.io", "v1alpha1", "agenttargets")
_PREFIX = "enc-operator.io"
_STATUS_SECONDS = 1.0
_WAIT_SECONDS = 1.0
_STOP_SECONDS = 5.0

_log = logging.getLogger(__name__)


class Host(Protocol):
    """What handlers need of the operator."""

    def connection(self) -> kopf.ConnectionInfo:
        """Return how to reach the API server."""

    def status(self, ref: ObjectRef, generation: int, before: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the status of an AgentTarget, or None while nothing is known of it."""

    def taken_back(self, ref: ObjectRef) -> bool:
        """Tell whether everything that an AgentTarget had written is gone."""


def make_registry(host: Host) -> kopf.OperatorRegistry:
    """Return the handlers."""
    registry = kopf.OperatorRegistry()

    @kopf.on.startup(registry=registry)
    async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
        settings.persistence.finalizer = f"{_PREFIX}/take-back"
        settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=_PREFIX)
        settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=_PREFIX)
        settings.posting.enabled = False
        settings.scanning.disabled = True

    @kopf.on.login(registry=registry)
    def log_in(**_: Any) -> kopf.ConnectionInfo:
        return host.connection()

    @kopf.timer(*_TARGETS, interval=_STATUS_SECONDS, registry=registry)
    def keep_status(body: kopf.Body, patch: kopf.Patch, **_: Any) -> None:
        before = dict(body.get("status") or {})
        found = host.status(_ref(body), body.metadata.get("generation", 0), before)
        if found is not None and any(before.get(key) != value for key, value in found.items()):
            patch.status.update(found)

    @kopf.on.delete(*_TARGETS, registry=registry)
    def take_back(body: kopf.Body, **_: Any) -> None:
        if not host.taken_back(_ref(body)):
            raise kopf.TemporaryError("its permissions are being taken back", delay=_WAIT_SECONDS)

    return registry


def _ref(body: kopf.Body) -> ObjectRef:
    return ObjectRef("AgentTarget", str(body.metadata.namespace), str(body.metadata.name))


class Lifecycle:
    """A thread that runs kopf from when this process leads until it ends."""

    def __init__(self, host: Host, namespaces: frozenset[str], failed: Callable[[], None]) -> None:
        self._registry = make_registry(host)
        self._namespaces = sorted(namespaces)
        self._failed = failed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, within a few seconds."""
        self._stopping.set()
        if self._loop and self._stop and self._thread.is_alive():
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        try:
            asyncio.run(self._operate())
        except Exception:  # noqa: BLE001 - whatever it is, the process ends
            _log.exception("the AgentTargets' lifecycle ended")
        if not self._stopping.is_set():
            self._failed()

    async def _operate(self) -> None:
        """Run kopf; with a flag of another kind than the loop's own it would hang where it fails."""
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        if self._stopping.is_set():
            return
        await kopf.operator(
            registry=self._registry,
            clusterwide=not self._namespaces,
            namespaces=self._namespaces,
            standalone=True,
            stop_flag=self._stop,
        )
