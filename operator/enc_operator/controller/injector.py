"""Writing injections: a thread beside the reconciler, whose failures hold up no permission.

What is to become of a workload is decided by `core.ledger.injections`; here it is sent, exactly for the object that was decided about.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from enc_operator.cluster.calls import ApiError
from enc_operator.cluster.writes import Writer
from enc_operator.controller.contest import History, Undone, read_undone
from enc_operator.controller.managers import other_manager, written_at
from enc_operator.controller.payload import Payloads
from enc_operator.controller.report import Notice
from enc_operator.core.findings import ObjectRef
from enc_operator.core.injection.writing import MARK, patch_of
from enc_operator.core.ledger.injections import NO_PLANS, Planned, Plans
from enc_operator.core.objects.shapes import labels, mapping

_PATIENCE = 30.0  # seconds that permissions of others may hold up an injection
_TICK = 0.5
_IDLE = 5.0
_CHANGED, _INVALID = (404, 409), 422  # a patch whose test fails is invalid

_log = logging.getLogger(__name__)


class Injector:
    """Makes workloads as they are planned; `open_` says whether anything may be written, `settled` whether permissions are."""

    def __init__(
        self,
        writer: Writer,
        payloads: Payloads,
        open_: Callable[[], bool],
        settled: Callable[[], bool],
        tell: Callable[[Notice], None],
        install: str,
        now: Callable[[], datetime],
    ) -> None:
        self._writer, self._payloads, self._install, self._now = writer, payloads, install, now
        self._open, self._settled, self._tell = open_, settled, tell
        self._histories: dict[ObjectRef, History] = {}
        self._late: dict[ObjectRef, float] = {}
        self._came = threading.Event()
        self._ending = threading.Event()
        self.plans: Plans = NO_PLANS
        self.writes = 0

    def follow(self, plans: Plans) -> None:
        """Take what is to become of all workloads."""
        self.plans = plans
        self._came.set()

    def run(self) -> None:
        """Write until told to stop."""
        while not self._ending.is_set():
            self._came.clear()
            due = self.step()
            self._came.wait(_TICK if due else _IDLE)

    def stop(self) -> None:
        """Begin nothing more."""
        self._ending.set()
        self._came.set()

    @property
    def planned(self) -> bool:
        """Whether it is known what is to become of workloads: not before this process leads."""
        return self.plans is not NO_PLANS

    def taken_out(self, target: ObjectRef) -> bool:
        """Tell whether an AgentTarget is known to have gone and nothing is left to take out in its namespace."""
        plans = self.plans
        if plans is NO_PLANS:
            return False  # a process that has just begun knows of nothing that is left
        left = (each for each in plans.workloads.values() if each.target is None and each.pending)
        return target not in plans.targets and all(each.object.namespace != target.namespace for each in left)

    def contested(self, ref: ObjectRef) -> str:
        """Return who undoes the injection of a workload again and again; empty where nobody does."""
        history = self._histories.get(ref)
        return history.fight.by if history and history.fight and history.contested else ""

    def fight(self, ref: ObjectRef) -> Undone | None:
        """Return what is to be known of a workload after this process; None where it was not undone."""
        history = self._histories.get(ref)
        return history.fight if history and history.undone else None

    def met(self, ref: ObjectRef) -> bool:
        """Tell whether it is known what became of a workload in earlier processes."""
        return ref in self._histories

    def problem(self, ref: ObjectRef) -> str:
        """Return why a workload could not be written; empty where it could."""
        history = self._histories.get(ref)
        return history.problem if history else ""

    def step(self) -> bool:
        """Write what is due; return whether anything is left."""
        plans = self.plans
        pending = {ref: each for ref, each in plans.workloads.items() if each.pending}
        self._forget(plans, pending)
        if not self._open():
            return bool(pending)
        for ref, each in plans.workloads.items():
            if ref not in self._histories:
                self._meet(ref, each)
        for ref, each in sorted(pending.items()):
            if not self._ending.is_set() and self._due(ref, each):
                self._write(ref, each)
        self._payloads.keep(plans)
        return bool(pending)

    def _forget(self, plans: Plans, pending: dict[ObjectRef, Planned]) -> None:
        self._late = {ref: since for ref, since in self._late.items() if ref in pending}
        self._histories = {ref: each for ref, each in self._histories.items() if ref in plans.workloads}

    def _meet(self, ref: ObjectRef, planned: Planned) -> None:
        """Begin the history of a workload, where an earlier process left it: a restart is no reason to write once more."""
        history = History(time.monotonic, self._now)
        history.turn(planned.decision)
        if planned.target:
            try:
                target = self._writer.get(planned.target.kind, planned.target.namespace, planned.target.name)
            except ApiError as error:
                _log.warning("%s is left until it is known whether somebody undid it: %s", ref, error)
                return
            fight = read_undone(target, ref.kind, ref.name)
            if fight:
                history.resume(fight)
        self._histories[ref] = history

    def _due(self, ref: ObjectRef, planned: Planned) -> bool:
        """Tell whether a workload may be written: after its permissions, since an Agent that asks too early asks no more."""
        now = time.monotonic()
        since = self._late.setdefault(ref, now)
        history = self._histories.get(ref)
        if history is None:
            return False
        history.turn(planned.decision)
        return now >= history.not_before and (self._settled() or now - since > _PATIENCE)

    def _write(self, ref: ObjectRef, planned: Planned) -> None:
        history = self._histories[ref]
        try:
            if planned.target and not self._payloads.ensure(ref.namespace):
                history.failed(self._payloads.problem(ref.namespace))
            elif self._patch(ref, planned, history):
                self.writes += 1
                self._note_written(ref, planned, history)
        except ApiError as error:
            self._note_refused(ref, history, error)

    def _patch(self, ref: ObjectRef, planned: Planned, history: History) -> bool:
        """Send the patch for the object that was decided about; what is another one by now is planned anew."""
        live = self._writer.get(ref.kind, ref.namespace, ref.name)
        if not _is_as_known(live, planned):
            return False
        by = other_manager(live, history.wrote_at)
        if history.noticed(planned.decision, bare=planned.held is None, by=by):
            return False
        operations = patch_of(live, planned.decision, self._install)
        written = self._writer.patch(ref.kind, ref.namespace, ref.name, operations)
        history.written(planned.decision, written_at(written))
        return True

    def _note_refused(self, ref: ObjectRef, history: History, error: ApiError) -> None:
        changed = error.status in _CHANGED or (error.status == _INVALID and "test" in error.said)
        history.failed("" if changed else str(error), error.retry_after)
        if not changed:
            _log.warning("not written: %s: %s", ref, error)
            self._tell(Notice(ref, "InjectionFailed", str(error)))

    def _note_written(self, ref: ObjectRef, planned: Planned, history: History) -> None:
        if not planned.decision.marked:
            _log.info("the injection of %s is taken out", ref)
            why = f": {planned.decision.why}" if planned.decision.why else ""
            note = f"it is as it was before the injection{why}"
            self._tell(Notice(ref, "InjectionRemoved", note, warning=False))
            return
        _log.info("%s is injected", ref)
        self._tell(Notice(ref, "Injected", "its pods are given the resolver", warning=False))
        if history.fight and history.contested:
            note = f"{history.fight.by} undoes the injection again and again; it is written ever more rarely"
            self._tell(Notice(ref, "InjectionContested", note))


def _is_as_known(live: Any, planned: Planned) -> bool:
    """Tell whether an object is the one that was decided about."""
    known, path = planned.workload.manifest, ("metadata", "annotations")
    same = mapping(live, "spec", "template") == mapping(known, "spec", "template")
    return same and labels(live, *path).get(MARK) == labels(known, *path).get(MARK)
