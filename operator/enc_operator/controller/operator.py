"""The operator's process: what it starts, how it becomes the leader, and how it ends."""

import gc
import logging
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import kopf

from enc_operator.cluster.access import AccessAnswers
from enc_operator.cluster.events import EventRecorder, Regarding
from enc_operator.cluster.gateway import Gateway
from enc_operator.cluster.lease import LeaseElection
from enc_operator.cluster.writes import Writer
from enc_operator.controller.applier import Applier
from enc_operator.controller.asking import Asking
from enc_operator.controller.dropping import Dropping, droppings_of, safe_to_drop
from enc_operator.controller.epoch import enforce_epoch
from enc_operator.controller.fence import FenceCheck, Holds
from enc_operator.controller.inbox import Inbox
from enc_operator.controller.injections import injection_counts, make_injector, standing_of
from enc_operator.controller.lifecycle import Lifecycle
from enc_operator.controller.metrics import Metrics
from enc_operator.controller.reconciler import Reconciler
from enc_operator.controller.report import Notice, Report, make_report
from enc_operator.controller.state import State
from enc_operator.controller.status import View, status_of
from enc_operator.controller.watches import Watches
from enc_operator.core.findings import ObjectRef
from enc_operator.core.inventory import TargetFact
from enc_operator.core.ledger.injections import plan_injections
from enc_operator.core.ledger.ledger import Ledger
from enc_operator.errors import EncError
from enc_operator.frame import make_frame
from enc_operator.process.clock import Clock, written_time
from enc_operator.process.logs import set_up_log
from enc_operator.process.serving import HealthServer
from enc_operator.process.settings import Settings

_COMPONENT = "enc-operator.io/operator"
_FENCE_SECONDS = 30.0
_FENCE_MISSING_SECONDS = 2.0
_REPORT_SECONDS = 2.0
_ACTION = "Judge"
_OURS = "enc-operator.io/v1alpha1"
_VERSIONS = {
    "SecretGrant": _OURS,
    "ClusterSecretGrant": _OURS,
    "DaemonSet": "apps/v1",
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DatadogInstrumentation": "datadoghq.com/v1alpha1",
}

_log = logging.getLogger(__name__)


def run_operator(settings: Settings) -> int:
    """Run until a signal or the loss of the lease; return the exit code."""
    set_up_log(settings.log)
    metrics = Metrics()
    return Operator(Gateway.here(observer=metrics.called), settings, metrics).run()


