"""The webhook's metrics."""

from datetime import UTC, datetime

import pytest
from prometheus_client import generate_latest

from enc_operator.cluster.calls import Call
from enc_operator.webhook.metrics import Metrics


def test_metrics_say_how_it_is_and_name_nobody() -> None:
    """A review with several codes counts once for each of them and once for its time; paths are in no label."""
    metrics = Metrics()
    metrics.reviewed("denied", ("b", "a", "a"), 0.002)
    metrics.reviewed("approved", (), 0.001)
    metrics.called(Call("GET", "/api/v1/namespaces/of-somebody"), 200, 0.1)
    metrics.called(Call("POST", "/grants", {"dryRun": "All"}), 403, 0.1)
    metrics.certificate(lambda: datetime(2026, 1, 1, tzinfo=UTC))

    text = generate_latest(metrics.registry).decode()

    for line in (
        'enc_admission_decisions_total{code="a",decision="denied"} 1.0',
        'enc_admission_decisions_total{code="b",decision="denied"} 1.0',
        'enc_admission_decisions_total{code="",decision="approved"} 1.0',
        'enc_admission_seconds_count{decision="denied"} 1.0',
        'enc_api_requests_total{code="200",method="GET"} 1.0',
        "enc_certificate_expiry_timestamp_seconds 1.7672256e+09",
    ):
        assert line in text
    assert "of-somebody" not in text
    assert 'method="POST"' not in text


def test_without_a_certificate_there_is_no_time_at_which_it_expires() -> None:
    """Zero is long ago, for every alarm."""
    metrics = Metrics()
    metrics.certificate(lambda: None)

    assert "enc_certificate_expiry_timestamp_seconds 0.0" in generate_latest(metrics.registry).decode()


@pytest.mark.parametrize(
    ("reached", "said"),
    [(True, "\nenc_admission_reached 1.0\n"), (False, "\nenc_admission_reached 0.0\n"), (None, "# TYPE enc_admission_reached gauge\n")],
    ids=["reached", "not reached", "nobody knows"],
)  # fmt: skip
def test_what_is_not_known_has_no_value(*, reached: bool | None, said: str) -> None:
    """Neither is it well nor an alarm."""
    metrics = Metrics()
    metrics.reach(lambda: reached)

    text = generate_latest(metrics.registry).decode()

    assert said in text
    assert text.count("\nenc_admission_reached ") == (reached is not None)
