"""What a plan would change of the Roles and bindings that there are, as rows. The writes themselves are the core's. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from enc_operator.cli.scan.kinds import Manifest
from enc_operator.core.objects.authorization import MANAGED_BY, OWNER
from enc_operator.core.objects.shapes import entries, labels, text, texts
from enc_operator.core.rbac.convergence import Action, Write, converge, read_written
from enc_operator.core.rbac.planning import Permission
from enc_operator.errors import UsageError

Rows = list[tuple[str, ...]]

HEADS = ("CHANGE", "NAMESPACE", "OBJECT", "WHAT")


def install_of(ours: Iterable[Manifest], chosen: str) -> str:
    """Return the install whose Roles are compared: the chosen one, or the only one that there is."""
    found = {labels(manifest, "metadata", "labels")[MANAGED_BY] for manifest in ours}
    if chosen:
        return chosen
    if len(found) > 1:
        raise UsageError(
            f"there are Roles of several installs: {', '.join(sorted(found))}", "name one with --install"
        )
    return found.pop() if found else OWNER


def find_changes(permissions: Iterable[Permission], ours: Iterable[Manifest], install: str) -> Rows:
    """Return what would be written, in the order in which it would be."""
    there = {
        (
            manifest["kind"],
            text(manifest, "metadata", "namespace"),
            text(manifest, "metadata", "name"),
        ): manifest
        for manifest in ours
        if manifest["kind"] in ("Role", "RoleBinding")
        and labels(manifest, "metadata", "labels")[MANAGED_BY] == install
    }
    written = [read_written(kind, manifest) for (kind, _, _), manifest in there.items()]
    return [
        _row(write, there.get((write.kind, write.namespace, write.name)))
        for writes in converge(permissions, written, install)
        for write in writes
    ]


def _row(write: Write, old: Manifest | None) -> tuple[str, ...]:
    before = old if write.action is not Action.CREATE else None
    return (str(write.action), write.namespace, f"{write.kind} {write.name}", _what(before, write.manifest))


def _what(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    old, new = list(_rights(before)), list(_rights(after))
    changes = [f"-{each}" for each in old if each not in new] + [
        f"+{each}" for each in new if each not in old
    ]
    return ", ".join(changes) or "not its rights: labels, annotations or owners"


def _rights(manifest: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield what an object gives, in words: Secrets of a Role as we write it, any other rule whole; subjects of a binding."""
    for _, rule in entries(manifest, "rules"):
        names = texts(rule, "resourceNames")
        if names and _is_ours(rule):
            yield from names
        else:
            yield json.dumps(rule, sort_keys=True)
    for _, subject in entries(manifest, "subjects"):
        yield f"{text(subject, 'kind')} {text(subject, 'namespace')}/{text(subject, 'name')}"


def _is_ours(rule: Mapping[str, Any]) -> bool:
    return (texts(rule, "verbs"), texts(rule, "apiGroups"), texts(rule, "resources")) == (
        ("get",),
        ("",),
        ("secrets",),
    )
