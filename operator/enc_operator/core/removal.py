"""What has to go when enc-operator goes: its injections, every permission that an install gave, and its hold on AgentTargets.

Injections come first, while what they name is there, then bindings, so that every right is gone before the first Role. Stopping the operator, and sending the steps, is the doors'
work; grants and CRDs stay.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from enc_operator.core.injection.additions import Operation
from enc_operator.core.injection.writing import decide_removal, is_marked, patch_of
from enc_operator.core.inventory import NOTHING
from enc_operator.core.objects.authorization import MANAGED_BY
from enc_operator.core.objects.shapes import entries, labels, text, texts

FINALIZER = "enc-operator.io/take-back"
"""What holds an AgentTarget until everything given for it is taken back."""
BOOKKEEPING = "kopf.zalando.org/"
"""How the annotations begin that the operator's framework keeps."""

RBAC = "/apis/rbac.authorization.k8s.io/v1"
APPS = "/apis/apps/v1"
CORE = "/api/v1"
WORKLOADS = ("DaemonSet", "Deployment", "StatefulSet")
TARGETS = "/apis/enc-operator.io/v1alpha1"


@dataclass(frozen=True, slots=True)
class Step:
    """One call: DELETE with preconditions, or a patch that fails when the object has changed.

    `path` is absolute without host; `body` is what JSON can write: of a patch its operations (RFC 6902), or what is merged.
    """

    method: str
    path: str
    what: str
    body: Mapping[str, Any] | tuple[Operation, ...] = field(default_factory=lambda: NOTHING)

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True, slots=True)
class Injected:
    """Workloads by kind, and ConfigMaps that may hold a resolver, where Agents run."""

    workloads: Mapping[str, Iterable[Mapping[str, Any]]] = field(default_factory=lambda: NOTHING)
    payloads: Iterable[Mapping[str, Any]] = ()


NO_INJECTED = Injected()


def plan_removal(
    bindings: Iterable[Mapping[str, Any]],
    roles: Iterable[Mapping[str, Any]],
    targets: Iterable[Mapping[str, Any]],
    install: str,
    injected: Injected = NO_INJECTED,
) -> tuple[Step, ...]:
    """Return the steps for decoded objects, of which only those with this install's label or mark, or our finalizer, count."""
    return (
        *(step for kind, found in injected.workloads.items() for step in _restorations(kind, found, install)),
        *_deletions("RoleBinding", bindings, install),
        *_deletions("Role", roles, install),
        *_deletions("ConfigMap", injected.payloads, install, CORE),
        *_releases(targets),
    )


@dataclass(frozen=True, slots=True)
class Loss:
    """What one ServiceAccount of an Agent (`namespace/name`) can no longer read in one namespace."""

    account: str
    namespace: str
    secrets: tuple[str, ...]

    def __str__(self) -> str:
        many = "s" * (len(self.secrets) != 1)
        return f"{self.account} can no longer read {len(self.secrets)} Secret{many} of namespace {self.namespace}"


def find_losses(
    bindings: Iterable[Mapping[str, Any]], roles: Iterable[Mapping[str, Any]], install: str
) -> tuple[Loss, ...]:
    """Return what goes with this install's Roles, by the names in them."""
    named = {
        _place(each): {name for _, rule in entries(each, "rules") for name in texts(rule, "resourceNames")}
        for each in roles
        if _is_of(each, install)
    }
    lost: dict[tuple[str, str], set[str]] = {}
    for binding in bindings:
        namespace, _ = _place(binding)
        secrets = named.get((namespace, text(binding, "roleRef", "name")), set())
        for _, subject in entries(binding, "subjects"):
            account = f"{text(subject, 'namespace')}/{text(subject, 'name')}"
            lost.setdefault((account, namespace), set()).update(secrets)
    return tuple(Loss(*key, tuple(sorted(secrets))) for key, secrets in sorted(lost.items()) if secrets)


