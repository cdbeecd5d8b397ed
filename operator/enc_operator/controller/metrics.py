"""Prometheus metrics of the operator: counted where things happen, or read from the newest report when somebody asks.

Label values are bounded: no Secret, pod or tenant's namespace is named.
"""

from collections import Counter as Counts
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from enc_operator.cluster.calls import Call
from enc_operator.controller.report import Report
from enc_operator.controller.state import State

_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """All metrics of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._converged = Histogram(
            "enc_convergence_seconds",
            "From a change's arrival until the Roles that follow from it are written",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._calls = Counter(
            "enc_api_requests",
            "Calls to the API server by method and HTTP status (0: no answer)",
            ("method", "code"),
            registry=self.registry,
        )

    def converged(self, seconds: float) -> None:
        """Take how long a change took."""
        self._converged.observe(seconds)

    def called(self, call: Call, status: int, seconds: float) -> None:
        """Take a call to the API server."""
        del seconds
        self._calls.labels(call.method, str(status)).inc()

    def follow(self, state: Callable[[], State]) -> None:
        """Show the state of the operator whenever metrics are asked for."""
        self.registry.register(_StateCollector(state))


class _StateCollector(Collector):
    def __init__(self, state: Callable[[], State]) -> None:
        self._state = state

    def describe(self) -> Iterable[Metric]:
        """Say nothing beforehand: what there is depends on the state."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield what the state says now."""
        state = self._state()
        yield from _of_report(state.report)
        yield from _of_process(state)


def _of_report(report: Report) -> Iterator[Metric]:
    references = GaugeMetricFamily(
        "enc_references", "References by Agent's component and decision", labels=("component", "decision")
    )
    totals: Counts[tuple[str, str]] = Counts()
    for components in report.components.values():
        for component in components:
            for decision, number in component["references"].items():
                totals[component["component"], decision] += number
    for (name, decision), number in sorted(totals.items()):
        references.add_metric((name, decision), number)
    yield references
    yield from _of_what_may_not(report)
    yield GaugeMetricFamily("enc_roles_managed", "Roles that should be there", value=report.permissions)
    yield GaugeMetricFamily("enc_roles_planned", "Roles if every Agent were managed", value=report.planned)
    yield GaugeMetricFamily(
        "enc_references_lingering",
        "References that are gone and keep their permission",
        value=report.lingering,
    )
    yield GaugeMetricFamily(
        "enc_objects_capped",
        "Objects with too many references, none of which counts",
        value=len(report.capped),
    )


def _of_what_may_not(report: Report) -> Iterator[Metric]:
    references = GaugeMetricFamily(
        "enc_references_unauthorized",
        "What stands in the cluster and may not, by kind of object and code",
        labels=("kind", "code"),
    )
    for (kind, code), number in sorted(report.unauthorized.items()):
        references.add_metric((kind, code), number)
    yield references
    yield GaugeMetricFamily(
        "enc_objects_unauthorized",
        "Objects that hold what may not stand in the cluster",
        value=report.unauthorized_objects,
    )


def _of_process(state: State) -> Iterator[Metric]:
    age = GaugeMetricFamily(
        "enc_watch_age_seconds", "Since the API server last spoke", labels=("collection",)
    )
    failures = GaugeMetricFamily("enc_watch_failures", "Failures in a row", labels=("collection",))
    for path, watch in state.watches.items():
        age.add_metric((path,), watch.age)
        failures.add_metric((path,), watch.failures)
    yield from (age, failures)
    yield GaugeMetricFamily("enc_leader", "Whether this process writes", value=state.epoch is not None)
    yield GaugeMetricFamily("enc_converged", "Whether everything known is written", value=state.settled)
    yield GaugeMetricFamily("enc_fence_holds", "Whether the fence holds", value=not state.fence)
    yield GaugeMetricFamily("enc_access_unanswered", "Questions without an answer", value=state.unanswered)
    yield GaugeMetricFamily(
        "enc_namespaces_failing", "Namespaces with writes refused", value=len(state.problems)
    )
    yield CounterMetricFamily(
        "enc_writes", "Writes of Roles and bindings that took effect", value=state.writes
    )
    injections = GaugeMetricFamily(
        "enc_injections", "Agents' workloads that are to be injected, by how they stand", labels=("state",)
    )
    for name, number in sorted(state.injections.items()):
        injections.add_metric((name,), number)
    yield injections
    yield CounterMetricFamily(
        "enc_injection_writes", "Writes of Agents' workloads that took effect", value=state.injection_writes
    )
    yield CounterMetricFamily(
        "enc_reconcile_errors", "Rounds of writes that were refused", value=state.errors
    )
