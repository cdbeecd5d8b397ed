"""An injector and what it works on, for its tests: a writer that notes what it is asked for, and a cluster as plans."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.gateway import Gateway
from enc_operator.cluster.writes import Writer
from enc_operator.controller.injector import Injector
from enc_operator.controller.payload import Payloads
from enc_operator.controller.report import Notice
from enc_operator.core.findings import ObjectRef
from enc_operator.core.injection.parts import config_map_name
from enc_operator.core.injection.writing import MARK
from enc_operator.core.ledger.injections import Plans, plan_injections
from enc_operator.core.ledger.ledger import Ledger
from living import AGENTS, NOW, Manifest, facts, frame, namespace

INSTALL = "here.enc-operator"
NODE = ObjectRef("DaemonSet", "dd", "agent")
TARGET = ObjectRef("AgentTarget", "dd", "target")
RESOLVER = frame().resolver
NAME = config_map_name(RESOLVER)
OLD = f"enc-resolver-{'a' * 64}"
UNSEEN = Call("PATCH", "/")


class Recorded(Writer):
    """A writer that notes what it is asked for, and fails where it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.failing: dict[tuple[str, str], ApiError] = {}
        self.stored: dict[str, Any] = {}

    def create(self, manifest: Mapping[str, Any], *, dry_run: bool = False) -> Mapping[str, Any]:
        """Note a creation."""
        del dry_run
        self._note("create", manifest["kind"])
        return manifest

    def get(self, kind: str, namespace: str, name: str) -> Mapping[str, Any]:
        """Return what there is."""
        del namespace, name
        if ("get", kind) in self.failing:
            raise self.failing["get", kind]
        found: Mapping[str, Any] = self.stored.get(kind, {})
        return found

    def patch(
        self, kind: str, namespace: str, name: str, operations: Sequence[Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """Note a patch."""
        del namespace, name, operations
        self._note("patch", kind)
        return {}

    def delete(
        self, kind: str, namespace: str, name: str, uid: str, resource_version: str, *, dry_run: bool = False
    ) -> bool:
        """Note a deletion."""
        del kind, namespace, uid, resource_version, dry_run
        self._note("delete", name)
        return True

    def _note(self, method: str, what: str) -> None:
        self.calls.append((method, what))
        if (method, what) in self.failing:
            raise self.failing[method, what]


class Pods(Gateway):
    """The pods of a namespace, in pages of one."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def call(self, call: Call, *, seconds: float = 0.0) -> Any:
        """Return a page."""
        del seconds
        page = int(call.query.get("continue", "0"))
        volumes = [{"configMap": {"name": self.names[page]}}] if self.names else []
        more = {"continue": str(page + 1)} if page + 1 < len(self.names) else {}
        return {"metadata": more, "items": [{"spec": {"volumes": volumes}}]}


class World:
    """An injector and what it works on."""

    def __init__(self, *pods: str) -> None:
        self.writer, self.told = Recorded(), list[Notice]()
        self.open = self.settled = True
        self.now = NOW
        payloads = Payloads(Pods(*pods), self.writer, RESOLVER, INSTALL)
        self.injector = Injector(
            self.writer,
            payloads,
            lambda: self.open,
            lambda: self.settled,
            self.told.append,
            INSTALL,
            lambda: self.now,
        )

    def follow(self, *manifests: Manifest) -> Plans:
        """Have a cluster with these objects followed."""
        ledger = Ledger(frame(), AGENTS)
        ledger.apply(facts(namespace("dd"), *manifests), NOW)
        plans = plan_injections(ledger, INSTALL)
        self.injector.follow(plans)
        for each in manifests:
            if each["kind"] == "DaemonSet":
                self.writer.stored["DaemonSet"] = live(each)
        return plans

    def patches(self) -> int:
        """Return how many patches were sent."""
        return self.writer.calls.count(("patch", "DaemonSet"))


def live(found: Manifest) -> Manifest:
    """Return a workload as it is read."""
    read = copy.deepcopy(found)
    fields = [{"manager": "argocd", "time": "1"}]
    read["metadata"] |= {"uid": "u", "resourceVersion": "7", "managedFields": fields}
    return read


def injected(plans: Plans) -> Manifest:
    """Return the node Agent as it is once the plan is written."""
    found: dict[str, Any] = copy.deepcopy(dict(plans.workloads[NODE].workload.manifest))
    found["spec"]["template"]["spec"] = plans.workloads[NODE].decision.spec
    found["metadata"]["annotations"] = {MARK: INSTALL}
    return found


def refusal(status: int, said: str = "no") -> ApiError:
    """Return the API server's refusal."""
    return ApiError(UNSEEN, status, "Forbidden", said)
