"""From the Roles and bindings that there are to those that there should be: the least writes, in an order that is safe to stop at.

A Role stands before its binding is made and after it is gone, so no binding ever refers to what somebody else could put there.
Sending the writes does not belong here.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from enc_operator.core.objects.authorization import MANAGED_BY
from enc_operator.core.objects.shapes import at, labels, text
from enc_operator.core.rbac.planning import Permission

REFERENCES = "enc-operator.io/references"
"""How many references asked when the object was last written; another number alone is no reason to write."""

_DIGITS = 19
EPOCH = "enc-operator.io/epoch"
"""The annotation that says which leader wrote: how many there had been."""


@dataclass(frozen=True, slots=True)
class Written:
    """A Role or RoleBinding with this install's label, as it was last seen.

    `content` is what counts of it, `role` a binding's roleRef, `epoch` that of the leader that wrote it, `held` whether a finalizer
    keeps it.
    """

    kind: str
    namespace: str
    name: str
    uid: str
    version: str
    content: str
    role: str = ""
    epoch: int = 0
    held: bool = False


class Action(StrEnum):
    """What is done to an object."""

    CREATE = "create"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Write:
    """One write: what to make of an object (`manifest`), and what is known of it (`old`, none when it is created)."""

    action: Action
    kind: str
    namespace: str
    name: str
    manifest: Mapping[str, Any] | None = None
    old: Written | None = None


def read_written(kind: str, manifest: Mapping[str, Any]) -> Written:
    """Reduce a Role or RoleBinding of an API server to what is compared and what a write must name."""
    metadata = manifest["metadata"]
    return Written(
        kind,
        text(metadata, "namespace"),
        text(metadata, "name"),
        text(metadata, "uid"),
        text(metadata, "resourceVersion"),
        _content(manifest),
        json.dumps(manifest.get("roleRef"), sort_keys=True),
        _number(text(metadata, "annotations", EPOCH)),
        bool(metadata.get("finalizers")),
    )


def _number(written: str) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) < _DIGITS else 0


def _content(manifest: Mapping[str, Any]) -> str:
    """Return what makes two objects the same: rights, labels, and anything that nobody should have added."""
    metadata = manifest["metadata"]
    notes = {
        key: value for key, value in labels(metadata, "annotations").items() if key == "enc-operator.io/agent"
    }
    subjects = [
        {key: each.get(key) for key in ("kind", "name", "namespace")}
        for each in manifest.get("subjects") or []
    ]
    extra = {key: at(metadata, key) for key in ("ownerReferences", "finalizers") if at(metadata, key)}
    kept = [manifest.get("rules"), subjects, labels(metadata, "labels"), notes, extra]
    return json.dumps(kept, sort_keys=True)


def converge(
    desired: Iterable[Permission], written: Iterable[Written], install: str
) -> Iterator[tuple[Write, ...]]:
    """Yield, for each name that is not as it should be, the writes that make it so, in their order.

    What takes rights away comes first. `written` is everything of this install in the namespaces of `desired`.
    """
    there = {(each.kind, each.namespace, each.name): each for each in written}
    wanted = {(item.secret_namespace, item.name): item for item in desired}
    for namespace, name in sorted({key[1:] for key in there} - wanted.keys()):
        yield tuple(_removal(there, namespace, name))
    for (namespace, name), permission in sorted(wanted.items()):
        writes = tuple(_repair(there, namespace, name, permission, install))
        if writes:
            yield writes


def _removal(there: Mapping[tuple[str, str, str], Written], namespace: str, name: str) -> Iterator[Write]:
    for kind in ("RoleBinding", "Role"):
        old = there.get((kind, namespace, name))
        if old and old.held:
            # RBAC goes on to count what is only marked as deleted (plugin/pkg/auth/authorizer/rbac), so nobody may hold it.
            yield Write(Action.REPLACE, kind, namespace, name, _released(old), old)
        elif old:
            yield Write(Action.DELETE, kind, namespace, name, None, old)


def _released(old: Written) -> dict[str, Any]:
    """Return an object as it is, without finalizers and owners."""
    rules, subjects, kept, notes, _ = json.loads(old.content)
    metadata = {"namespace": old.namespace, "name": old.name, "labels": kept, "annotations": notes}
    manifest = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": old.kind, "metadata": metadata}
    rights = (
        {"rules": rules} if old.kind == "Role" else {"subjects": subjects, "roleRef": json.loads(old.role)}
    )
    return {**manifest, **rights}


def _repair(
    there: Mapping[tuple[str, str, str], Written],
    namespace: str,
    name: str,
    permission: Permission,
    install: str,
) -> Iterator[Write]:
    stray = there.get(("RoleBinding", namespace, name))
    if stray and ("Role", namespace, name) not in there:
        # Somebody else may have a Role of that name, without our label.
        yield Write(Action.DELETE, "RoleBinding", namespace, name, None, stray)
        there = {key: each for key, each in there.items() if each is not stray}
    for manifest in permission.objects():
        kind = manifest["kind"]
        meant = _labelled(manifest, install)
        old = there.get((kind, namespace, name))
        if old is None:
            yield Write(Action.CREATE, kind, namespace, name, meant)
        elif old.role != json.dumps(meant.get("roleRef"), sort_keys=True):
            # A binding's roleRef cannot be changed (RBAC's validation): it is made anew.
            yield Write(Action.DELETE, kind, namespace, name, None, old)
            yield Write(Action.CREATE, kind, namespace, name, meant)
        elif old.content != _content(meant):
            yield Write(Action.REPLACE, kind, namespace, name, meant, old)


def _labelled(manifest: Mapping[str, Any], install: str) -> dict[str, Any]:
    metadata = manifest["metadata"]
    return {
        **manifest,
        "metadata": {**metadata, "labels": {**metadata["labels"], MANAGED_BY: install}},
    }
