"""What is done to an Agent's workload that is in a cluster: the injection written, renewed, taken out, or why it is left as it is.

A decision is taken anew from what there is, so the same facts give the same one. Sending it, and how often, does not belong here.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any

from enc_operator.core.agents.injected import INIT_CONTAINER, read_record
from enc_operator.core.agents.settings import variable_setting
from enc_operator.core.injection import parts
from enc_operator.core.injection.additions import Operation, pointer
from enc_operator.core.injection.declaring import Declared, owner_of
from enc_operator.core.injection.planning import Order, Use
from enc_operator.core.injection.restoring import restore
from enc_operator.core.inventory import Component, Resolver, TargetFact
from enc_operator.core.objects.shapes import entries, items, labels, mapping, text, texts

MARK = "enc-operator.io/injected"
"""The annotation of a workload that an install answers for: only what carries it is taken out again. It is none of the pods'."""

LEFT = "it keeps an injection that this install may no longer change"
LEFT_FIX = (
    "set injection.enabled in the chart's values again, and manage: RBAC in the AgentTarget until the injection is taken out; then switch "
    "injection.enabled off"
)
"""What is to be done about a workload that stays marked where injection.enabled is off."""

_POD = ("spec", "template", "spec")
_PAYLOAD = re.compile(r"enc-resolver-([0-9a-f]{64})")


class State(StrEnum):
    """How a workload stands, as reasons of conditions are written."""

    INJECTED = "Injected"
    OUTDATED = "Outdated"
    REFUSED = "Refused"
    OWNED = "OwnedByDatadogAgent"
    DECLARED = "DeclaredInDatadogAgent"
    ABSENT = "NotInjected"


@dataclass(frozen=True, slots=True)
class Decision:
    """How a workload is to stand: `spec` is its pods' specification, None where it stays; `marked` whether it is ours to take back."""

    state: State
    spec: Mapping[str, Any] | None = None
    marked: bool = False
    why: str = ""


def decide_injection(order: Order, resolver: Resolver, stored: Collection[str], install: str) -> Decision:
    """Decide about a workload whose AgentTarget asks for the injection; `stored` are the ConfigMaps of its namespace."""
    manifest = order.workload.manifest
    planned = order.plan(resolver)
    if planned.refused and planned.refused.code == "none":
        return decide_removal(manifest, install)
    if planned.manifest is None:
        why = f"{planned.refused.message}; {planned.refused.fix}" if planned.refused else ""
        return replace(decide_removal(manifest, install), state=State.REFUSED, why=why)
    if not planned.changes:
        return Decision(State.INJECTED, marked=True)
    if _waits(order, resolver, stored):
        return Decision(State.OUTDATED, marked=True, why=_NEWER)
    if owner := owner_of(manifest):
        return _decide_owned(order, owner, install)
    return Decision(State.ABSENT, mapping(planned.manifest, *_POD), marked=True)


def _decide_owned(order: Order, owner: str, install: str) -> Decision:
    """Decide about a workload of datadog-operator, which writes its own text whenever the DatadogAgent changes: nothing is put in."""
    manifest = order.workload.manifest
    if config_map_in(mapping(manifest, *_POD)):
        return Decision(State.OUTDATED, marked=True, why=_OWNED_OLDER.format(owner))
    marked, declared = is_marked(manifest, install), Declared(order.target)
    if declared.stands_in(manifest):
        return Decision(State.DECLARED, marked=marked, why=_DECLARED.format(owner))
    return Decision(State.OWNED, marked=marked, why=_OWNED.format(owner, declared.text))


def decide_removal(manifest: Mapping[str, Any], install: str) -> Decision:
    """Decide about a workload that is not to be injected: what this install has marked is as it was before."""
    if not is_marked(manifest, install):
        return Decision(State.ABSENT)
    spec = mapping(manifest, *_POD)
    restored = restore(spec)
    return Decision(State.ABSENT, restored if restored != spec else None)


def is_marked(manifest: Mapping[str, Any], install: str) -> bool:
    """Tell whether an install answers for the injection of a workload."""
    return labels(manifest, "metadata", "annotations").get(MARK) == install


def is_pending(manifest: Mapping[str, Any], decision: Decision, install: str) -> bool:
    """Tell whether a decision changes a workload."""
    return decision.spec is not None or bool(_marking(manifest, install, decision))


def patch_of(live: Mapping[str, Any], decision: Decision, install: str) -> tuple[Operation, ...]:
    """Return the JSON patch (RFC 6902) that makes exactly the object that was read as decided; empty where it is."""
    spec = mapping(live, *_POD)
    changes = [] if decision.spec is None else changes_between(spec, decision.spec)
    changes += _marking(live, install, decision)
    if not changes:
        return ()
    tests = (
        {"op": "test", "path": pointer("metadata", field), "value": live["metadata"][field]}
        for field in ("uid", "resourceVersion")
    )
    return (*tests, *changes)


