"""Roles, bindings and AgentTargets as the operator writes them, everything that they can be mutated to, and which of it is allowed.

`permitted` says in Python what the fence says in CEL; the two are written apart and compared.
"""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Manifest = dict[str, Any]
Path = tuple[str | int, ...]

EPOCH = 7
INSTALL_LABEL = "enc-operator.io/managed-by"
_RBAC = "rbac.authorization.k8s.io"
_FIXED = {("apiVersion",), ("kind",)}
_NAME = re.compile(r"enc-[a-z2-7]{26}")
_SECRET = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_WORDS = (
    "other", "*", "", "Other", "a b", "../x", "secrets", "configmaps", "pods", "list", "watch", "create", "escalate", "User",
    "Group", "ServiceAccount", "ClusterRole", "Role", "cluster-admin", "system:masters", "kube-system", "kube-public", "default",
    "enc-aaaaaaaaaaaaaaaaaaaaaaaaaa", "enc-AAAAAAAAAAAAAAAAAAAAAAAAAA", "enc-aaaaaaaaaaaaaaaaaaaaaaaaa1", "enc-operator", "6", "8",
    "07", "7 ", _RBAC, "enc-operator.io",
)  # fmt: skip
_METADATA: tuple[Manifest, ...] = (
    {"finalizers": ["example.com/stay"]},
    {"finalizers": ["enc-operator.io/take-back"]},
    {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "b"}]},
    {"generateName": "enc-"},
    {"labels": {"team": "a"}},
    {"labels": {"app.kubernetes.io/managed-by": "Helm"}},
    {"labels": {"argocd.argoproj.io/instance": "a"}},
    {"labels": {"rbac.authorization.k8s.io/aggregate-to-admin": "true"}},
    {"annotations": {"example.com/a": "b"}},
    {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}},
    {"annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"}},
    {"annotations": {"enc-operator.io.example.com/a": "b"}},
    {"annotations": {"enc-operator.io/note": "b"}},
)


@dataclass(frozen=True)
class World:
    """The names that the fence was rendered with."""

    operator: str
    agents: str
    tenant: str
    accounts: tuple[str, ...] = ("node", "cluster")

    @property
    def install(self) -> str:
        """The value of the label."""
        return f"{self.operator}.enc-operator"

    def role(self, name: str = "enc-abcdefghijklmnopqrstuvwxyz", *, epoch: int = EPOCH) -> Manifest:
        """Return a Role that may be written."""
        rule = {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": ["db", "db.eu"],
            "verbs": ["get"],
        }
        return {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "Role",
            "metadata": self._metadata(name, epoch),
            "rules": [rule],
        }

    def binding(self, name: str = "enc-abcdefghijklmnopqrstuvwxyz") -> Manifest:
        """Return a RoleBinding that may be written."""
        return {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": self._metadata(name),
            "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": self.accounts[0], "namespace": self.agents}],
        }

    def target(self) -> Manifest:
        """Return an AgentTarget as its author has it."""
        metadata = {"name": "agents", "namespace": self.agents, "labels": {"team": "a"}, "annotations": {"example.com/a": "b"},
                    "finalizers": ["example.com/stay"]}  # fmt: skip
        spec = {"manage": "Plan", "enforcement": "audit", "flavour": "datadog", "crossNamespace": False}
        return {
            "apiVersion": "enc-operator.io/v1alpha1",
            "kind": "AgentTarget",
            "metadata": metadata,
            "spec": spec,
        }

    def _metadata(self, name: str, epoch: int = EPOCH) -> Manifest:
        return {
            "name": name,
            "namespace": self.tenant,
            "labels": {INSTALL_LABEL: self.install, "app.kubernetes.io/managed-by": "enc-operator"},
            "annotations": {"enc-operator.io/epoch": str(epoch), "enc-operator.io/agent": "a/b"},
        }


def with_epoch(manifest: Manifest) -> Manifest:
    """Give the ServiceAccount that counts leaders the count that the writes here carry."""
    if manifest["kind"] != "ServiceAccount" or not manifest["metadata"]["name"].endswith("-epoch"):
        return manifest
    return {
        **manifest,
        "metadata": {**manifest["metadata"], "annotations": {"enc-operator.io/epoch": str(EPOCH)}},
    }


def mutants(good: Manifest) -> Iterator[tuple[str, Manifest]]:
    """Yield what was done, and the result: each value removed, replaced, doubled, emptied; metadata and items added."""
    for path, value in _walk(good, ()):
        if path in _FIXED:
            continue
        yield f"without {path}", _changed(good, path, None)
        for word in _WORDS if isinstance(value, str) else ():
            yield f"{word!r} at {path}", _changed(good, path, word)
        if isinstance(value, list):
            yield f"nothing in {path}", _changed(good, path, [])
            yield f"{path} twice", _changed(good, path, [*value, *value])
            yield from _with_items(good, path, value)
    for more in _METADATA:
        yield f"{more} added", _merged(good, {"metadata": more})
    yield from _larger(good)


