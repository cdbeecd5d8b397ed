"""Many changes a second by tenants and by somebody who tampers, every version of the Roles that follows, and what none may hold.

The model is simple: a Secret may be named by a Role from when its consent was asked for until a few seconds after it was taken back.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from kubernetes import client, watch

from e2e.scenarios.operated_world import Clusterful

_A_SECOND = 20
_LATE = 5.0  # seconds after which nothing that was taken back may be written anew: watches, and a write on its way
_NAMES = 6
_STOLEN = "stolen"
_WIDE = [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": [_STOLEN], "verbs": ["get", "list"]}]
_OURS = {"label_selector": "enc-operator.io/managed-by"}


@dataclass
class Consent:
    """When a Secret might be read: from and until; the last one is open while it may."""

    spans: list[list[float]] = field(default_factory=list)

    @property
    def given(self) -> bool:
        """Whether it may be read now."""
        return bool(self.spans) and self.spans[-1][1] == float("inf")

    def covers(self, moment: float) -> bool:
        """Tell whether a Role that is seen at a moment may name the Secret."""
        return any(began <= moment <= ended + _LATE for began, ended in self.spans)


class Storm:
    """Changes in the shop and the bank, and a record of every Role of the operator there."""

    def __init__(self, world: Clusterful) -> None:
        self.changes = 0
        self._world = world
        self._random = random.Random(7)  # noqa: S311 - the same storm each time
        self._consents = {
            (place, f"{place}-{number}"): Consent() for place in ("shop", "bank") for number in range(_NAMES)
        }
        self._seen: list[tuple[float, str, dict[str, Any]]] = []
        self._over = threading.Event()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        api = self._stack.enter_context(self._world.cluster.api())
        self._core, self._custom = client.CoreV1Api(api), client.CustomObjectsApi(api)
        self._rbac = client.RbacAuthorizationV1Api(api)
        self._watchers = [threading.Thread(target=self._record, args=(place,)) for place in ("shop", "bank")]
        for each in self._watchers:
            each.start()
        for number in range(_NAMES):
            self._refer(f"lent-{number}", "bank", f"bank-{number}")
            self._refer(f"never-{number}", "bank", f"never-{number}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for each in self._watchers:
            each.join()
        self._stack.close()

    def blow(self, seconds: float) -> None:
        """Change something twenty times a second."""
        began, before = time.monotonic(), self.changes
        while time.monotonic() < began + seconds:
            self._change()
            self.changes += 1
            due = began + (self.changes - before) / _A_SECOND
            threading.Event().wait(max(0.0, due - time.monotonic()))

    def versions(self) -> int:
        """Return how many versions of Roles were seen."""
        return len(self._seen)

    def wider(self) -> list[str]:
        """Return what some version of a Role gave that nothing admitted at that time, leaving out what the storm wrote itself."""
        return [
            f"{name} in the {place}, {self._told(place, name, moment)}"
            for moment, place, role in self._seen
            for name in names_in(role)
            if name != _STOLEN and not self._covered(place, name, moment)
        ]

    def _told(self, place: str, name: str, moment: float) -> str:
        spans = self._consents[place, name].spans if (place, name) in self._consents else []
        return f"seen at {moment:.2f}, admitted {[[f'{each:.2f}' for each in span] for span in spans]}"

    def is_converged(self) -> bool:
        """Tell whether the Roles name exactly what is admitted now."""
        return all(self._named(place) == self._admitted(place) for place in ("shop", "bank"))

    def _covered(self, place: str, name: str, moment: float) -> bool:
        return (place, name) in self._consents and self._consents[place, name].covers(moment)

    def _admitted(self, place: str) -> set[str]:
        return {name for (where, name), consent in self._consents.items() if where == place and consent.given}

    def _named(self, place: str) -> set[str]:
        namespace = self._world.names[place]
        roles = self._rbac.list_namespaced_role(namespace, **_OURS).items
        bindings = {each.metadata.name for each in self._rbac.list_namespaced_role_binding(namespace).items}
        return {
            name
            for each in roles
            if each.metadata.name in bindings
            for rule in each.rules or ()
            for name in rule.resource_names or ()
        }

    def _change(self) -> None:
        place, name = self._random.choice(list(self._consents))
        if self._random.randrange(4):
            self._turn(place, name)
        else:
            with suppress(client.ApiException):  # there is nothing to tamper with, or somebody was faster
                self._tamper(place)

    def _turn(self, place: str, name: str) -> None:
        """Give consent, or take it back."""
        consent = self._consents[place, name]
        if consent.given:
            self._take_back(place, name)
            consent.spans[-1][1] = time.monotonic()
        else:
            consent.spans.append([time.monotonic(), float("inf")])
            self._give(place, name)

    def _give(self, place: str, name: str) -> None:
        if place == "shop":
            self._refer(name, place, name)
        else:
            grant = self._world.grant(name, place, name)
            self._custom.create_namespaced_custom_object(*self._grants(), grant)

    def _take_back(self, place: str, name: str) -> None:
        if place == "shop":
            self._core.delete_namespaced_pod(name, self._world.names[place], grace_period_seconds=0)
        else:
            self._custom.delete_namespaced_custom_object(*self._grants(), name)

    def _grants(self) -> tuple[str, str, str, str]:
        return "enc-operator.io", "v1alpha1", self._world.names["bank"], "secretgrants"

    def _refer(self, pod: str, place: str, secret: str) -> None:
        self._core.create_namespaced_pod(
            self._world.names["shop"], self._world.pod(pod, self._world.handle(place, secret))
        )

    def _tamper(self, place: str) -> None:
        """Widen one of the operator's Roles, or delete it or its binding."""
        namespace = self._world.names[place]
        for role in self._rbac.list_namespaced_role(namespace, **_OURS).items[:1]:
            name, how = role.metadata.name, self._random.randrange(3)
            if how == 0:
                self._rbac.patch_namespaced_role(name, namespace, {"rules": _WIDE})
            elif how == 1:
                self._rbac.delete_namespaced_role(name, namespace)
            else:
                self._rbac.delete_namespaced_role_binding(name, namespace)

    def _record(self, place: str) -> None:
        """Note each version of the operator's Roles in a namespace."""
        with self._world.cluster.api() as api:
            listing = client.RbacAuthorizationV1Api(api).list_namespaced_role
            version = listing(self._world.names[place], **_OURS).metadata.resource_version
            while not self._over.is_set():
                for event in self._events(listing, place, version):
                    role = event["raw_object"]
                    version = role["metadata"]["resourceVersion"]
                    if event["type"] != "DELETED":
                        self._seen.append((time.monotonic(), place, role))

    def _events(self, listing: Any, place: str, version: str) -> Iterator[dict[str, Any]]:
        yield from watch.Watch().stream(
            listing, self._world.names[place], resource_version=version, timeout_seconds=1, **_OURS
        )


def names_in(role: dict[str, Any]) -> list[str]:
    """Return the Secrets that a Role names; `*` for one that names none."""
    return [name for rule in role.get("rules") or () for name in rule.get("resourceNames") or ("*",)]
