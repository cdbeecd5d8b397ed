"""The ConfigMaps that hold the resolver: there before a workload names one, gone when nothing does any more."""

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.gateway import Gateway
from enc_operator.cluster.writes import Writer
from enc_operator.core.injection.parts import config_map, config_map_name
from enc_operator.core.inventory import Resolver
from enc_operator.core.ledger.injections import Plans
from enc_operator.core.objects.authorization import MANAGED_BY
from enc_operator.core.objects.shapes import entries, labels, text

_NAME = re.compile(r"enc-resolver-[0-9a-f]{64}")
_CONFLICT = 409
_LOOK_SECONDS = 60.0
_TOLD_SECONDS = 30.0  # by then the watch has told of what was written
_AGAIN_SECONDS = 5.0
_PAGE = "100"

_log = logging.getLogger(__name__)


class Payloads:
    """The ConfigMaps of one resolver's release, in the namespaces of Agents."""

    def __init__(
        self,
        gateway: Gateway,
        writer: Writer,
        resolver: Resolver,
        install: str,
        seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._gateway, self._writer, self._resolver, self._install = gateway, writer, resolver, install
        self._seconds = seconds
        self._looked = self._again = 0.0
        self._checked: dict[str, float] = {}
        self._problems: dict[str, str] = {}
        self.name = config_map_name(resolver)

    def problem(self, namespace: str) -> str:
        """Return why there is no ConfigMap in a namespace."""
        return self._problems.get(namespace, "")

    def ensure(self, namespace: str) -> bool:
        """Have the ConfigMap in a namespace and tell whether it is there; raise ApiError where it could not be asked for."""
        if namespace in self._checked:
            return True
        manifest = config_map(namespace, self._resolver, self._install)
        try:
            self._writer.create(manifest)
        except ApiError as error:
            if error.status != _CONFLICT:
                raise
            found = self._writer.get("ConfigMap", namespace, self.name)
            if found.get("data") != manifest["data"] or found.get("immutable") is not True:
                what = f"ConfigMap {namespace}/{self.name} is not what its name says: delete it"
                self._problems[namespace] = what
                return False
        self._problems.pop(namespace, None)
        self._checked[namespace] = time.monotonic()
        return True

    def keep(self, plans: Plans) -> None:
        """Have the ConfigMap wherever a resolver is needed, and now and then delete those that nothing names."""
        now = time.monotonic()
        for namespace in plans.namespaces:
            there = self.name in plans.stored.get(namespace, ())
            if not there and now - self._checked.get(namespace, now) > _TOLD_SECONDS:
                del self._checked[namespace]  # somebody deleted it
        # At once where one is first needed: a rollout before it is there brings the resolver that runs already.
        missing = sorted(plans.namespaces - self._checked.keys())
        if missing and now >= self._again:
            for namespace in missing:
                self._try(self.ensure, namespace)
            self._again = now + _AGAIN_SECONDS if plans.namespaces - self._checked.keys() else 0.0
        if now - self._looked >= self._seconds:
            self._looked = now
            for namespace, name in _unused(plans, self.name):
                self._try(self._delete, namespace, name)

    def _try(self, what: Callable[..., Any], *place: str) -> None:
        try:
            what(*place)
        except ApiError as error:
            _log.warning("a ConfigMap with the resolver in %s: %s", place[0], error)

    def _delete(self, namespace: str, name: str) -> None:
        """Delete a ConfigMap of this install that no pod names either."""
        found = self._writer.get("ConfigMap", namespace, name)
        if labels(found, "metadata", "labels").get(MANAGED_BY) != self._install:
            return
        if name in {used for pod in self._pods(namespace) for used in _named(pod)}:
            return
        metadata = found["metadata"]
        self._writer.delete("ConfigMap", namespace, name, metadata["uid"], metadata["resourceVersion"])
        _log.info("ConfigMap %s/%s is deleted: nothing names it", namespace, name)

    def _pods(self, namespace: str) -> Iterator[Mapping[str, Any]]:
        rest: dict[str, str] = {}
        while True:
            page = self._gateway.call(Call("GET", _PODS.format(namespace), {"limit": _PAGE, **rest}))
            yield from page["items"]
            if not (more := text(page, "metadata", "continue")):
                return
            rest = {"continue": more}


_PODS = "/api/v1/namespaces/{}/pods"


def _unused(plans: Plans, current: str) -> Iterator[tuple[str, str]]:
    for namespace, names in sorted(plans.stored.items()):
        kept = plans.used.get(namespace, frozenset()) | (
            {current} if namespace in plans.namespaces else frozenset()
        )
        yield from ((namespace, name) for name in sorted(names - kept) if _NAME.fullmatch(name))


def _named(pod: Mapping[str, Any]) -> Iterator[str]:
    return (text(volume, "configMap", "name") for _, volume in entries(pod, "spec", "volumes"))
