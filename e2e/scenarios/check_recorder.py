"""A recorder that looks at what Agents resolve all the time, in a thread of its own, and notes every loss of a value."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from kubernetes import client

from e2e.cluster.interface import Cluster

_PORT = 5555
_EVERY = 0.2
_Seen = dict[tuple[str, str], str]


@dataclass
class Recorder:
    """Samples of every pod of some Agents; `wanted` are the handles by the name of the workload that resolves them.

    `ports` are those of the report by workload, where it is not the usual one. `samples` counts by pod what was read of it, `losses` says
    what a pod once had and had no more, or never got.
    """

    cluster: Cluster
    namespace: str
    wanted: Mapping[str, frozenset[str]]
    samples: dict[str, int] = field(default_factory=dict)
    losses: list[str] = field(default_factory=list)
    complete: set[str] = field(default_factory=set)
    failure: BaseException | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    _had: dict[str, _Seen] = field(default_factory=dict)
    _end: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self._end.set()
        self._thread.join(30)

    def _run(self) -> None:
        try:
            with self.cluster.api() as api:
                core = client.CoreV1Api(api)
                while not self._end.wait(_EVERY):
                    self._sample(core)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test has to know
            self.failure = error

    def _sample(self, core: client.CoreV1Api) -> None:
        for pod in core.list_namespaced_pod(self.namespace).items:
            workload = (pod.metadata.labels or {}).get("app", "")
            if workload in self.wanted and pod.metadata.deletion_timestamp is None:
                port = self.ports.get(workload, _PORT)
                found = self._resolutions(core, f"{pod.metadata.name}:{port}")
                if found is not None:
                    self.note(pod.metadata.name, found, self.wanted[workload])

    def _resolutions(self, core: client.CoreV1Api, pod: str) -> _Seen | None:
        """Return outcome and hash of each handle by where it stands; None while the pod, named with its port, does not answer."""
        try:
            answer = core.connect_get_namespaced_pod_proxy_with_path(
                pod, self.namespace, "resolutions", _preload_content=False
            )
        except client.ApiException:
            return None
        found = json.loads(answer.data)
        return {
            (_place(each), each["handle"]): f"{each['outcome']} {each.get('hash', '')}".strip()
            for each in found
        }

    def note(self, pod: str, seen: Mapping[tuple[str, str], str], wanted: frozenset[str]) -> None:
        """Note what a pod has: by place and handle the outcome, with the hash of the value."""
        self.samples[pod] = self.samples.get(pod, 0) + 1
        had = self._had.setdefault(pod, {})
        mine = {key: outcome for key, outcome in seen.items() if key[1] in wanted}
        for key, outcome in mine.items():
            if not outcome.startswith("resolved") or had.get(key, outcome) != outcome:
                self.losses.append(f"{pod}: {key}: {had.get(key, 'nothing')} became {outcome}")
        if {handle for _, handle in had} - {handle for _, handle in mine}:
            self.losses.append(f"{pod}: {sorted(had.keys() - mine.keys())} went")
        had.update(mine)
        if {handle for _, handle in mine} == wanted:
            self.complete.add(pod)


def _place(resolution: Mapping[str, Mapping[str, str]]) -> str:
    source = resolution["source"]
    return "/".join(source.get(part, "") for part in ("kind", "namespace", "name", "container"))
