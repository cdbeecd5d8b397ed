"""Writers that put a workload back to what it was before its injection: on every change, or at times that nobody can foresee."""

import json
import math
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kubernetes import client

from e2e.cluster.interface import Cluster
from e2e.scenarios.fenced_install import exchange

_SHORTEST, _LONGEST = 0.05, 30.0
_WATCH_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Reset:
    """One workload's reset: its path below its collection, its pods' specification as it was, and who writes it."""

    collection: str
    name: str
    spec: Mapping[str, Any]
    manager: str

    def send(self, api: client.ApiClient) -> None:
        """Put it back, whatever stands there."""
        change = [{"op": "replace", "path": "/spec/template/spec", "value": self.spec}]
        path = f"{self.collection}/{self.name}?fieldManager={self.manager}"
        exchange(api, "PATCH", path, change, "application/json-patch+json")


@contextmanager
def resetting(cluster: Cluster, at_once: Reset, at_random: Reset, seed: int) -> Iterator[None]:
    """Reset one workload as soon as a watch tells of a change, another one at times between 50 ms and 30 s, until left."""
    ended = threading.Event()

    def run(what: Callable[[client.ApiClient], None]) -> None:
        with cluster.api() as api:
            while not ended.is_set():
                what(api)

    chance = random.Random(seed)  # noqa: S311 - the same times in every run

    def wait_and_reset(api: client.ApiClient) -> None:
        if not ended.wait(math.exp(chance.uniform(math.log(_SHORTEST), math.log(_LONGEST)))):
            at_random.send(api)

    threads = [
        threading.Thread(target=run, args=(what,))
        for what in (lambda api: _reset_on_change(api, at_once), wait_and_reset)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _reset_on_change(api: client.ApiClient, reset: Reset) -> None:
    """Reset a workload at each event of a watch, for a few seconds."""
    selected = f"watch=true&timeoutSeconds={_WATCH_SECONDS}&fieldSelector=metadata.name%3D{reset.name}"
    watch = api.rest_client.pool_manager.request(
        "GET", f"{api.configuration.host}{reset.collection}?{selected}", preload_content=False
    )
    try:
        for line in watch:
            if json.loads(line)["type"] in ("ADDED", "MODIFIED"):
                reset.send(api)
    finally:
        watch.release_conn()