def changes_between(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Operation]:
    """Return the operations that make one specification of pods the other, which an injection changed."""
    found: list[Operation] = []
    for field in ("initContainers", "volumes"):
        found += _change((*_POD, field), old, new)
    for index, (before, after) in enumerate(zip(old["containers"], new["containers"], strict=True)):
        for field in ("env", "volumeMounts"):
            found += _change((*_POD, "containers", index, field), before, after)
    return found


def _change(path: tuple[str | int, ...], old: Any, new: Any) -> list[Operation]:
    before, after = items(old, str(path[-1])), items(new, str(path[-1]))
    if before == after:
        return []
    if not after:
        return [{"op": "remove", "path": pointer(*path)}]
    return [{"op": "add", "path": pointer(*path), "value": after}]


def _marking(live: Mapping[str, Any], install: str, decision: Decision) -> list[Operation]:
    if decision.marked == is_marked(live, install):
        return []
    annotations = mapping(live, "metadata", "annotations")
    path = pointer("metadata", "annotations", MARK)
    if not decision.marked:
        return [{"op": "remove", "path": path}]
    if annotations:
        return [{"op": "add", "path": path, "value": install}]
    return [{"op": "add", "path": pointer("metadata", "annotations"), "value": {MARK: install}}]


def _waits(order: Order, resolver: Resolver, stored: Collection[str]) -> bool:
    """Tell whether a workload runs an injection that differs from the plan only in what must not restart an Agent.

    That is what follows from references alone, which anybody who makes pods could change, and with `rollout: Next` the resolver.
    """
    running = resolver
    if order.target.rollout == "Next":
        found = _running(order, stored)
        if found is None:
            return False
        running = found
    return replace(order, use=recorded_use(order)).plan(running).changes == ()


def _running(order: Order, stored: Collection[str]) -> Resolver | None:
    """Return the resolver that a workload runs, if its ConfigMap is there."""
    spec = mapping(order.workload.manifest, *_POD)
    name = config_map_in(spec)
    digest = _PAYLOAD.fullmatch(name)
    if digest is None or name not in stored:
        return None
    inits = (init for _, init in entries(spec, "initContainers") if text(init, "name") == INIT_CONTAINER)
    command = texts(next(inits, {}), "command")
    tail = tuple(parts.install_arguments(order.workload.component, order.target))
    return Resolver(digest[1], {}, command[: len(command) - len(tail)])


def config_map_in(spec: Mapping[str, Any]) -> str:
    """Return the name of the ConfigMap that a pod's specification takes the resolver from; empty where there is none."""
    volumes = (each for _, each in entries(spec, "volumes") if text(each, "name") == parts.PAYLOAD_VOLUME)
    return text(next(volumes, {}), "configMap", "name")


def recorded_use(order: Order) -> Use:
    """Return what an injection wrote that followed from references."""
    record = read_record(mapping(order.workload.manifest, *_POD))
    found = {variable_setting(name): value for name, value in record.injected.items()}
    words = found.get("secret_backend_arguments", "").split()
    opened = [after for before, after in pairwise(words) if before == "--allow-root"]
    declared = {volume.mount_path for volume in order.target.volumes}
    namespaces = tuple(found.get("secret_allowed_k8s_namespace", "").split())
    return Use(namespaces, tuple(folder for folder in opened if folder not in declared))


@dataclass(frozen=True, slots=True)
class Held:
    """What the pods of a workload are given: for an AgentTarget's status."""

    resolver: str
    digest: str = ""
    volumes: tuple[str, ...] = ()


def held_in(manifest: Mapping[str, Any], component: Component, target: TargetFact) -> Held | None:
    """Return what a workload's template holds of ours, or None."""
    spec = mapping(manifest, *_POD)
    digest = _PAYLOAD.fullmatch(config_map_in(spec))
    if digest is None:
        return None
    names = [text(volume, "name") for _, volume in entries(spec, "volumes") if parts.is_our_volume(volume)]
    secrets = tuple(name.removeprefix("enc-secret-") for name in names if name.startswith("enc-secret-"))
    bundled = target.mode == "bundled" and component is not Component.CLUSTER
    return Held("bundled" if bundled else "builtin", digest[1], secrets)


_OWNED = (
    "datadog-operator writes this workload from the {0}, so it is not injected; write there spec: {1} for the Agent's own script, or have it "
    "injected as it comes in (webhook.enabled and webhook.injection.enabled in the chart's values) with the next change of the {0}"
)
_DECLARED = "the {} says the Agent's own script with the limits of the AgentTarget"
_OWNED_OLDER = "it runs an earlier injection, and is given the newer one when datadog-operator writes it anew from the {}"
_NEWER = (
    "it runs an earlier injection, and is given the newer one with its next rollout, if the webhook sees that, or when its image or the "
    "AgentTarget changes; set resolver.rollout: Now in the AgentTarget to have a new resolver at once"
)