Listed = Callable[[str, str], Iterable[Mapping[str, Any]]]
"""Lists a collection by its path, those with a label (`name=value`) or, where that is empty, all."""


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What a cluster may hold of an install, listed when it is asked for.

    Injections are looked for in `namespaces`, everywhere where that is None.
    """

    listed: Listed
    install: str
    namespaces: frozenset[str] | None = None

    def plan(self) -> tuple[Step, ...]:
        """Return what has to go as things stand."""
        targets = self.listed(f"{TARGETS}/agenttargets", "")
        bindings, roles = self._ours(f"{RBAC}/rolebindings"), self._ours(f"{RBAC}/roles")
        return plan_removal(bindings, roles, targets, self.install, self._injected())

    def losses(self) -> tuple[Loss, ...]:
        """Return what the Agents can no longer read afterwards."""
        return find_losses(self._ours(f"{RBAC}/rolebindings"), self._ours(f"{RBAC}/roles"), self.install)

    def _ours(self, path: str) -> Iterable[Mapping[str, Any]]:
        return self.listed(path, f"{MANAGED_BY}={self.install}")

    def _injected(self) -> Injected:
        places = (
            [""] if self.namespaces is None else [f"/namespaces/{name}" for name in sorted(self.namespaces)]
        )
        workloads = {
            kind: [each for place in places for each in self.listed(f"{APPS}{place}/{kind.lower()}s", "")]
            for kind in WORKLOADS
        }
        payloads = [each for place in places for each in self._ours(f"{CORE}{place}/configmaps")]
        return Injected(workloads, payloads)


def _place(manifest: Mapping[str, Any]) -> tuple[str, str]:
    return text(manifest, "metadata", "namespace"), text(manifest, "metadata", "name")


def _is_of(manifest: Mapping[str, Any], install: str) -> bool:
    return labels(manifest, "metadata", "labels").get(MANAGED_BY) == install


def _restorations(kind: str, objects: Iterable[Mapping[str, Any]], install: str) -> Iterator[Step]:
    for live in sorted(objects, key=lambda each: (each["metadata"]["namespace"], each["metadata"]["name"])):
        if is_marked(live, install):
            metadata = live["metadata"]
            path = f"{APPS}/namespaces/{metadata['namespace']}/{kind.lower()}s/{metadata['name']}"
            what = f"take the injection out of {kind} {metadata['namespace']}/{metadata['name']}"
            yield Step("PATCH", path, what, patch_of(live, decide_removal(live, install), install))


def _deletions(
    kind: str, objects: Iterable[Mapping[str, Any]], install: str, group: str = RBAC
) -> Iterator[Step]:
    for metadata in _sorted(objects):
        if metadata.get("labels", {}).get(MANAGED_BY) == install:
            path = f"{group}/namespaces/{metadata['namespace']}/{kind.lower()}s/{metadata['name']}"
            conditions = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
            what = f"delete {kind} {metadata['namespace']}/{metadata['name']}"
            yield Step("DELETE", path, what, {"preconditions": conditions})


def _releases(targets: Iterable[Mapping[str, Any]]) -> Iterator[Step]:
    for metadata in _sorted(targets):
        if FINALIZER in metadata.get("finalizers", ()):
            kept = [name for name in metadata["finalizers"] if name != FINALIZER]
            notes = {key: None for key in metadata.get("annotations", {}) if key.startswith(BOOKKEEPING)}
            changed = {"resourceVersion": metadata["resourceVersion"], "finalizers": kept or None}
            path = f"{TARGETS}/namespaces/{metadata['namespace']}/agenttargets/{metadata['name']}"
            what = f"release AgentTarget {metadata['namespace']}/{metadata['name']}"
            yield Step("PATCH", path, what, {"metadata": changed | ({"annotations": notes} if notes else {})})


def _sorted(objects: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(
        (each["metadata"] for each in objects),
        key=lambda metadata: (metadata["namespace"], metadata["name"]),
    )
