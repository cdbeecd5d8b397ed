"""What may not stand in a cluster, of every kind that is judged: how it is made, what is said of it, and how it is put right."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from e2e.scenarios.admission_acts import binary, escaped, foreign, own, plain
from e2e.scenarios.admission_ways import KEY, checks, pod, service
from e2e.scenarios.instrumentations import GROUP, PLURAL, instrumentation
from e2e.scenarios.rendered_chart import Manifest
from e2e.scenarios.webhooked_world import Webhooked

_CORE = "/api/v1"


@dataclass(frozen=True)
class Bad:
    """Something that may not stand: what is made, in whose namespace, what it is told of with, and how it is put right."""

    make: Callable[[Webhooked], Manifest]
    code: str
    kind: str = "Pod"
    namespace: str = "shop"
    fixed: Callable[[Webhooked], Any] | None = None

    @property
    def metric(self) -> str:
        """How its metric is written."""
        return f'enc_references_unauthorized{{code="{self.code}",kind="{self.kind}"}}'

    @property
    def reason(self) -> str:
        """The reason of its Events."""
        return "ReferenceDenied" if self.code == "access-denied" else "TextRefused"

    def path(self, world: Webhooked) -> str:
        """Return where it is stored."""
        plural, group = _PLURALS[self.kind]
        return world.path(plural, self.namespace, group)


_PLURALS = {
    "Pod": ("pods", _CORE),
    "Service": ("services", _CORE),
    "ConfigMap": ("configmaps", _CORE),
    "DatadogInstrumentation": (PLURAL, GROUP),
}


def _noted(write: Callable[[Webhooked], str], key: str = KEY) -> Callable[[Webhooked], Manifest]:
    return lambda world: pod(world, write(world), key)


def _annotations(key: str, write: Callable[[Webhooked], str | None]) -> Callable[[Webhooked], Any]:
    return lambda world: {"metadata": {"annotations": {key: write(world)}}}


def _handles(number: int) -> Callable[[Webhooked], str]:
    """Return a template with very many handles of the shop's own."""
    return lambda world: checks("", tags=[f"ENC[{world.tenants.handle('shop', 'db')}]"] * number)


def _file(write: Callable[[str], Manifest], namespace: str) -> Callable[[Webhooked], Manifest]:
    def make(world: Webhooked) -> Manifest:
        handle = f"ENC[{world.tenants.handle(namespace, 'db')}]"
        return {"kind": "ConfigMap", "metadata": {"name": world.fresh("confd")}, **write(handle)}

    return make


def _unreadable(handle: str) -> Manifest:
    return {"data": {"a.yaml": f"instances: [{{p: '{handle}'"}}


def _deep(world: Webhooked) -> str:
    return "[" * 2000 + json.dumps(foreign(world)) + "]" * 2000


BAD: Mapping[str, Bad] = {
    "a pod": Bad(_noted(foreign), "access-denied", fixed=_annotations(KEY, own)),
    "a template for a container that may come": Bad(
        lambda world: pod(world, foreign(world), "ad.datadoghq.com/later.checks"), "access-denied"),
    "JSON that is none": Bad(
        _noted(lambda world: foreign(world) + ","), "json-invalid", fixed=_annotations(KEY, lambda _: checks("x") + ",")),
    "JSON that is too deep": Bad(_noted(_deep), "json-depth", fixed=_annotations(KEY, lambda _: None)),
    "too many handles to be read": Bad(_noted(_handles(2001)), "handles-too-many"),
    "more handles than the caps allow": Bad(_noted(_handles(201)), "handles-too-many", fixed=_annotations(KEY, _handles(200))),
    "another container's own identifier": Bad(
        _noted(lambda _: "containerd://0123", "ad.datadoghq.com/app.check.id"), "template-invalid",
        fixed=_annotations("ad.datadoghq.com/app.check.id", lambda _: "redis")),
    "a Service": Bad(lambda world: service(world, foreign(world)), "access-denied", "Service"),
    "a Service's text that is no JSON": Bad(lambda world: service(world, foreign(world)[:-1]), "json-invalid", "Service"),
    "a DatadogInstrumentation": Bad(
        lambda world: instrumentation(world, f"ENC[{world.tenants.handle('bank', 'db')}]"), "access-denied",
        "DatadogInstrumentation",
        fixed=lambda world: {"spec": instrumentation(world, f"ENC[{world.tenants.handle('shop', 'db')}]")["spec"]}),
    "a file that no Agent mounts": Bad(_file(plain, "bank"), "access-denied", "ConfigMap", "agents",
        fixed=lambda world: _file(plain, "agents")(world) | {"metadata": {}}),
    "a file with an escape": Bad(_file(escaped, "bank"), "access-denied", "ConfigMap", "agents"),
    "a file as bytes": Bad(_file(binary, "bank"), "access-denied", "ConfigMap", "agents"),
    "a file that nobody can read": Bad(_file(_unreadable, "bank"), "config-invalid", "ConfigMap", "agents"),
}  # fmt: skip
