"""Events on a real API server: it takes them, and a series counts up."""

from typing import Any

from kubernetes import client

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.operator_access import direct
from enc_operator.cluster.events import EventRecorder, Regarding


def events(cluster: Cluster, namespace: str) -> list[Any]:
    """Return the Events of a namespace."""
    with cluster.api() as api:
        found: list[Any] = client.EventsV1Api(api).list_namespaced_event(namespace).items
        return found


def test_events_and_their_series_are_taken(api_server: Cluster, namespace: str) -> None:
    """The same happening is one Event with a count, at the object that kubectl shows it for."""
    with api_server.api() as api:
        made = client.CoreV1Api(api).create_namespaced_config_map(namespace, {"metadata": {"name": "target"}})
    about = Regarding("v1", "ConfigMap", namespace, "target", made.metadata.uid)

    with direct(api_server) as gateway:
        recorder = EventRecorder(gateway, "enc-operator.io/operator", "enc-operator-0", refresh=0.1)
        recorder.start()
        for _ in range(3):
            recorder.record(about, "ReferenceDenied", "x" * 2000, "Judge", warning=True)
        recorder.record(about, "Planned", "two Roles", "Plan")
        wait_until(
            lambda: [each.series.count for each in events(api_server, namespace) if each.series] == [3],
            "the series counts three",
            seconds=10,
        )
        recorder.stop()

    found = {each.reason: each for each in events(api_server, namespace)}
    assert {reason: (each.type, len(each.note.encode())) for reason, each in found.items()} == {
        "ReferenceDenied": ("Warning", 1024), "Planned": ("Normal", 9),
    }  # fmt: skip
    assert "ReferenceDenied" in api_server.kubectl("-n", namespace, "describe", "configmap", "target")
    assert (recorder.failed, recorder.dropped) == (0, 0)
