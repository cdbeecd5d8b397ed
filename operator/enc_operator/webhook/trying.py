"""Trials of the way through the API server: every replica has it ask the webhook, again and again, and keeps what came of it.

What an answer means stands in `reach`; who refuses the trial, in `judging`.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from enc_operator.cluster.backoff import Backoff
from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.gateway import Gateway
from enc_operator.core.admission.trial import trial_grant
from enc_operator.core.objects.shapes import mapping
from enc_operator.process.settings import Probe
from enc_operator.webhook.faults import told
from enc_operator.webhook.reach import Reach, Reached, Standing, Unknown, Unreached, read_answer, same

_PERIOD = 10.0
_HURRY = (0.2, 2.0)
_ANSWER_SECONDS = 40.0  # the API server itself waits up to 30 s for a webhook
_JOIN_SECONDS = 1.0
_GRANTS = "/apis/enc-operator.io/v1alpha1/namespaces/{}/secretgrants"
_SLICES = "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices"

_log = logging.getLogger(__name__)


class Trials:
    """A thread that tries the way; `standing` is what came of it. `heard` tells when the API server last had a review answered here."""

    def __init__(
        self,
        gateway: Gateway,
        namespace: str,
        probe: Probe,
        heard: Callable[[], float],
        period: float = _PERIOD,
    ) -> None:
        self._gateway, self._heard, self._period = gateway, heard, period
        self._trial = Call(
            "POST",
            _GRANTS.format(quote(namespace, safe="")),
            {"dryRun": "All"},
            trial_grant(namespace, probe.name),
        )
        self._members = (
            Call("GET", _SLICES.format(quote(namespace, safe="")), {"labelSelector": f"kubernetes.io/service-name={probe.service}"})
            if probe.service
            else None
        )  # fmt: skip
        self._since = time.monotonic()
        self._backoff = Backoff(*_HURRY)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trials", daemon=True)
        self.standing = Standing()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a trial that is under way ends by itself."""
        self._stopped.set()
        self._thread.join(_JOIN_SECONDS)

    def step(self) -> None:
        """Try once."""
        began = time.monotonic()
        found = self._attempt()
        before, self.standing = self.standing, self.standing.after(found, asked=self._heard() >= self._since)
        self._since = began
        if not same(before.found, found):
            _tell(found)

    def pause(self) -> float:
        """Return how many seconds to wait for the next trial; replicas part."""
        if self.standing.is_hurried:
            return self._backoff.after_failure()
        return self._period * random.uniform(0.8, 1.2)  # noqa: S311

    def _attempt(self) -> Reach:
        try:
            return self._ask()
        except Exception as error:  # noqa: BLE001 - without this thread nobody would ever be ready again
            _log.error("the way through the API server could not be tried: %s", told(error))
            return Unknown(f"{type(error).__name__} in trying it")

    def _ask(self) -> Reach:
        try:
            self._gateway.call(self._trial, seconds=_ANSWER_SECONDS)
        except ApiError as refusal:
            found = read_answer(refusal)
            return Unreached(found.said, self._is_deserted()) if isinstance(found, Unreached) else found
        return read_answer(None)

    def _is_deserted(self) -> bool:
        """Tell whether no replica is ready, or nobody can say: the API server's own words differ by how it reaches Services."""
        if self._members is None:
            return False
        try:
            slices = self._gateway.call(self._members)["items"]
        except ApiError as error:
            _log.info("who is in the Service is not known: %s", error.message)
            return True
        return not any(_is_ready(each) for found in slices for each in found.get("endpoints") or ())

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.step()
            self._stopped.wait(self.pause())


def _is_ready(endpoint: Mapping[str, Any]) -> bool:
    return mapping(endpoint, "conditions").get("ready") is not False


def _tell(found: Reach) -> None:
    if isinstance(found, Reached):
        _log.info("the API server reaches the webhook")
    else:
        is_start = isinstance(found, Unreached) and found.deserted
        _log.log(logging.INFO if is_start else logging.WARNING, "%s", found.text)