def permitted(world: World, manifest: Manifest) -> bool:
    """Tell whether the operator may create a Role or RoleBinding."""
    return _metadata_permitted(world, manifest["metadata"]) and (
        _rules_permitted(manifest.get("rules") or [])
        if manifest["kind"] == "Role"
        else _binding_permitted(world, manifest)
    )


def target_permitted(old: Manifest, new: Manifest) -> bool:
    """Tell whether the operator may change an AgentTarget so."""
    before, after = old["metadata"], new["metadata"]
    notes, renewed = before.get("annotations") or {}, after.get("annotations") or {}
    changed = [key for key in {*notes, *renewed} if notes.get(key) != renewed.get(key)]
    ours = "enc-operator.io/take-back"
    kept = [[name for name in each.get("finalizers") or () if name != ours] for each in (before, after)]
    return (
        old.get("spec") == new.get("spec")
        and (before.get("labels") or {}) == (after.get("labels") or {})
        and (before.get("ownerReferences") or []) == (after.get("ownerReferences") or [])
        and kept[0] == kept[1]
        and all(key.startswith(("enc-operator.io/", "kopf.zalando.org/")) for key in changed)
    )


def _metadata_permitted(world: World, metadata: Manifest) -> bool:
    labels, notes = metadata.get("labels") or {}, metadata.get("annotations") or {}
    return (
        _NAME.fullmatch(metadata.get("name") or "") is not None
        and not any(metadata.get(field) for field in ("finalizers", "ownerReferences", "generateName"))
        and labels.get(INSTALL_LABEL) == world.install
        and labels.keys() <= {INSTALL_LABEL, "app.kubernetes.io/managed-by"}
        and labels.get("app.kubernetes.io/managed-by", "enc-operator") == "enc-operator"
        and all(key.startswith("enc-operator.io/") for key in notes)
        and notes.get("enc-operator.io/epoch") == str(EPOCH)
        and metadata["namespace"] not in {"kube-system", "kube-public", "kube-node-lease", world.operator}
    )


def _rules_permitted(rules: list[Manifest]) -> bool:
    return (
        len(rules) == 1
        and (rules[0].get("apiGroups"), rules[0].get("resources"), rules[0].get("verbs"))
        == ([""], ["secrets"], ["get"])
        and not rules[0].get("nonResourceURLs")
        and 0 < len(rules[0].get("resourceNames") or ()) <= 500
        and all(_SECRET.fullmatch(name) and len(name) <= 253 for name in rules[0]["resourceNames"])
    )


def _binding_permitted(world: World, binding: Manifest) -> bool:
    reference, subjects = binding["roleRef"], binding.get("subjects") or []
    return (reference["kind"], reference["name"]) == ("Role", binding["metadata"]["name"]) and [
        (each["kind"], each.get("apiGroup") or "", each.get("namespace"), each["name"] in world.accounts)
        for each in subjects
    ] == [("ServiceAccount", "", world.agents, True)]


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if path:
        yield path, value
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for step, child in children:
        yield from _walk(child, (*path, step))


def _changed(good: Manifest, path: Path, value: Any) -> Manifest:
    changed = copy.deepcopy(good)
    parent: Any = changed
    for step in path[:-1]:
        parent = parent[step]
    if value is None:
        del parent[path[-1]]
    else:
        parent[path[-1]] = copy.deepcopy(value)
    return changed


def _with_items(good: Manifest, path: Path, items: list[Any]) -> Iterator[tuple[str, Manifest]]:
    for item in items[:1]:
        more = (
            [{**item, key: word} for key in item for word in _WORDS[:6]] if isinstance(item, dict) else _WORDS
        )
        for added in more:
            yield f"{added!r} added to {path}", _changed(good, path, [*items, added])


def _larger(good: Manifest) -> Iterator[tuple[str, Manifest]]:
    if good["kind"] == "Role":
        for count in (500, 501, 5000):
            names = [f"db-{number}" for number in range(count)]
            yield f"{count} names", _changed(good, ("rules", 0, "resourceNames"), names)
        for name in ("a" * 253, "a" * 254, "a..b", "-a", "a-", "a_b", "a\n", "*a", "é"):
            yield f"the name {name[:9]!r}", _changed(good, ("rules", 0, "resourceNames", 0), name)
        yield "a URL", _changed(good, ("rules", 0, "nonResourceURLs"), ["/metrics"])
    if good["kind"] == "RoleBinding":
        for fields in ({"apiGroup": _RBAC, "kind": "User"}, {"apiGroup": _RBAC, "kind": "Group"}):
            subject = {**fields, "name": "system:masters"}
            yield f"subject {subject}", _changed(good, ("subjects",), [subject])
        for name in ("cluster-admin", "admin", "enc-operator"):
            reference = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": name}
            yield f"refers to {name}", _changed(good, ("roleRef",), reference)


def _merged(value: Any, more: Any) -> Any:
    if isinstance(value, dict) and isinstance(more, dict):
        return {**value, **{key: _merged(value.get(key), child) for key, child in more.items()}}
    return copy.deepcopy(more)
