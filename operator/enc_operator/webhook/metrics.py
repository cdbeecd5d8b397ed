"""Prometheus metrics of the webhook. Label values are bounded: nobody's objects are named."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from enc_operator.cluster.calls import Call

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)


class Metrics:
    """All metrics of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "enc_admission_seconds", "From a review's arrival until its answer", ("decision",),
            buckets=_BUCKETS, registry=self.registry,
        )  # fmt: skip
        self._decisions = Counter(
            "enc_admission_decisions", "Reviews by decision, and by the code of each reason",
            ("decision", "code"), registry=self.registry,
        )  # fmt: skip
        self._calls = Counter(
            "enc_api_requests", "Calls to the API server by method and HTTP status (0: no answer)",
            ("method", "code"), registry=self.registry,
        )  # fmt: skip
        self._expiry = Gauge(
            "enc_certificate_expiry_timestamp_seconds", "When the certificate that is shown expires",
            registry=self.registry,
        )  # fmt: skip

    def reviewed(self, decision: str, codes: Sequence[str], seconds: float) -> None:
        """Take what came of a review; without a code it is counted once, with several once for each."""
        self._seconds.labels(decision).observe(seconds)
        for code in sorted(set(codes)) or [""]:
            self._decisions.labels(decision, code).inc()

    def called(self, call: Call, status: int, seconds: float) -> None:
        """Take a call to the API server, but for trials: that those are refused is as it should be, and no alarm."""
        del seconds
        if "dryRun" not in call.query:
            self._calls.labels(call.method, str(status)).inc()

    def certificate(self, expires: Callable[[], datetime | None]) -> None:
        """Show when the certificate expires whenever metrics are asked for."""
        self._expiry.set_function(lambda: found.timestamp() if (found := expires()) else 0)

    def reach(self, reached: Callable[[], bool | None]) -> None:
        """Show whether the API server reaches the webhook, whenever metrics are asked for."""
        self.registry.register(_Reach(reached))


class _Reach(Collector):
    """A gauge that is not there while its value is not known."""

    def __init__(self, reached: Callable[[], bool | None]) -> None:
        self._reached = reached

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield it."""
        family = GaugeMetricFamily(
            "enc_admission_reached", "Whether the API server reaches the webhook (1 or 0), by its own trial"
        )
        if (reached := self._reached()) is not None:
            family.add_metric([], float(reached))
        yield family
