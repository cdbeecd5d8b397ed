"""Leader election on a Lease (coordination.k8s.io/v1), as client-go's `leaderelection` does it: who writes. What the leader does is not here.

Others' renewals are timed by when they were observed here, never by the times they write, so clocks need not agree. What differs
from client-go: every acquisition has a higher `leaseTransitions`, its epoch, also after the Lease was deleted; and a Lease that was
deleted, or changed by somebody else, is lost.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.gateway import Gateway

_LEASE, _RENEW, _RETRY = 15.0, 10.0, 2.0  # seconds, client-go's recommendation
_CALL_SECONDS = 5.0
_MISSING = 1.5
_CONFLICT, _NOT_FOUND = 409, 404
_EPOCHS_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
_EPOCHS_A_SECOND = 4  # more than leaders can follow upon each other, so that time outruns them
_LATEST_BEGINNING = (
    1 << 30
)  # leaves as many acquisitions in the field's 32 bits, should a clock be wrong by decades
_PATH = "/apis/coordination.k8s.io/v1/namespaces/{}/leases"
T = TypeVar("T")


def awake() -> float:
    """Return seconds on a clock that goes on while the machine is suspended, where the system has one (Linux)."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _no_floor() -> int:
    return 0


def _nobody_minds() -> None:
    """Do nothing about a sleep."""


