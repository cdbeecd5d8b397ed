"""What the operator may make of Agents' workloads, as a model beside the fence's, and what a thief would make of them."""

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from e2e.scenarios.fenced_writes import Manifest
from enc_operator.core.injection.writing import MARK
from enc_operator.resolver_bundle import init_command

OURS = re.compile(
    r"(DD|STS)_SECRET_(BACKEND_(COMMAND|ARGUMENTS|TIMEOUT)|REFRESH_INTERVAL|SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE|ALLOWED_K8S_NAMESPACE)"
)
COMMANDS = {"/etc/enc/bin/resolver", "/readsecret_multiple_providers.sh", "/readsecret.sh", "/readsecret.py"}


def worse(good: Manifest) -> Iterator[tuple[str, Manifest]]:
    """Yield what a thief would add to an injected workload."""
    pod: tuple[tuple[str, Any], ...] = (
        ("hostPID", True), ("hostNetwork", True), ("hostIPC", True), ("serviceAccountName", "default"),
        ("shareProcessNamespace", True), ("priorityClassName", "system-node-critical"), ("runtimeClassName", "a"),
        ("securityContext", {"runAsUser": 0}), ("nodeName", "a"), ("ephemeralContainers", [{"name": "a", "image": "a"}]),
        ("imagePullSecrets", [{"name": "a"}]), ("tolerations", [{"operator": "Exists"}]),
    )  # fmt: skip
    for key, value in pod:
        yield f"pod's {key}", _with(good, (), key, value)
    container: tuple[tuple[str, Any], ...] = (
        ("command", ["id"]), ("args", ["a"]), ("image", "evil"), ("securityContext", {"privileged": True}),
        ("lifecycle", {"postStart": {"exec": {"command": ["id"]}}}), ("restartPolicy", "Always"),
        ("envFrom", [{"secretRef": {"name": "a"}}]), ("livenessProbe", {"exec": {"command": ["id"]}}),
        ("workingDir", "/"), ("volumeDevices", [{"name": "run", "devicePath": "/a"}]), ("tty", True),
        ("env", [{"name": "LD_PRELOAD", "value": "a"}]), ("volumeMounts", [{"name": "run", "mountPath": "/host"}]),
        ("env", [{"name": "DD_SECRET_BACKEND_TIMEOUT", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]),
        ("env", [{"name": "DD_SECRET_BACKEND_COMMAND", "value": "/bin/sh"}]),
    )  # fmt: skip
    for place in (("containers", 0), ("initContainers", 0), ("initContainers", 1)):
        for key, value in container:
            yield f"{key} of {place}", _with(good, place, key, value)
    yield "another volume", _with(good, ("volumes", 1), "hostPath", {"path": "/"})
    for index, name in ((1, "enc-resolver"), (3, "enc-secret-tls")):
        volume = {"name": name, "hostPath": {"path": "/"}}
        yield f"the host behind {name}", _with(good, ("volumes",), index, volume)
    containers = good["spec"]["template"]["spec"]["containers"]
    yield "another container", _with(good, (), "containers", [*containers, {"name": "evil", "image": "evil"}])
    yield "other order", _with(good, (), "containers", containers[::-1])
    inits = good["spec"]["template"]["spec"]["initContainers"]
    yield (
        "a second init container",
        _with(good, (), "initContainers", [*inits, {"name": "evil", "image": "evil"}]),
    )
    yield "another mark", {**good, "metadata": {**good["metadata"], "annotations": {MARK: "another"}}}


def _with(good: Manifest, place: tuple[str | int, ...], key: str | int, value: Any) -> Manifest:
    changed = copy.deepcopy(good)
    found = changed["spec"]["template"]["spec"]
    for step in place:
        found = found[step]
    found[key] = value
    return changed


def permitted(old: Manifest, new: Manifest, install: str) -> bool:
    """Tell whether the operator may make one workload of another."""
    marks = {each["metadata"].get("annotations", {}).get(MARK, install) for each in (old, new)}
    return stripped(old) == stripped(new) and marks == {install} and _ours_permitted(old, new)


def stripped(manifest: Manifest) -> Any:
    """Return what of a workload is not the injection's: what must stay as it is."""
    found = copy.deepcopy(manifest)
    spec = found["spec"]["template"]["spec"]
    spec["initContainers"] = [
        each for each in spec.get("initContainers") or () if each["name"] != "enc-resolver"
    ]
    spec["volumes"] = [each for each in spec.get("volumes") or () if not is_ours(each)]
    for container in spec["containers"]:
        container["env"] = [each for each in container.get("env") or () if not OURS.fullmatch(each["name"])]
        container["volumeMounts"] = [
            each for each in container.get("volumeMounts") or () if not is_ours(each)
        ]
    metadata = found["metadata"]
    notes = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if key not in (MARK, "deprecated.daemonset.template.generation")
    }
    kept = {field: metadata.get(field) or None for field in ("labels", "finalizers", "ownerReferences")}
    return found["spec"], notes, kept


