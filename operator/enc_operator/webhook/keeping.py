"""Keeping certificates right while the process runs: made when due, shown, trusted by the API server, and tried from outside."""

import http.client
import json
import logging
import socket
import ssl
import threading
import uuid
from collections.abc import Callable
from datetime import datetime

from enc_operator.cluster.backoff import Backoff
from enc_operator.errors import EncError
from enc_operator.webhook.certificates import Lives
from enc_operator.webhook.custody import Custody, Shown
from enc_operator.webhook.faults import told
from enc_operator.webhook.registration import Registration
from enc_operator.webhook.server import PATH
from enc_operator.webhook.tls import Tls

_PERIOD = Lives().look
_PROBE_SECONDS = 5.0
_RETRY = (0.2, 10.0)

_log = logging.getLogger(__name__)


class Keeper:
    """A thread that looks after a while, and at once when the registration changes.

    `probe` tries the server with what is shown and returns what is wrong. `trouble` is what the last look failed with; `wrong` why nobody
    should be asked here: what is shown lasts while the API server, or who renews files, is away.
    """

    def __init__(
        self,
        custody: Custody,
        tls: Tls,
        registration: Callable[[Callable[[], None]], Registration] | None,
        probe: Callable[[Shown], str],
        period: float = _PERIOD,
    ) -> None:
        self._custody, self._tls, self._probe, self._period = custody, tls, probe, period
        self._due = threading.Event()
        self._stopped = threading.Event()
        self._backoff = Backoff(*_RETRY)
        self._thread = threading.Thread(target=self._run, name="certificates", daemon=True)
        self._registration = registration(self._due.set) if registration else None
        self._shown: Shown | None = None
        self.expires: datetime | None = None
        self.trouble = ""
        self.wrong = "there is no certificate yet"

    def start(self) -> None:
        """Begin."""
        if self._registration:
            self._registration.start()
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopped.set()
        self._due.set()
        if self._registration:
            self._registration.stop()
        self._thread.join(_PROBE_SECONDS)

    def step(self) -> None:
        """Look once."""
        trouble = self._attempt()
        if trouble and trouble != self.trouble:
            _log.warning("certificates: %s", trouble)
        self.trouble = trouble
        wrong = self._probe(self._shown) if self._shown else trouble
        if wrong and wrong != self.wrong:
            _log.warning("not ready: %s", wrong)
        self.wrong = wrong

    def _attempt(self) -> str:
        try:
            self._look()
        except EncError as error:
            return error.message
        except ssl.SSLError:
            return "the certificate and its key do not belong together"
        except Exception as error:  # noqa: BLE001 - without this thread certificates would run out
            _log.error("certificates could not be kept: %s", told(error))
            return f"{type(error).__name__} in keeping certificates"
        return ""

    def _look(self) -> None:
        # Before every repair: another replica may have made new ones, which are what the API server trusts then.
        shown = self._custody.current()
        # Before they are shown: what nobody is told to trust takes the place of nothing.
        if self._registration and (repaired := self._registration.repair(shown.bundle)):
            _log.info("%d webhooks are told whom to trust", repaired)
        if self._tls.use(shown.chain, shown.key):
            _log.info("showing a certificate that is valid until %s", shown.expires.isoformat())
        self._shown, self.expires = shown, shown.expires

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._due.clear()
            self.step()
            if self.wrong or self.trouble:
                self._stopped.wait(self._backoff.after_failure())
            else:
                self._due.wait(self._period)


def probe(address: tuple[str, int], name: str, shown: Shown) -> str:
    """Have the own server answer a review, trusting only what the API server trusts; return what is wrong, or nothing."""
    uid = str(uuid.uuid4())
    try:
        said = _exchange(address, name, shown, _review(uid))
    except (OSError, http.client.HTTPException) as error:
        return f"the server does not answer a review: {type(error).__name__}"
    return "" if uid.encode() in said else "the server does not answer a review as it should"


def _exchange(address: tuple[str, int], name: str, shown: Shown, body: bytes) -> bytes:
    connection = http.client.HTTPConnection(name, timeout=_PROBE_SECONDS)
    with (
        socket.create_connection(address, timeout=_PROBE_SECONDS) as plain,
        _trusting(shown.bundle).wrap_socket(plain, server_hostname=name) as secured,
    ):
        connection.sock = secured
        connection.request("POST", PATH, body, {"Content-Type": "application/json"})
        return connection.getresponse().read()


def _trusting(bundle: bytes) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=bundle.decode() or None)
    if not bundle:  # whom the API server trusts is not known here
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _review(uid: str) -> bytes:
    kind = {"group": "enc-operator.io", "version": "v1", "kind": "Probe"}
    request = {"uid": uid, "operation": "CONNECT", "kind": kind}
    document = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}
    return json.dumps(document, separators=(",", ":")).encode()