class LeaseElection:
    """One candidate for a Lease; `identity` is another one at every start of the process.

    `lease` is for how many seconds others leave an unrenewed Lease alone, `renew` until when the leader gives up itself, `retry`
    the time between attempts. `floor` is the highest epoch that anything written so far carries. `slept` is called, before this one
    leads on that account, when the process stood still for longer than `lease`: what it knows may be old.
    """

    def __init__(  # noqa: PLR0913 - client-go's three durations
        self,
        gateway: Gateway,
        namespace: str,
        name: str,
        identity: str,
        *,
        lease: float = _LEASE,
        renew: float = _RENEW,
        retry: float = _RETRY,
        floor: Callable[[], int] = _no_floor,
        slept: Callable[[], None] = _nobody_minds,
        clock: Callable[[], float] = awake,
    ) -> None:
        self._gateway = gateway
        self._namespace, self._name, self._identity = namespace, name, identity
        self._path = _PATH.format(namespace)
        self._lease, self._renew, self._retry = lease, renew, retry
        self._floor, self._slept = floor, slept
        self._clock = clock
        self._stopped = threading.Event()
        self._held: Mapping[str, Any] = {}
        self._observed: Any = None
        self._observed_at = 0.0
        self._missing_since = float("inf")
        self._highest = 0
        self._epoch: int | None = None
        self._until = float("-inf")
        self.error = ""
        """What the last attempt failed with, if it failed."""

    @property
    def epoch(self) -> int | None:
        """Return the epoch of this leadership, or None when this one does not lead."""
        epoch = self._epoch
        return epoch if self.leads() else None

    def leads(self) -> bool:
        """Tell whether this one leads at this moment, also while the thread that renews is stuck."""
        return self._epoch is not None and self._clock() < self._until

    def stop(self) -> None:
        """Have `run` end; a Lease that is held is released for the next one to take at once, one that was lost is left alone."""
        self._stopped.set()

    def run(self, on_lead: Callable[[int], None], on_lost: Callable[[], None]) -> None:
        """Take part until `stop`; both callbacks run in this thread, between renewals, so they must be quick."""
        while not self._stopped.is_set():
            if self._mind_sleep(lambda: self._attempt(self._acquire)):
                on_lead(self._epoch or 0)
                self._hold()
                given_up = self._stopped.is_set()
                self._epoch = None
                on_lost()
                if given_up:
                    self._attempt(self._release)
            else:
                self._mind_sleep(self._pause)

    def _hold(self) -> None:
        """Renew until that is no longer possible in time, or not to be."""
        while not self._mind_sleep(lambda: self._stopped.wait(self._retry)):
            self._mind_sleep(lambda: self._attempt(self._prolong))
            if not self.leads():
                return

    def _pause(self) -> None:
        self._stopped.wait(self._retry * random.uniform(1.0, 1.2))  # noqa: S311 - so that candidates part

    def _mind_sleep(self, what: Callable[[], T]) -> T:
        """Do what takes seconds at most; where it took longer than a lease, the process slept."""
        began = self._clock()
        found = what()
        if self._clock() - began > self._lease:
            self._slept()
        return found

    def _attempt(self, what: Callable[[], bool]) -> bool:
        """Do something; a failure is noted, and tried again at the next time."""
        try:
            done = what()
        except ApiError as error:
            self.error = str(error)
            return False
        self.error = ""
        return done

    def _acquire(self) -> bool:
        began = self._clock()
        lease = self._read()
        if lease is None:
            return self._create(began)
        self._missing_since = float("inf")
        if self._is_taken(lease):
            return False
        return self._write("PUT", lease, max(self._highest, self._floor(), _transitions(lease)) + 1, began)

    def _create(self, began: float) -> bool:
        """Create the Lease once it has been missing for a while: its epoch is from the time, and no two may be of one second."""
        self._missing_since = min(self._missing_since, began)
        if began - self._missing_since < _MISSING:
            return False
        manifest = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"namespace": self._namespace, "name": self._name},
        }
        beginning = max(self._highest, self._floor(), self._since_epochs_began())
        return self._write("POST", manifest, beginning + 1, began)

    def _is_taken(self, lease: Mapping[str, Any]) -> bool:
        """Tell whether somebody holds it whose renewals, as observed here, are not overdue."""
        spec = lease.get("spec") or {}
        if self._observed != (lease["metadata"]["uid"], spec):
            self._observed, self._observed_at = (lease["metadata"]["uid"], spec), self._clock()
        # Held by this one: an earlier attempt had succeeded unheard.
        holder = spec.get("holderIdentity") or self._identity
        return holder != self._identity and self._clock() < self._observed_at + self._lease

    def _prolong(self) -> bool:
        """Renew; where somebody else wrote, go on only if he changed nothing of the leadership."""
        began = self._clock()
        try:
            return self._write("PUT", self._held, self._epoch or 0, began)
        except ApiError as error:
            if error.status not in {_CONFLICT, _NOT_FOUND}:
                raise
        lease = self._read()
        if lease is None or not self._is_mine(lease):
            self._until = float("-inf")
            return False
        self._held = lease
        return self._write("PUT", lease, self._epoch or 0, began)

    def _is_mine(self, lease: Mapping[str, Any]) -> bool:
        same = lease["metadata"]["uid"] == self._held["metadata"]["uid"]
        holder = (lease.get("spec") or {}).get("holderIdentity")
        return same and holder == self._identity and _transitions(lease) == _transitions(self._held)

    def _release(self) -> bool:
        """Empty the holder; a failure costs the next one a wait."""
        spec = {**self._held["spec"], "holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _now()}
        self._send("PUT", {**self._held, "spec": spec})
        return True

    def _write(self, method: str, lease: Mapping[str, Any], epoch: int, began: float) -> bool:
        """Write this one as the holder; when the attempt began is when the time counts from."""
        now = _now()
        spec = {
            **(lease.get("spec") or {}),
            "holderIdentity": self._identity,
            "leaseDurationSeconds": max(1, round(self._lease)),
            "leaseTransitions": epoch,
            "renewTime": now,
        }
        if epoch != self._epoch:
            spec["acquireTime"] = now
        self._held = self._send(method, {**lease, "spec": spec})
        self._highest = max(self._highest, epoch)
        self._until = began + self._renew
        self._epoch = epoch
        return True

    def _read(self) -> Mapping[str, Any] | None:
        try:
            return self._gateway.call(Call("GET", f"{self._path}/{self._name}"), seconds=self._call_seconds())
        except ApiError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    def _send(self, method: str, lease: Mapping[str, Any]) -> Mapping[str, Any]:
        path = self._path if method == "POST" else f"{self._path}/{self._name}"
        return self._gateway.call(Call(method, path, body=lease), seconds=self._call_seconds())

    def _call_seconds(self) -> float:
        return min(_CALL_SECONDS, self._renew / 2)

    def _since_epochs_began(self) -> int:
        """Return the API server's time in quarters of a second, a number that no earlier acquisition had: they are seldom that frequent."""
        server = self._gateway.server_time or _EPOCHS_BEGIN
        return min(
            max(0, int((server - _EPOCHS_BEGIN).total_seconds() * _EPOCHS_A_SECOND)), _LATEST_BEGINNING
        )


def _transitions(lease: Mapping[str, Any]) -> int:
    return int((lease.get("spec") or {}).get("leaseTransitions") or 0)


def _now() -> str:
    """Write the time for readers; nobody decides by it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: TID251
