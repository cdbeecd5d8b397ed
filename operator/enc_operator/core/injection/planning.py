"""Whether a workload takes the injection, and the manifest that comes out of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from enc_operator.core.agents.backends import Backend, BackendKind, decide_backend
from enc_operator.core.agents.injected import INIT_CONTAINER, read_record
from enc_operator.core.agents.workloads import reading_containers, unfit
from enc_operator.core.findings import ObjectRef
from enc_operator.core.injection import parts
from enc_operator.core.injection.additions import holds
from enc_operator.core.injection.environment import Variables, record_of
from enc_operator.core.inventory import Flavour, Resolver, TargetFact, WorkloadFact
from enc_operator.core.objects.shapes import entries, mapping, text
from enc_operator.core.references.model import Problem

_PREFIXES = {Flavour.DATADOG: "DD_", Flavour.STACKSTATE: "STS_"}
_OTHERS_ANNOTATIONS = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.daemonset.template.generation",
)
_DEFAULTS = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
"""What a container gets that says nothing else (Kubernetes `pkg/apis/core/v1/defaults.go`)."""

_SERVER_FIELDS = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink")


@dataclass(frozen=True, slots=True)
class Injection:
    """What becomes of one workload: the changed manifest, or why it stays as it is.

    `changes` are sentences for a person; an empty list means that it has been injected before.
    """

    object: ObjectRef
    manifest: Mapping[str, Any] | None
    changes: tuple[str, ...] = ()
    refused: Problem | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """What an Agent's allowed references need of the injection.

    `namespaces` are those of the Secrets, `folders` those of the user's own secret mounts that handles name files in.
    """

    namespaces: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """One workload's injection before it is planned; `backend` is what the whole configuration of its Agent says."""

    workload: WorkloadFact
    target: TargetFact
    backend: Backend
    use: Use = Use()

    def plan(self, resolver: Resolver) -> Injection:
        """Plan it."""
        return plan_injection(self.workload, self.target, resolver, self.backend, self.use)


def plan_injection(
    workload: WorkloadFact, target: TargetFact, resolver: Resolver, backend: Backend, use: Use | None = None
) -> Injection:
    """Plan the injection into a workload; `backend` is what its whole configuration says."""
    refused = refusal(workload, target, backend)
    if refused:
        return Injection(workload.object, None, refused=refused)
    use = use or Use()
    prefix = _PREFIXES[workload.flavour]
    arguments = parts.arguments(workload.component, target, backend.root, use.folders)
    wanted = parts.variables(prefix, target, use.namespaces, arguments)
    spec = mapping(workload.manifest, "spec", "template", "spec")
    changed = _changed_spec(spec, workload, target, resolver, wanted)
    manifest = _with_spec(workload.manifest, changed)
    return Injection(workload.object, manifest, tuple(_changes(spec, changed)))


def refusal(workload: WorkloadFact, target: TargetFact, backend: Backend) -> Problem | None:
    """Return why a workload cannot or must not take the injection, or None."""
    reason = unfit(workload.manifest)
    if reason:
        return Problem(
            "agent-refused", reason, "name the workloads in the AgentTarget's `workloads`, without this one"
        )
    if target.mode == "none":
        return Problem("none", "the AgentTarget's resolver mode is none", "")
    return _kept(backend, workload.object.name) or _conflict(reading_containers(workload.manifest))


def _conflict(containers: list[tuple[int, Mapping[str, Any]]]) -> Problem | None:
    """Return the backend of a single container that differs from the first one's."""
    for _, container in containers:
        settings: dict[str, str] = {}
        for _, variable in entries(container, "env"):
            setting = text(variable, "name").partition("_")[2].lower()
            settings[setting] = text(variable, "value") if "valueFrom" not in variable else "(from elsewhere)"
        kept = _kept(decide_backend(settings), f"container {text(container, 'name')}")
        if kept:
            return kept
    return None


