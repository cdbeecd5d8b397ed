"""The parts that an injection adds: names, paths, the init container, volumes, mounts and variables."""

from collections.abc import Mapping
from typing import Any

from enc_operator.core.agents.injected import INIT_CONTAINER, RECORD
from enc_operator.core.inventory import Component, Flavour, Resolver, SecretVolume, TargetFact
from enc_operator.core.objects.authorization import MANAGED_BY, OWNER
from enc_operator.core.objects.shapes import mapping, text

BIN_VOLUME, PAYLOAD_VOLUME = "enc-resolver", "enc-payload"
BIN_PATH, PAYLOAD_PATH = "/etc/enc/bin", "/etc/enc/payload"
COMMAND = f"{BIN_PATH}/resolver"
CLUSTER_HELPERS = {
    Flavour.DATADOG: "/opt/datadog-agent/bin/datadog-cluster-agent",
    Flavour.STACKSTATE: "/opt/stackstate-agent/bin/stackstate-cluster-agent",
}
NODE_HELPERS = {
    Flavour.DATADOG: "/opt/datadog-agent/bin/agent/agent",
    Flavour.STACKSTATE: "/opt/stackstate-agent/bin/agent/agent",
}
_SECRET_MODE = 0o400
_READABLE = 0o444


_SECRET_VOLUME = "enc-secret-"  # noqa: S105 - what begins so, like the two names above, is an injection's


def is_our_volume(volume: Any) -> bool:
    """Tell whether a volume of a pod is an injection's; of a Secret only one of the shape that is written here."""
    name, secret = text(volume, "name"), mapping(volume, "secret")
    declared = secret.get("optional") is True and secret.get("defaultMode") == _SECRET_MODE
    return name in (BIN_VOLUME, PAYLOAD_VOLUME) or (name.startswith(_SECRET_VOLUME) and declared)


def is_our_mount(mount: Any) -> bool:
    """Tell whether a mount of a container is an injection's."""
    name = text(mount, "name")
    folder = f"/etc/enc/secrets/{name.removeprefix(_SECRET_VOLUME)}"
    return name == BIN_VOLUME or (name.startswith(_SECRET_VOLUME) and text(mount, "mountPath") == folder)


def config_map_name(resolver: Resolver) -> str:
    """Return the name of the ConfigMap that holds a resolver: its content's digest, so that it never changes."""
    return f"enc-resolver-{resolver.digest}"


def config_map(namespace: str, resolver: Resolver, install: str = OWNER) -> Mapping[str, Any]:
    """Return the immutable ConfigMap that holds a resolver; `install` is the value of its label."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": config_map_name(resolver),
            "namespace": namespace,
            "labels": {MANAGED_BY: install, "app.kubernetes.io/managed-by": OWNER},
        },
        "immutable": True,
        "data": dict(sorted(resolver.files.items())),
    }


def volumes(target: TargetFact, resolver: Resolver) -> list[Mapping[str, Any]]:
    """Return the volumes. The payload is optional: a missing ConfigMap must not keep an Agent from starting."""
    payload = {"name": config_map_name(resolver), "optional": True, "defaultMode": _READABLE}
    return [
        {"name": BIN_VOLUME, "emptyDir": {}},
        {"name": PAYLOAD_VOLUME, "configMap": payload},
        *(_secret_volume(volume) for volume in target.volumes),
    ]


def _secret_volume(volume: SecretVolume) -> Mapping[str, Any]:
    secret = {
        "secretName": volume.secret_name,
        "items": [{"key": key, "path": key} for key in volume.keys],
        "defaultMode": _SECRET_MODE,
        "optional": True,
    }
    return {"name": f"{_SECRET_VOLUME}{volume.name}", "secret": secret}


def mounts(target: TargetFact) -> list[Mapping[str, Any]]:
    """Return the mounts of a container that resolves handles."""
    return [
        {"name": BIN_VOLUME, "mountPath": BIN_PATH, "readOnly": True},
        *(
            {"name": f"{_SECRET_VOLUME}{volume.name}", "mountPath": volume.mount_path, "readOnly": True}
            for volume in target.volumes
        ),
    ]


def init_container(
    main: Mapping[str, Any], component: Component, target: TargetFact, resolver: Resolver, record: str
) -> Mapping[str, Any]:
    """Return the init container: the Agent's own image and user, so that owner and rights suit the Agent's check.

    `record` is what the injection sets, and what stood there before. The script stands in the pod, not in the ConfigMap: whoever may edit that must not run code as the Agent.
    """
    container: dict[str, Any] = {"name": INIT_CONTAINER, "image": main.get("image", "")}
    if "imagePullPolicy" in main:
        container["imagePullPolicy"] = main["imagePullPolicy"]
    container["command"] = [*resolver.command, *install_arguments(component, target)]
    container["env"] = [{"name": RECORD, "value": record}]
    container["securityContext"] = {**_user_of(main), "allowPrivilegeEscalation": False}
    if main.get("resources"):
        container["resources"] = main["resources"]  # a quota may demand them; the pod's sum stays the same
    container["volumeMounts"] = [
        {"name": BIN_VOLUME, "mountPath": BIN_PATH},
        {"name": PAYLOAD_VOLUME, "mountPath": PAYLOAD_PATH, "readOnly": True},
    ]
    return container


def install_arguments(component: Component, target: TargetFact) -> list[str]:
    """Name the node Agent's own helper, and no interpreter, where the built-in resolver is asked for."""
    if component is Component.CLUSTER or target.mode == "bundled":
        return []
    return [PAYLOAD_PATH, BIN_PATH, "-", NODE_HELPERS[target.flavour]]