class Operator:
    """All parts of one process."""

    def __init__(self, gateway: Gateway, settings: Settings, metrics: Metrics) -> None:
        self._settings, self._gateway = settings, gateway
        self._clock = Clock(lambda: gateway.server_time)
        self._inbox = Inbox()
        self._watches = Watches(gateway, settings, self._inbox)
        frame = make_frame(self._clock.now(), settings.trusted_namespace_labels)
        self._ledger = Ledger(
            frame, settings.accounts, timedelta(seconds=settings.grace_seconds), settings.caps
        )
        self._asking = Asking(AccessAnswers(gateway), self._inbox.wake)
        self._reconciler = Reconciler(
            self._ledger, self._watches, self._inbox, self._asking, self, settings, self._clock
        )
        self._reconciler.converged = metrics.converged
        identity = f"{socket.gethostname()}_{uuid.uuid4()}"
        lease = settings.lease
        self._election = LeaseElection(
            gateway,
            lease.namespace,
            lease.name,
            identity,
            floor=self._watches.epoch,
            slept=self._watches.renew,
        )
        self._applier = Applier(
            Writer(gateway), lambda: self._election.epoch, self._reconciler.heard, settings.install
        )
        self._events = EventRecorder(gateway, _COMPONENT, identity)
        self._injector = make_injector(
            gateway, frame.resolver, self, self._reconciler, self._record, settings.install, self._clock.now
        )
        self._fence = FenceCheck(gateway, settings)
        self._fence_wrong = "the fence was not asked yet"
        self._fence_due = threading.Event()
        self._lifecycle = Lifecycle(self, settings.namespaces, self._end_failed)
        self._report = Report()
        self._droppings: Mapping[ObjectRef, Dropping] = {}
        self._reported_at = 0.0
        self._told: frozenset[Notice] = frozenset()
        self._ending = threading.Event()
        self._code = 0
        self._frozen = False
        metrics.follow(self.state)
        self._health = HealthServer(settings.listen, metrics.registry, self.state)

    def run(self) -> int:
        """Run until a signal, the loss of the lease, or a fault."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._ending.set())
        threads = [
            threading.Thread(target=what, name=what.__name__, daemon=True)
            for what in (self._reconcile, self._take_part, self._watch_fence, self._inject)
        ]
        self._health.start()
        self._watches.start()
        self._events.start()
        for thread in threads:
            thread.start()
        self._ending.wait()
        return self._close(threads)

    def open(self) -> bool:
        """Tell whether anything may be written: this process leads, knows everything, and the fence holds."""
        return self._election.epoch is not None and not self._fence_wrong and not self._watches.missing()

    def state(self) -> State:
        """Return how the operator is at this moment."""
        progress = self._reconciler.progress
        return State(
            self._report,
            self._watches.states(),
            self._watches.missing(),
            {name: [each.message for each in found] for name, found in dict(progress.problems).items()},
            self._election.epoch,
            self._fence_wrong,
            self._asking.unanswered,
            progress.writes,
            progress.errors,
            time.monotonic() - progress.heartbeat,
            self._reconciler.settled,
            injection_counts(self._injector),
            self._injector.writes,
        )

    def connection(self) -> kopf.ConnectionInfo:
        """Return how kopf reaches the API server: as the gateway does."""
        return kopf.ConnectionInfo(**self._gateway.credentials())

    def status(self, ref: ObjectRef, generation: int, before: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the status of an AgentTarget, or None while it is not counted yet."""
        report = self._report
        listed = frozenset(agent.namespace for agent in self._settings.agents)
        # A status without plans would forget what an earlier process said of who undoes an injection.
        if ref not in report.targets or (self._settings.injection and not self._injector.planned):
            return None
        problems = [each for found in self.state().problems.values() for each in found]
        injections = standing_of(self._injector, ref) if self._settings.injection else None
        view = View(listed, self._fence_wrong, self._watches.missing(), problems, injections)
        now = written_time(self._clock.now())
        more = [safe_to_drop(ref, report, self._droppings.get(ref, Dropping()), self._unseen())]
        return status_of(ref, generation, report, view, before, now, more)

    def taken_back(self, ref: ObjectRef) -> bool:
        """Tell whether an AgentTarget is out of the ledger and everything that followed is written."""
        if self._settings.injection and not self._injector.taken_out(ref):
            return False
        return ref not in self._ledger.facts.of(TargetFact) and self._reconciler.settled

    def _reconcile(self) -> None:
        try:
            while not self._ending.is_set():
                self._reconciler.step()
                self._settle_memory()
                self._tell()
        except Exception:  # noqa: BLE001 - whatever it is, the process ends
            # What is known may be half of something: the next process begins anew.
            if not self._ending.is_set():
                _log.exception("the reconciler failed")
                self._end_failed()

    def _settle_memory(self) -> None:
        """Have the garbage collector pass over what the first lists left: walking through it costs a third of a second each time."""
        if not self._frozen and self._reconciler.complete:
            self._frozen = True
            gc.collect()
            gc.freeze()

    def _tell(self) -> None:
        """Count anew every few seconds, and tell of what is new."""
        now = time.monotonic()
        incomplete = not self._reconciler.complete or self._watches.missing()  # complete after a step only
        if now - self._reported_at < _REPORT_SECONDS or incomplete:
            return
        self._reported_at = now
        self._droppings = droppings_of(self._ledger, self._reconciler.given(), self._asking.presumed)
        unwritten = "" if self._settings.injection else self._settings.install
        self._report = make_report(self._ledger, unwritten)
        if self._election.epoch is None:
            return
        if self._settings.injection:
            self._injector.follow(plan_injections(self._ledger, self._settings.install))
        notices = frozenset(self._report.notices)
        for notice in sorted(notices - self._told):
            self._record(notice)
        self._told = notices

    def _unseen(self) -> list[str]:
        """Return what no list of this operator shows, and could hold references."""
        within = ", ".join(sorted(self._settings.namespaces))
        return [f"namespaces other than {within}"] if within else []

    def _record(self, notice: Notice) -> None:
        about = notice.about
        version = _VERSIONS.get(about.kind, "v1")
        regarding = Regarding(version, about.kind, about.namespace, about.name, self._watches.uid(about))
        self._events.record(regarding, notice.reason, notice.note, _ACTION, warning=notice.warning)

    def _take_part(self) -> None:
        self._guarded(lambda: self._election.run(self._lead, self._lose))

    def _lead(self, epoch: int) -> None:
        _log.info("leading with epoch %d", epoch)
        self._fence_wrong = "the fence does not know yet who leads"
        self._fence_due.set()
        self._reconciler.lead(self._applier)
        self._lifecycle.start()

    def _lose(self) -> None:
        """End: what another leader writes from now on is not known to what has begun here."""
        if not self._ending.is_set():
            _log.warning("the lease is lost: %s", self._election.error or "somebody else has it")
            # Another leadership's epoch is not for what was decided in this one.
            self._election.stop()
            self._end_failed()

    def _inject(self) -> None:
        self._guarded(self._injector.run)

    def _watch_fence(self) -> None:
        # Without this thread nothing would notice that the fence goes.
        self._guarded(self._keep_asking_fence)

    def _keep_asking_fence(self) -> None:
        while not self._ending.is_set():
            self._fence_due.clear()
            self._ask_fence()
            self._inbox.wake()
            self._fence_due.wait(_FENCE_MISSING_SECONDS if self._fence_wrong else _FENCE_SECONDS)

    def _ask_fence(self) -> None:
        epoch = self._election.epoch
        try:
            if epoch is not None and self._settings.fence:
                enforce_epoch(self._gateway, self._settings, epoch)
            found = self._fence.check(epoch)
        except EncError as error:
            _log.warning("the fence could not be asked: %s", error.message)
            self._fence_wrong = f"the fence could not be asked: {error.message}"
            return
        wrong = "" if isinstance(found, Holds) else str(found)
        if wrong != self._fence_wrong:
            _log.log(logging.WARNING if wrong else logging.INFO, "%s", wrong or "the fence holds")
        self._fence_wrong = wrong

    def _guarded(self, what: Callable[[], None]) -> None:
        try:
            what()
        except Exception:  # noqa: BLE001 - whatever it is, the process ends
            _log.exception("a part of the operator failed")
            self._end_failed()

    def _end_failed(self) -> None:
        self._code = 1
        self._ending.set()

    def _close(self, threads: list[threading.Thread]) -> int:
        self._lifecycle.stop()
        self._asking.close()
        self._injector.stop()
        self._applier.close()
        self._election.stop()
        self._events.stop()
        self._watches.stop()
        for thread in threads:
            thread.join(timeout=5)
        self._health.stop()
        return self._code
