"""The injector's parts put together, and how injections stand for status and metrics."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from enc_operator.cluster.gateway import Gateway
from enc_operator.cluster.writes import Writer
from enc_operator.controller.injector import Injector
from enc_operator.controller.payload import Payloads
from enc_operator.controller.reconciler import Gate
from enc_operator.controller.report import Notice
from enc_operator.controller.status import Standing
from enc_operator.core.findings import ObjectRef
from enc_operator.core.inventory import Resolver
from enc_operator.core.ledger.injections import Planned


class Settles(Protocol):
    """Who knows whether all permissions are written."""

    @property
    def settled(self) -> bool:
        """Whether they are."""


def make_injector(
    gateway: Gateway,
    resolver: Resolver,
    gate: Gate,
    permissions: Settles,
    tell: Callable[[Notice], None],
    install: str,
    now: Callable[[], datetime],
) -> Injector:
    """Make what writes injections when the gate is open and, for a while, permissions are written."""
    writer = Writer(gateway)
    payloads = Payloads(gateway, writer, resolver, install)
    return Injector(writer, payloads, gate.open, lambda: permissions.settled, tell, install, now)


def standing_of(injector: Injector, target: ObjectRef) -> tuple[Standing, ...]:
    """Return how each workload of an AgentTarget stands, by name."""
    return tuple(
        _standing(injector, each) for each in sorted(injector.plans.of(target), key=lambda each: each.object)
    )


def _standing(injector: Injector, planned: Planned) -> Standing:
    ref, decision = planned.object, planned.decision
    others, problem = injector.contested(ref), injector.problem(ref)
    fight = injector.fight(ref)
    return Standing(
        ref,
        decision.state,
        decision.why,
        planned.pending,
        others,
        problem,
        planned.held,
        fight.written() if fight else None,
        met=injector.met(ref),
    )


def injection_counts(injector: Injector) -> Mapping[str, int]:
    """Return how many workloads that are to be injected stand how; those that somebody contests count twice."""
    found = [each for each in injector.plans.workloads.values() if each.target]
    contested = sum(bool(injector.contested(each.object)) for each in found)
    states = Counter(str(each.decision.state) for each in found)
    return {**states, **({"Contested": contested} if contested else {})}
