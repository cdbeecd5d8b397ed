"""What `helm template` prints of the vendor's chart, made to run on a test's node: the stand-ins' images, nothing of the node's own.

What is left out is said. How the result is installed and asked does not stand here.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from e2e.scenarios.running_agents import AgentImages

Manifest = dict[str, Any]
WORKLOADS = ("DaemonSet", "Deployment")
_KINDS = (
    *("ServiceAccount", "Secret", "ConfigMap", "Service", *WORKLOADS),
    *("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"),
)
_OF_THE_NODE = ("hostPID", "hostIPC", "hostNetwork", "dnsPolicy", "priorityClassName", "runtimeClassName")
_PROFILES = ("seccompProfile", "appArmorProfile", "seLinuxOptions", "privileged")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Adapted:
    """Manifests that run on a test's node, and a sentence for each thing of the rendering that is not as it was."""

    manifests: tuple[Manifest, ...]
    notes: tuple[str, ...]


def adapt(rendering: Sequence[Manifest], images: AgentImages, variables: Mapping[str, str]) -> Adapted:
    """Adapt a rendering; `variables` are set in each container of an Agent, in place of those of the same names."""
    notes: dict[str, None] = {}
    kept: list[Manifest] = []
    for manifest in copy.deepcopy([each for each in rendering if each]):
        name = f"{manifest['kind']} {manifest['metadata']['name']}"
        if manifest["kind"] not in _KINDS or "helm.sh/hook" in manifest["metadata"].get("annotations", {}):
            notes[f"{name}: left out"] = None
            continue
        if manifest["kind"] in WORKLOADS:
            notes |= {f"{name}: {each}": None for each in _adapt_workload(manifest, images, variables)}
        kept.append(manifest)
    missing = list(_missing_secrets(kept))
    notes |= {
        f"Secret {each['metadata']['name']}: made, with a value that opens nothing": None for each in missing
    }
    return Adapted((*missing, *kept), tuple(notes))


def component_of(image: str, images: AgentImages) -> str:
    """Return the stand-in's image for an image, by its name; empty for one that is no Agent's."""
    name = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    return {"agent": images.node, "cluster-agent": images.cluster}.get(name, "")


def _adapt_workload(manifest: Manifest, images: AgentImages, variables: Mapping[str, str]) -> Iterator[str]:
    if manifest["spec"].get("replicas", 1) != 1 and _is_cluster_agent(manifest, images):
        manifest["spec"]["replicas"] = 1
        yield "one replica, since the stand-in has no leader election"
    spec = manifest["spec"]["template"]["spec"]
    for field in _OF_THE_NODE:
        if spec.pop(field, None):
            yield f"no {field}"
    for container in list(_containers(spec)):
        if not component_of(container["image"], images):
            _remove(spec, container)
            yield f"no container {container['name']}, whose image is not at hand"
    for container in _containers(spec):
        yield from _adapt_container(container, images, variables)
    yield from _adapt_volumes(spec)


def _is_cluster_agent(manifest: Manifest, images: AgentImages) -> bool:
    containers = manifest["spec"]["template"]["spec"]["containers"]
    return any(component_of(each["image"], images) == images.cluster for each in containers)


def _containers(spec: Manifest) -> Iterator[Manifest]:
    for field in ("initContainers", "containers"):
        yield from spec.get(field) or ()


def _remove(spec: Manifest, container: Manifest) -> None:
    for field in ("initContainers", "containers"):
        spec[field] = [each for each in spec.get(field) or () if each is not container]


def _adapt_container(container: Manifest, images: AgentImages, variables: Mapping[str, str]) -> Iterator[str]:
    container["image"] = component_of(container["image"], images)
    container["imagePullPolicy"] = "IfNotPresent"
    own = [each for each in container.get("env") or () if each["name"] not in variables]
    container["env"] = [*own, *({"name": name, "value": value} for name, value in variables.items())]
    for port in container.get("ports") or ():
        if port.pop("hostPort", None):
            yield "no ports of the node"
    for probe in (container[name] for name in _PROBES if name in container):
        probe |= {"initialDelaySeconds": 0, "periodSeconds": 1, "failureThreshold": _PATIENCE_SECONDS}
        yield "probes every second, from the start"
    yield from _adapt_security(container.get("securityContext") or {})


def _adapt_security(context: Manifest) -> Iterator[str]:
    for field in _PROFILES:
        if context.pop(field, None):
            yield f"no {field}"
    if (context.get("capabilities") or {}).pop("add", None):
        yield "no added capabilities"


def _adapt_volumes(spec: Manifest) -> Iterator[str]:
    """Leave the node's files alone: a test must neither need nor change them. What is written to is an empty folder."""
    folders = {each["name"] for each in spec.get("volumes") or () if "hostPath" in each}
    written = {
        mount["name"]
        for container in _containers(spec)
        for mount in container.get("volumeMounts") or ()
        if mount["name"] in folders and not mount.get("readOnly")
    }
    for volume in spec.get("volumes") or ():
        if volume["name"] in written:
            del volume["hostPath"]
            volume["emptyDir"] = {}
            yield f"an empty folder in place of the node's for {volume['name']}"
    gone = folders - written
    spec["volumes"] = [each for each in spec.get("volumes") or () if each["name"] not in gone]
    for container in _containers(spec):
        mounts = container.get("volumeMounts") or ()
        container["volumeMounts"] = [each for each in mounts if each["name"] not in gone]
    yield from (f"no volume {name}, which is the node's" for name in sorted(gone))


def _missing_secrets(manifests: Sequence[Manifest]) -> Iterator[Manifest]:
    """Yield the Secrets that the chart's user is to make."""
    there = {each["metadata"]["name"] for each in manifests if each["kind"] == "Secret"}
    wanted: dict[tuple[str, str], set[str]] = {}
    for manifest in (each for each in manifests if each["kind"] in WORKLOADS):
        namespace = manifest["metadata"].get("namespace", "")
        for reference in _references(manifest["spec"]["template"]["spec"]):
            if reference["name"] not in there and not reference.get("optional"):
                wanted.setdefault((namespace, reference["name"]), set()).add(reference["key"])
    for (namespace, name), keys in wanted.items():
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        data = dict.fromkeys(sorted(keys), "of-no-use")
        yield {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}


def _references(spec: Manifest) -> Iterator[Manifest]:
    for container in _containers(spec):
        for variable in container.get("env") or ():
            if reference := (variable.get("valueFrom") or {}).get("secretKeyRef"):
                yield reference
