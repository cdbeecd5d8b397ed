"""The webhook as the chart installs it, under load: through new replicas and new certificates nobody is turned away.

And what it costs when a replica is killed without notice (docs/design/0007).
"""

import base64
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography import x509

from e2e.cluster.interface import Cluster
from e2e.cluster.native import NativeCluster
from e2e.scenarios.admission_load import Load
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.running_operator import within
from e2e.scenarios.webhook_on_node import WEBHOOK, admitting_on_node, kill, replicas

_ADMISSIONS = 10_000
_LIVES = {"authoritySeconds": 64, "leafSeconds": 32, "settlingSeconds": 8}
_BROKEN = ("EOF", "connection reset by peer", "broken pipe")
_NOBODY = ("connection refused", "context deadline exceeded")


@pytest.fixture(scope="module")
def admitting(
    node: Cluster, operator_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clusterful]:
    """Install the chart with certificates that live for half a minute, under a CA of a minute."""
    with admitting_on_node(
        node, operator_image, tmp_path_factory.mktemp("chart"), certificates=_LIVES
    ) as found:
        yield found


@dataclass(frozen=True)
class Shown:
    """What the replicas share at a moment: whom the API server trusts, and what it is shown."""

    authorities: tuple[x509.Certificate, ...]
    leaf: x509.Certificate


class History:
    """Every state of the replicas' Secret that was seen."""

    def __init__(self, tenants: Clusterful) -> None:
        self._tenants = tenants
        self.seen: list[Shown] = []

    def look(self) -> "History":
        """Look now."""
        place = ["-n", self._tenants.names["operator"]]
        stored = self._tenants.cluster.kubectl(
            *place, "get", "secret", "enc-operator-webhook-tls", "-o", "json"
        )
        data = {key: base64.b64decode(value) for key, value in json.loads(stored)["data"].items()}
        authorities = tuple(x509.load_pem_x509_certificates(data["ca.crt"]))
        shown = Shown(authorities, x509.load_pem_x509_certificate(data["tls.crt"]))
        if shown not in self.seen[-1:]:
            self.seen.append(shown)
        return self

    @property
    def leaves(self) -> list[x509.Certificate]:
        """The certificates, each once."""
        return [leaf for leaf, _ in itertools.groupby(each.leaf for each in self.seen)]

    @property
    def changed_authority(self) -> bool:
        """Whether one CA was trusted, then two, then the newer of them alone."""
        trusted = [found for found, _ in itertools.groupby(each.authorities for each in self.seen)]
        return any(
            one + two[1:] == two and two[1:] == last
            for one, two, last in zip(trusted, trusted[1:], trusted[2:], strict=False)
        )


def test_nobody_is_turned_away_through_new_replicas_and_new_certificates(admitting: Clusterful) -> None:
    """Of 10,000 pods and more each is allowed or refused as it should be, while all there is of the webhook is replaced."""
    place = ["-n", admitting.names["operator"]]
    history = History(admitting).look()
    with Load(admitting) as load:
        within(60, "the load runs", lambda: load.answered > 100)
        admitting.cluster.kubectl(*place, "rollout", "restart", WEBHOOK)
        admitting.cluster.kubectl(*place, "rollout", "status", WEBHOOK, "--timeout=180s")
        within(120, "a CA was replaced", lambda: history.look().changed_authority)
        within(600, "there were enough", lambda: load.answered >= _ADMISSIONS)

    assert load.wrong == []
    assert len(history.look().leaves) >= 3
    for one, other in itertools.pairwise(history.leaves):
        assert one.not_valid_before_utc < other.not_valid_before_utc < one.not_valid_after_utc


def test_a_replica_that_is_killed_takes_with_it_what_it_had_under_way(admitting: Clusterful) -> None:
    """The API server tries no review again that it began to send, and no connection: both fail closed, until the Service leads elsewhere."""
    if not isinstance(admitting.cluster, NativeCluster):
        pytest.skip("its processes are not this machine's")
    with Load(admitting) as load:
        within(60, "the load runs", lambda: load.answered > 500)
        before = replicas(admitting)
        kill(before[0])
        within(120, "it runs again", lambda: is_anew(replicas(admitting), before))
        over, answered = time.monotonic(), load.answered
        within(60, "there were more", lambda: load.answered > answered + 500)

    said = [message for _, message in load.wrong]
    assert [message for message in said if not any(each in message for each in (*_BROKEN, *_NOBODY))] == []
    assert sum(any(each in message for each in _BROKEN) for message in said) <= load.clients
    assert [message for moment, message in load.wrong if moment > over] == []


def is_anew(now: list[dict[str, Any]], before: list[dict[str, Any]]) -> bool:
    """Tell whether a container was started anew, and all are ready."""
    restarts, known = (sum(each["restartCount"] for each in found) for found in (now, before))
    return restarts > known and all(each["ready"] for each in now)
