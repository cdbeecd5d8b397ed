"""One replica through many reviews of every sort: each is answered as it should be, and none leaves anything behind in memory.

ENC_E2E_REVIEWS says how many reviews there are.
"""

import itertools
import logging
import os
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster.native import NativeCluster
from e2e.scenarios.direct_reviews import Client, mixed, sorts
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.running_webhook import AdmissionInstall, WebhookReplica, admission

_REVIEWS = int(os.environ.get("ENC_E2E_REVIEWS", "10000"))
_POINTS = 20
# The C library's heap has its size after some 15,000 reviews; what objects they leave, `tests/webhook/test_lasting.py` counts.
_GROWTH = 8 * 1024 * 1024
_SLOPE, _ENOUGH = 100, 100_000  # bytes a review, and how many it takes to tell that from the heap's steps

_log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def admitting(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdmissionInstall]:
    """Install the chart with a webhook that enforces and injects."""
    if not isinstance(tenants.cluster, NativeCluster):
        pytest.skip("its API server does not run on this machine, where the webhook does")
    folder = tmp_path_factory.mktemp("webhook")
    with admission(tenants, folder, mode="enforce", injection={"enabled": True}) as found:
        yield found


@pytest.fixture
def webhook(admitting: AdmissionInstall, tenants: Clusterful) -> Iterator[WebhookReplica]:
    """Run the replica, and have an AgentTarget that asks for the built-in helper."""
    with admitting.replica("webhook", deadlineSeconds=20) as replica:
        admitting.serving(replica)
        admitting.bring_resolver()
        target = tenants.target("Full")
        target["spec"] |= {"crossNamespace": False, "resolver": {"mode": "builtin"}}
        tenants.apply(target)
        yield replica


def test_reviews_leave_nothing_behind(webhook: WebhookReplica, admitting: AdmissionInstall) -> None:
    """After the first half the resident memory grows by less than 8 MiB, whatever the reviews were; with very many it stays as it is."""
    client, found = Client(admitting), sorts(admitting)
    mix = mixed(found)
    client.send([*found * 5, *itertools.islice(mix, 1000)])  # what is loaded and kept once
    wrong, sizes = [], []

    for _ in range(_POINTS):
        wrong += client.send([*itertools.islice(mix, _REVIEWS // _POINTS)])
        sizes.append(resident(webhook.process.pid))

    half = sizes[_POINTS // 2 :]
    numbers = [float(number * _REVIEWS // _POINTS) for number in range(len(half))]
    slope = statistics.linear_regression(numbers, half).slope
    told = f"{slope:.1f} B a review; MiB: {' '.join(f'{size / 1024 / 1024:.1f}' for size in sizes)}"
    _log.info(told)
    assert wrong == []
    assert half[-1] - half[0] < _GROWTH, told
    assert slope < _SLOPE or _REVIEWS < _ENOUGH, told


def resident(process: int) -> int:
    """Return how much memory a process holds, in bytes."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found
    return int(found[1]) * 1024