def _kept(backend: Backend, whose: str) -> Problem | None:
    """Return the user's own backend, which is never overwritten; the Agent's own script is none."""
    if not backend.is_users:
        return None
    code = "backend-conflict" if backend.kind is BackendKind.CUSTOM else "backend-kept"
    return Problem(
        code,
        f"{whose} has a secret backend of its own ({backend}), which stays as it is",
        "remove it to let enc-operator's resolver read the handles, or set resolver.mode: none in an AgentTarget",
    )


def _changed_spec(
    spec: Mapping[str, Any],
    workload: WorkloadFact,
    target: TargetFact,
    resolver: Resolver,
    wanted: Mapping[str, str],
) -> dict[str, Any]:
    reading = sorted(index for index, _ in reading_containers(workload.manifest))
    containers, earlier = list(spec["containers"]), read_record(spec)
    found: list[tuple[Variables, Mapping[str, str]]] = []
    for index, container in entries(spec, "containers"):
        variables = Variables(container, earlier)
        found.append((variables, variables.wanted(wanted) if index in reading else {}))
        if index in reading:
            containers[index] = _with_resolver(*found[-1], target)
    main = spec["containers"][reading[0]]
    init = parts.init_container(main, workload.component, target, resolver, record_of(found).written())
    changed = dict(spec)
    changed["initContainers"] = _with_item(spec.get("initContainers"), init)
    changed["containers"] = containers
    changed["volumes"] = _with_items(
        spec.get("volumes"), parts.volumes(target, resolver), parts.is_our_volume
    )
    return changed


def _with_resolver(variables: Variables, wanted: Mapping[str, str], target: TargetFact) -> dict[str, Any]:
    mounts = variables.container.get("volumeMounts")
    return {
        **variables.container,
        "env": variables.injected(wanted),
        "volumeMounts": _with_items(mounts, parts.mounts(target), parts.is_our_mount),
    }


def _with_items(
    found: Any, wanted: list[Mapping[str, Any]], ours: Callable[[Any], bool]
) -> list[Mapping[str, Any]]:
    """Put named items into a list, and take out those of an earlier injection that are wanted no more."""
    names = {item["name"] for item in wanted}
    kept = [item for item in found or () if not ours(item) or item["name"] in names]
    for item in wanted:
        kept = _with_item(kept, item)
    return kept


def _with_item(found: Any, item: Mapping[str, Any]) -> list[Any]:
    """Put a named item into a list: in the place of the one of its name unless that says as much, else at the end."""
    existing = list(found) if isinstance(found, list) else []
    for index, other in enumerate(existing):
        if isinstance(other, dict) and other.get("name") == item["name"]:
            existing[index] = other if _says_as_much(other, item) else dict(item)
            return existing
    return [*existing, dict(item)]


def _says_as_much(found: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    """Tell whether what stands in a list is what was written, with no more than the API server and webhooks add."""
    more = {key: value for key, value in found.items() if key not in item}
    return holds(found, item) and all(_DEFAULTS.get(key) == value for key, value in more.items())


def _with_spec(manifest: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest with another pod spec, without what only the API server writes."""
    changed = {key: value for key, value in manifest.items() if key != "status"}
    metadata = {
        key: value for key, value in mapping(manifest, "metadata").items() if key not in _SERVER_FIELDS
    }
    if "annotations" in metadata:
        annotations = mapping(metadata, "annotations").items()
        metadata["annotations"] = {key: value for key, value in annotations if key not in _OTHERS_ANNOTATIONS}
    changed["metadata"] = metadata
    template = {**mapping(manifest, "spec", "template"), "spec": dict(spec)}
    changed["spec"] = {**mapping(manifest, "spec"), "template": template}
    return changed


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[str]:
    """Yield what differs, in sentences."""
    if before.get("initContainers") != after["initContainers"]:
        yield f"init container {INIT_CONTAINER}"
    old = before.get("volumes") if isinstance(before.get("volumes"), list) else []
    added = [volume["name"] for volume in after["volumes"] if volume not in (old or [])]
    if added:
        yield f"volumes {', '.join(added)}"
    pairs = zip(before["containers"], after["containers"], strict=True)
    names = [text(new, "name") for previous, new in pairs if previous != new]
    if names:
        yield f"resolver in {', '.join(names)}"