def is_ours(item: Mapping[str, Any]) -> bool:
    """Tell whether a volume or mount has a name of ours."""
    name = str(item["name"])
    return name in ("enc-resolver", "enc-payload") or name.startswith("enc-secret-")


def _ours_permitted(old: Manifest, new: Manifest) -> bool:
    before, after = (each["spec"]["template"]["spec"] for each in (old, new))
    images = {each["image"] for each in after["containers"]}
    inits = [each for each in after.get("initContainers") or () if each["name"] == "enc-resolver"]
    volumes = [each for each in after.get("volumes") or () if is_ours(each)]
    return (
        all(_init_permitted(each, images, after["containers"]) for each in inits)
        and all(_volume_permitted(each) for each in volumes)
        and all(
            _container_permitted(*pair)
            for pair in zip(before["containers"], after["containers"], strict=True)
        )
    )


def _init_permitted(init: Manifest, images: set[str], containers: list[Manifest]) -> bool:
    context = init.get("securityContext") or {}
    known = {"name", "image", "imagePullPolicy", "command", "env", "securityContext", "resources", "volumeMounts",
             "terminationMessagePath", "terminationMessagePolicy"}  # fmt: skip
    builtin = [["/etc/enc/payload", "/etc/enc/bin", "-", f"/opt/{whose}-agent/bin/agent/agent"]
               for whose in ("datadog", "stackstate")]  # fmt: skip
    users = [each.get("securityContext") or {} for each in containers]
    said = {
        key: value
        for key, value in context.items()
        if key not in ("allowPrivilegeEscalation", "capabilities", "readOnlyRootFilesystem")
    }
    places = {"enc-resolver": "/etc/enc/bin", "enc-payload": "/etc/enc/payload"}
    return (
        init["image"] in images
        and init.keys() <= known
        and init.get("command") in (init_command(), *(init_command() + each for each in builtin))
        and all(each["name"] == "ENC_INJECTED" and "valueFrom" not in each for each in init.get("env") or ())
        and all(each.keys() <= {"name", "mountPath", "readOnly"} and places.get(each["name"]) == each["mountPath"]
                for each in init.get("volumeMounts") or ())
        and (context.get("allowPrivilegeEscalation"), context.get("capabilities")) == (False, {"drop": ["ALL"]})
        and all(any(user.get(key) == value for user in users) for key, value in said.items())
        and init.get("terminationMessagePath", "/dev/termination-log") == "/dev/termination-log"
    )  # fmt: skip


def _volume_permitted(volume: Manifest) -> bool:
    if volume["name"] == "enc-resolver":
        return volume in ({"name": "enc-resolver", "emptyDir": {}}, {"name": "enc-resolver"})
    if volume["name"] == "enc-payload":
        source = volume.get("configMap") or {}
        named = re.fullmatch(r"enc-resolver-[0-9a-f]{64}", source.get("name", ""))
        return volume.keys() <= {"name", "configMap"} and bool(named) and source.get("optional") is True
    secret = volume.get("secret") or {}
    right = (secret.get("optional"), secret.get("defaultMode"), bool(secret.get("items"))) == (
        True,
        0o400,
        True,
    )
    return volume.keys() <= {"name", "secret"} and right


def _container_permitted(old: Manifest, new: Manifest) -> bool:
    env = [
        each
        for each in new.get("env") or ()
        if OURS.fullmatch(each["name"]) and each not in (old.get("env") or ())
    ]
    mounts = [each for each in new.get("volumeMounts") or () if is_ours(each)]
    return all(
        each.keys() <= {"name", "value", "valueFrom"}
        and (each.get("valueFrom") or {}).keys() <= {"configMapKeyRef", "fieldRef"}
        and (not each["name"].endswith("_COMMAND") or each.get("value", "") in COMMANDS)
        for each in env
    ) and all(
        each.keys() <= {"name", "mountPath", "readOnly"}
        and each.get("readOnly") is True
        and each["mountPath"]
        == ("/etc/enc/bin" if each["name"] == "enc-resolver" else f"/etc/enc/secrets/{each['name'][11:]}")
        for each in mounts
    )


def payload_permitted(manifest: Manifest, install: str, namespace: str) -> bool:
    """Tell whether the operator may create a ConfigMap."""
    metadata = manifest["metadata"]
    labels = metadata.get("labels") or {}
    return (
        metadata["namespace"] == namespace
        and re.fullmatch(r"enc-resolver-[0-9a-f]{64}", metadata.get("name") or "") is not None
        and labels.get("enc-operator.io/managed-by") == install
        and labels.keys() <= {"enc-operator.io/managed-by", "app.kubernetes.io/managed-by"}
        and not any(
            metadata.get(each) for each in ("annotations", "finalizers", "ownerReferences", "generateName")
        )
        and manifest.get("immutable") is True
        and (manifest.get("data") or {}).keys() <= {"resolver", "guard"}
    )
