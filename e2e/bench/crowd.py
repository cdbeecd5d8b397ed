"""The objects of the operator's benchmarks, and a watch that says which Secrets stand in a Role."""

import json
import queue
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Self

from enc_operator.cluster.calls import Call
from enc_operator.cluster.gateway import Gateway

RBAC = "/apis/rbac.authorization.k8s.io/v1"
_BUILT_IN = {"name": "DD_SECRET_BACKEND_COMMAND", "value": "/readsecret_multiple_providers.sh"}

Manifest = dict[str, Any]


class Seen:
    """Which Secrets stand in a Role of ours, as a watch tells it."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._events: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self._opened: queue.Queue[None] = queue.Queue()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._stream: Any = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._opened.get(timeout=10)
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.cut()
        self._thread.join()

    def wait(self, name: str) -> None:
        """Wait until a Secret's name stands in a Role."""
        if not self._event(name).wait(60):
            raise TimeoutError(f"{name} is in no Role")

    def _event(self, name: str) -> threading.Event:
        with self._lock:
            return self._events.setdefault(name, threading.Event())

    def _follow(self) -> None:
        query = {"labelSelector": "enc-operator.io/managed-by"}
        version = self._gateway.call(Call("GET", f"{RBAC}/roles", query))["metadata"]["resourceVersion"]
        watch = {**query, "watch": "true", "resourceVersion": version, "timeoutSeconds": "600"}
        with self._gateway.stream(Call("GET", f"{RBAC}/roles", watch), silence=120) as stream:
            self._stream = stream
            self._opened.put(None)
            for event in stream:
                for name in _names(event["object"].get("rules") or ()):
                    self._event(name).set()


def _names(rules: Sequence[Manifest]) -> Iterator[str]:
    for rule in rules:
        yield from rule.get("resourceNames", ())


def pod(name: str, handles: list[str]) -> Manifest:
    """Return a pod that nobody schedules, with handles in its annotation."""
    instances = [{"password": f"ENC[{handle}]"} for handle in handles]
    check = json.dumps({"redisdb": {"instances": instances}})
    annotations = {"ad.datadoghq.com/app.checks": check} if handles else {}
    labels = {"app": name, "team": "a", "pod-template-hash": "6d5f8c7b9"}
    container = {
        "name": "app",
        "image": "example.com/team/application:1.2.3",
        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}},
        "env": [{"name": f"SETTING_{number}", "value": "a value"} for number in range(8)],
    }
    return {
        "metadata": {"name": name, "labels": labels, "annotations": annotations},
        "spec": {"schedulerName": "nobody", "containers": [container]},
    }


def grant(name: str, namespace: str) -> Manifest:
    """Return a SecretGrant that admits the pods of a namespace."""
    spec = {
        "from": [{"namespace": namespace, "serviceAccounts": ["*"]}],
        "to": [{"secretName": name, "keys": ["*"]}],
    }
    return {
        "apiVersion": "enc-operator.io/v1alpha1",
        "kind": "SecretGrant",
        "metadata": {"name": name},
        "spec": spec,
    }


def target() -> Manifest:
    """Return an AgentTarget that has RBAC written."""
    spec = {"manage": "RBAC", "crossNamespace": True}
    return {
        "apiVersion": "enc-operator.io/v1alpha1",
        "kind": "AgentTarget",
        "metadata": {"name": "a"},
        "spec": spec,
    }


def agent() -> Manifest:
    """Return a node Agent with the built-in script."""
    labels = {"app": "agent", "agent.datadoghq.com/component": "agent"}
    container = {"name": "agent", "image": "example.com/agent:7", "env": [_BUILT_IN]}
    template = {
        "metadata": {"labels": labels},
        "spec": {"serviceAccountName": "node", "containers": [container]},
    }
    return {
        "metadata": {"name": "agent", "labels": labels},
        "spec": {"selector": {"matchLabels": {"app": "agent"}}, "template": template},
    }
