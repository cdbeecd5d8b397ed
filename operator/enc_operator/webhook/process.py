"""The webhook's process: what it starts, and how it ends."""

import asyncio
import ctypes
import gc
import logging
import signal
import sys
import time
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

from enc_operator.cluster.gateway import Gateway
from enc_operator.core.admission.model import Mode
from enc_operator.core.admission.world import AdmissionSettings
from enc_operator.core.schemas import read_crds
from enc_operator.errors import SettingsError
from enc_operator.frame import make_frame
from enc_operator.packaged_crds import crd_texts
from enc_operator.process.clock import Clock
from enc_operator.process.serving import HealthServer
from enc_operator.process.settings import CertificatesOf, Probe, Settings, Webhook
from enc_operator.webhook.authorizer import Authorizer
from enc_operator.webhook.certificates import Lives
from enc_operator.webhook.custody import CertificateFiles, Custody, SharedSecret
from enc_operator.webhook.facts import LiveFacts
from enc_operator.webhook.health import Health
from enc_operator.webhook.judging import CoreJudge, CoreMutator, TrialJudge
from enc_operator.webhook.keeping import Keeper, probe
from enc_operator.webhook.metrics import Metrics
from enc_operator.webhook.places import Limits
from enc_operator.webhook.registration import Registration
from enc_operator.webhook.server import (
    MUTATING_PATH,
    PATH,
    TRIAL_PATH,
    AdmissionServer,
    Judge,
    Reviews,
    listen,
)
from enc_operator.webhook.tls import Tls
from enc_operator.webhook.trying import Trials

_ALWAYS_EXCLUDED = frozenset({"kube-system"})
_HEARTBEAT = 1.0
_LOOK = 0.05
_SWITCH = 0.0005  # seconds; by default a short review waits 5 ms for each thread that is busy with a long one
_HERE = "127.0.0.1"
_M_MMAP_THRESHOLD = -3
_LARGE = 1024 * 1024

_log = logging.getLogger(__name__)


class WebhookProcess:
    """All parts of one replica."""

    def __init__(self, gateway: Gateway, settings: Settings, metrics: Metrics) -> None:
        if settings.webhook is None:
            raise SettingsError("the settings say nothing of a webhook", "add `webhook`, as the chart does")
        self._settings, self._webhook, self._gateway = settings, settings.webhook, gateway
        self._clock = Clock(lambda: gateway.server_time)
        self._metrics, self._tls = metrics, Tls()
        self._lives = lives_of(settings.webhook.certificates)
        frame = make_frame(self._clock.now(), settings.trusted_namespace_labels)
        self._facts = LiveFacts(
            gateway, settings, frame, admission_of(settings, self._webhook), self._clock.now
        )
        self._health = HealthServer(settings.listen, metrics.registry, self.health)
        self._moved = time.monotonic()
        self._keeper: Keeper | None = None
        self._reviews: Reviews | None = None
        self._trials: Trials | None = None

    def health(self) -> Health:
        """Return how it is at this moment."""
        wrong = self._keeper.wrong if self._keeper else "the server has not begun"
        draining = bool(self._reviews and self._reviews.draining)
        way = self._trials.standing.unready if self._trials else ""
        return Health(self._facts.states(), wrong, way, time.monotonic() - self._moved, draining)

    def run(self) -> int:
        """Run until a signal; return the exit code."""
        sys.setswitchinterval(_SWITCH)
        give_back_large_memory()
        asyncio.run(self._serve())
        return 0

    async def _serve(self) -> None:
        ending = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ending.set)
        limits = Limits(concurrent=self._webhook.concurrent, seconds=self._webhook.deadline_seconds)
        judges: dict[str, Judge] = {
            PATH: CoreJudge(self._facts),
            MUTATING_PATH: CoreMutator(self._facts),
            TRIAL_PATH: TrialJudge(),
        }
        authorizer = Authorizer(self._gateway)
        self._reviews = reviews = Reviews(judges, limits, self._metrics, authorizer.ask)
        listening = listen(self._webhook.listen.address, self._webhook.listen.port)
        server = AdmissionServer(reviews, self._tls.context, listening)
        self._facts.start()
        self._health.start()
        self._keeper = self._make_keeper(server.port)
        self._metrics.certificate(lambda: self._keeper.expires if self._keeper else None)
        if probe := self._webhook.probe:
            self._try_the_way(probe, reviews)
        self._keeper.start()
        beating = asyncio.create_task(self._beat())
        if await self._know(ending):
            await server.start()
        await ending.wait()
        _log.info("ending: connections are closed one by one for %g s", self._webhook.drain_seconds)
        await server.drain(self._webhook.drain_seconds)
        beating.cancel()
        await authorizer.close()
        await asyncio.to_thread(self._close)

    async def _know(self, ending: asyncio.Event) -> bool:
        """Wait for all facts and a certificate: who asks before that waits too, and is not told what is not so."""
        while not (ending.is_set() or (self._facts.known and self._tls.shows)):
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), _LOOK)
        await asyncio.to_thread(self._facts.prepare)
        # Of what the start left the garbage collector finds nothing more, and a review would wait while it walks through it.
        gc.collect()
        gc.freeze()
        return not ending.is_set()

    def _try_the_way(self, probe: Probe, reviews: Reviews) -> None:
        trials = Trials(self._gateway, self._settings.lease.namespace, probe, lambda: reviews.heard)
        self._metrics.reach(lambda: trials.standing.reached)
        self._trials = trials
        trials.start()

    async def _beat(self) -> None:
        while True:
            self._moved = time.monotonic()
            await asyncio.sleep(_HEARTBEAT)

    def _make_keeper(self, port: int) -> Keeper:
        certificates = self._webhook.certificates
        address = (self._webhook.listen.address or _HERE, port)
        name = next(iter(certificates.names), "localhost")
        registration = (
            partial(
                Registration,
                self._gateway,
                certificates.configuration,
                mutating=certificates.mutating_configuration,
            )
            if certificates.secret and certificates.configuration
            else None
        )
        return Keeper(
            self._custody(), self._tls, registration, partial(probe, address, name), self._lives.look
        )

    def _custody(self) -> Custody:
        certificates = self._webhook.certificates
        if certificates.folder:
            return CertificateFiles(Path(certificates.folder))
        place = (self._settings.lease.namespace, certificates.secret)
        return SharedSecret(self._gateway, place, certificates.names, self._clock.now, self._lives)

    def _close(self) -> None:
        if self._trials:
            self._trials.stop()
        if self._keeper:
            self._keeper.stop()
        self._facts.stop()
        self._health.stop()


def give_back_large_memory() -> None:
    """Have the C library return what a large review took at once, instead of keeping as much from then on (mallopt(3); glibc alone)."""
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


def lives_of(certificates: CertificatesOf) -> Lives:
    """Return how long own certificates last."""
    seconds = (certificates.authority_seconds, certificates.leaf_seconds, certificates.settling_seconds)
    return Lives(*(timedelta(seconds=each) for each in seconds))


def admission_of(settings: Settings, webhook: Webhook) -> AdmissionSettings:
    """Return what the core is told of the install."""
    excluded = webhook.excluded_namespaces | _ALWAYS_EXCLUDED | {settings.lease.namespace}
    crds = read_crds(crd_texts())
    return AdmissionSettings(crds, settings.accounts, excluded, Mode.of(webhook.mode))
