"""When the webhook's process is alive, and when it can judge."""

import pytest

from enc_operator.cluster.reflector import ReflectorState
from enc_operator.webhook.health import Health

SEEN = {"/api/v1/namespaces": ReflectorState(synced=True, age=3)}
BLIND = {"/api/v1/namespaces": ReflectorState(synced=True, age=151, failures=3, error="no answer")}


@pytest.mark.parametrize(
    ("health", "said"),
    [
        (Health(SEEN), ""),
        (Health({"/api/v1/namespaces": ReflectorState()}), "not everything is known yet: /api/v1/namespaces: not listed yet"),
        (Health(BLIND), "nothing was heard for 150 s of /api/v1/namespaces: no answer"),
        (Health(SEEN, "nobody gave any"), "certificates: nobody gave any"),
        (Health(SEEN, way="x509"), "x509"),
        (Health(SEEN, "nobody gave any", "x509"), "certificates: nobody gave any"),
        (Health(SEEN, draining=True), "it is about to end"),
    ],
    ids=["all is well", "a list is missing", "a watch is blind", "no certificate", "it is not reached", "for want of a certificate", "it drains"],
)  # fmt: skip
def test_readiness_says_what_is_missing(health: Health, said: str) -> None:
    """Whoever is not ready is asked nothing."""
    assert health.unready() == said
    assert health.sick() == ""


def test_a_server_that_hangs_is_sick() -> None:
    """It is started anew."""
    assert Health(SEEN, moved=31).sick() == "the server has not moved for 31 s"
