"""Whether a workload takes the injection, and the manifest that comes out of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from enc_operator.core.agents.backends import Backend, BackendKind, decide_backend
from enc_operator.core.agents.injected import INIT_CONTAINER, Record, read_record
from enc_operator.core.agents.workloads import reading_containers, unfit
from enc_operator.core.findings import ObjectRef
from enc_operator.core.injection import parts
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
    reading = {index for index, _ in reading_containers(workload.manifest)}
    containers, record = list(spec["containers"]), read_record(spec)
    injected: dict[str, Mapping[str, str]] = {}
    for index in sorted(reading):
        name = text(containers[index], "name")
        before = record.of(name)
        kept = _without_limit(containers[index], wanted, before)
        injected[name] = _injected(containers[index], kept, before)
        containers[index] = _with_resolver(containers[index], target, kept, before)
    main = spec["containers"][min(reading)]
    init = parts.init_container(main, workload.component, target, resolver, _record(spec, injected).written())
    changed = dict(spec)
    changed["initContainers"] = _with_item(spec.get("initContainers"), init)
    changed["containers"] = containers
    found = spec.get("volumes")
    for volume in parts.volumes(target, resolver):
        found = _with_item(found, volume)
    changed["volumes"] = found
    return changed


def _without_limit(
    container: Mapping[str, Any], wanted: Mapping[str, str], before: Mapping[str, str]
) -> dict[str, str]:
    """Leave out the list of namespaces where the user has one of his own: another one could be wider."""
    own = {name for name, value in _values(container).items() if before.get(name) != value}
    return {name: value for name, value in wanted.items() if not (name in own and _is(name, parts.ALLOWED))}


def _injected(
    container: Mapping[str, Any], wanted: Mapping[str, str], before: Mapping[str, str]
) -> dict[str, str]:
    """Return the optional variables that are this injection's or an earlier one's; what the user set to the same is his."""
    there = _values(container)
    return {
        name: value
        for name, value in wanted.items()
        if _is(name, *parts.OPTIONAL) and (there.get(name) != value or before.get(name) == value)
    }


def _record(spec: Mapping[str, Any], injected: Mapping[str, Mapping[str, str]]) -> Record:
    """Return the record of what was set in each container; one that comes later changes nothing of it."""
    found = {name: value for each in injected.values() for name, value in each.items()}
    own: dict[str, tuple[str, ...]] = {}
    for _, container in entries(spec, "containers"):
        name, there = text(container, "name"), _values(container)
        same = (key for key, value in found.items() if there.get(key) == value)
        if kept := tuple(key for key in same if key not in injected.get(name, found)):
            own[name] = kept
    return Record(found, own)


def _values(container: Mapping[str, Any]) -> dict[str, str]:
    return {text(variable, "name"): text(variable, "value") for _, variable in entries(container, "env")}


def _is(name: str, *names: str) -> bool:
    return name.partition("_")[2] in names


def _with_resolver(
    container: Mapping[str, Any], target: TargetFact, wanted: Mapping[str, str], before: Mapping[str, str]
) -> dict[str, Any]:
    changed = dict(container)
    env = _without_stale(container, wanted, before)
    names = {text(variable, "name") for _, variable in entries(container, "env")}
    for name, value in wanted.items():
        if value or name in names:  # what is not needed is only said where it contradicts what stands there
            env = _with_item(env, {"name": name, "value": value})
    changed["env"] = env
    found = container.get("volumeMounts")
    for mount in parts.mounts(target):
        found = _with_item(found, mount)
    changed["volumeMounts"] = found
    return changed


def _without_stale(
    container: Mapping[str, Any], wanted: Mapping[str, str], before: Mapping[str, str]
) -> list[Any] | None:
    """Return the variables without those that an earlier injection set, that nobody changed, and that this one does not want."""
    env = container.get("env")
    if not isinstance(env, list):
        return None
    stale = {
        (name, value) for name, value in before.items() if name not in wanted and _is(name, *parts.OPTIONAL)
    }
    return [item for item in env if (text(item, "name"), text(item, "value")) not in stale]


def _with_item(found: Any, item: Mapping[str, Any]) -> list[Any]:
    """Put a named item into a list: in the place of the one of its name, else at the end."""
    existing = list(found) if isinstance(found, list) else []
    for index, other in enumerate(existing):
        if isinstance(other, dict) and other.get("name") == item["name"]:
            written = {key: value for key, value in item.items() if key in other or value != ""}
            existing[index] = other if _without_defaults(other, item) == written else dict(item)
            return existing
    return [*existing, dict(item)]


def _without_defaults(found: Mapping[str, Any], item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what stands in a list without what the API server has added to an item that was written, from which it leaves out empty text."""
    return {key: value for key, value in found.items() if key in item or _DEFAULTS.get(key) != value}


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