def arguments(component: Component, target: TargetFact, root: str, folders: tuple[str, ...]) -> str:
    """Return the arguments of the installed command: the guard takes its helper, and both take the folders that may be read."""
    opened = dict.fromkeys([*(volume.mount_path for volume in target.volumes), *folders])
    allowed = [argument for folder in opened for argument in ("--allow-root", folder)]
    if component is Component.CLUSTER or target.mode == "builtin":
        helpers = CLUSTER_HELPERS if component is Component.CLUSTER else NODE_HELPERS
        return " ".join(
            [helpers[target.flavour], *allowed]
        )  # said, since arguments in the main file would count otherwise
    if not root and not allowed:
        return ""
    return " ".join(["read", *([root] if root else []), "--with-provider-prefixes", *allowed])


_USER_FIELDS = (
    "runAsUser",
    "runAsGroup",
    "runAsNonRoot",
    "seccompProfile",
    "seLinuxOptions",
    "readOnlyRootFilesystem",
)


def _user_of(main: Mapping[str, Any]) -> dict[str, Any]:
    context = main.get("securityContext")
    found = context if isinstance(context, dict) else {}
    kept = {field: found[field] for field in _USER_FIELDS if field in found}
    return {"readOnlyRootFilesystem": True, **kept, "capabilities": {"drop": ["ALL"]}}


ALLOWED = "SECRET_ALLOWED_K8S_NAMESPACE"
OWN_NAMESPACE = "SECRET_SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE"
BACKEND_COMMAND = "SECRET_BACKEND_COMMAND"


def variables(
    prefix: str, target: TargetFact, namespaces: tuple[str, ...], arguments_: str
) -> dict[str, str]:
    """Return the variables of a container that resolves handles; `prefix` is `DD_` or `STS_`."""
    found = {
        f"{prefix}{BACKEND_COMMAND}": COMMAND,
        f"{prefix}SECRET_BACKEND_ARGUMENTS": arguments_,
        **limits(prefix, target),
    }
    if target.cross_namespace and namespaces:
        found[f"{prefix}{ALLOWED}"] = " ".join(namespaces)
    return found


def limits(prefix: str, target: TargetFact) -> dict[str, str]:
    """Return those of them that an AgentTarget says by itself, whichever backend runs."""
    found = {f"{prefix}SECRET_BACKEND_TIMEOUT": str(target.timeout)}
    if target.refresh_interval:
        found[f"{prefix}SECRET_REFRESH_INTERVAL"] = str(target.refresh_interval)
    if not target.cross_namespace:
        found[f"{prefix}{OWN_NAMESPACE}"] = "true"
    return found
