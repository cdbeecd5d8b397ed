"""What people do with objects that others made, or in others' name: each act by who may not, and beside it one that must be possible."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from e2e.scenarios import admission_ways as ways
from e2e.scenarios.admission_ways import KEY, MERGE, patch_of, pod, service, stored
from e2e.scenarios.rendered_chart import Manifest
from e2e.scenarios.webhooked_world import Said, Webhooked

Act = Callable[[Webhooked], Said]
_OURS = "/apis/enc-operator.io/v1alpha1"
_IDENTIFIER = "ad.datadoghq.com/app.check.id"
_SELECTOR = {"selector": {"app": "another"}}


def own(world: Webhooked, **instance: Any) -> str:
    """Return a template with a handle that every pod of the shop may have."""
    return ways.checks(f"ENC[{world.tenants.handle('shop', 'db')}]", **instance)


def foreign(world: Webhooked) -> str:
    """Return a template with a handle that nobody there may have."""
    return ways.checks(f"ENC[{world.tenants.handle('bank', 'db')}]")


def by(who: str, way: ways.Way) -> Act:
    """Return the act of putting the shop's own handle onto something."""
    return lambda world: way(world, who, own(world))


def annotated(who: str, key: str, **instance: Any) -> Act:
    """Annotate a pod that has a template with the same handle already: anew, or something else beside it."""

    def act(world: Webhooked) -> Said:
        path = stored(world, pod(world, own(world)))
        return world.send(who, "PATCH", path, patch_of(MERGE, key, own(world, **instance)), MERGE)

    return act


def reached_elsewhere(who: str, text: str | None = "own") -> Act:
    """Have a Service with a template, or with none, lead to other pods."""

    def act(world: Webhooked) -> Said:
        path = stored(world, service(world, text and own(world)))
        return world.send(who, "PATCH", path, {"spec": _SELECTOR}, MERGE)

    return act


def identified(identifier: str, key: str = _IDENTIFIER) -> Act:
    """Create a pod that says whose templates its container is sent."""

    def act(world: Webhooked) -> Said:
        return world.send("developer", "POST", world.path("pods"), pod(world, identifier, key))

    return act


def identified_later(identifier: str) -> Act:
    """Have a pod say so that is there already."""

    def act(world: Webhooked) -> Said:
        path = stored(world, pod(world, None))
        return world.send("developer", "PATCH", path, patch_of(MERGE, _IDENTIFIER, identifier), MERGE)

    return act


def identified_by_binding(identifier: str) -> Act:
    """Have a Binding bring it."""

    def act(world: Webhooked) -> Said:
        path = stored(world, pod(world, None))
        binding = ways.binding_of(path, None)
        binding["metadata"]["annotations"] = {_IDENTIFIER: identifier}
        return world.send("developer", "POST", f"{path}/binding", binding)

    return act


def debugged(world: Webhooked) -> Said:
    """Add an ephemeral container to a pod with a template, along with an annotation, which the API server drops."""
    path = stored(world, pod(world, own(world)))
    changed = world.send("developer", "GET", path).stored
    changed["spec"]["ephemeralContainers"] = [{"name": "debugger", "image": "busybox"}]
    changed["metadata"]["annotations"]["ad.datadoghq.com/debugger.checks"] = foreign(world)
    said = world.send("developer", "PUT", f"{path}/ephemeralcontainers", changed)
    assert list(world.send("developer", "GET", path).stored["metadata"]["annotations"]) == [KEY]
    return said


def configured(write: Callable[[str], Manifest], where: str, who: str = "platform") -> Act:
    """Bring in a text with a handle as the Agents' configuration."""

    def act(world: Webhooked) -> Said:
        named = {"name": world.fresh("confd")}
        handle = f"ENC[{world.tenants.handle(where, 'db')}]"
        manifest = {"kind": "ConfigMap", "metadata": named, **write(handle)}
        return world.send(who, "POST", world.path("configmaps", "agents"), manifest)

    return act


def plain(handle: str) -> Manifest:
    """Return a check's file."""
    return {"data": {"a.yaml": f"instances: [{{p: '{handle}'}}]"}}


def escaped(handle: str) -> Manifest:
    """Return one with an escape of YAML."""
    return {"data": {"a.yaml": f'instances: [{{p: "{handle.replace("E", chr(92) + "x45", 1)}"}}]'}}


def tagged(handle: str) -> Manifest:
    """Return one with a binary scalar of YAML."""
    return {"data": {"a.yaml": f"instances: [{{p: !!binary {base64.b64encode(handle.encode()).decode()}}}]"}}


def binary(handle: str) -> Manifest:
    """Return one as bytes."""
    return {"binaryData": {"a.yaml": base64.b64encode(plain(handle)["data"]["a.yaml"].encode()).decode()}}


def wide(handle: str) -> Manifest:
    """Return one in UTF-16, which YAML may be written in."""
    text = plain(handle)["data"]["a.yaml"].encode("utf-16")
    return {"binaryData": {"a.yaml": base64.b64encode(text).decode()}}


def renamed(handle: str) -> Manifest:
    """Return one under a key that a volume's items could rename."""
    return {"data": {"notes": plain(handle)["data"]["a.yaml"]}}


def granted(who: str, namespace: str, **spec: Any) -> Act:
    """Grant a Secret of a namespace to the shop."""

    def act(world: Webhooked) -> Said:
        grant = world.tenants.grant(world.fresh("grant"), namespace, "vault", **spec)
        return granted_as(world, who, grant)

    return act


def granted_as(world: Webhooked, who: str, grant: Manifest) -> Said:
    """Store a grant in its namespace as somebody."""
    path = f"{_OURS}/namespaces/{grant['metadata']['namespace']}/secretgrants"
    return world.send(who, "POST", path, grant)


def label_own_namespace(world: Webhooked, labels: Mapping[str, str]) -> None:
    """Label the shop as its developer, who may change no more of it than its status."""
    path = f"/api/v1/namespaces/{world.names['shop']}/status"
    said = world.send("developer", "PATCH", path, {"metadata": {"labels": labels}}, MERGE)
    assert said.accepted, said.message


def granted_by_cluster(who: str, *namespaces: str) -> Act:
    """Grant a Secret of some namespaces, or of all, to the shop."""

    def act(world: Webhooked) -> Said:
        opened = {
            "secretName": "vault",
            "keys": ["*"],
            "namespaces": [world.names.get(each, each) for each in namespaces],
        }
        grant = world.tenants.grant(
            f"{world.names['shop']}-{world.fresh('grant')}", "bank", "vault", to=[opened]
        )
        grant["kind"] = "ClusterSecretGrant"
        del grant["metadata"]["namespace"]
        said = world.send(who, "POST", f"{_OURS}/clustersecretgrants", grant)
        world.send("admin", "DELETE", f"{_OURS}/clustersecretgrants/{grant['metadata']['name']}")
        return said

    return act


def mounted(who: str) -> Act:
    """Have the Agents mount a Secret."""

    def act(world: Webhooked) -> Said:
        volume = {"name": "keys", "secretName": "keys", "keys": ["a"], "mountPath": "/etc/keys"}
        target = world.tenants.target(name=world.fresh("target"), secretVolumes=[volume])
        path = f"{world.path('agenttargets', 'agents', _OURS)}?dryRun=All"
        return world.send(who, "POST", path, target)

    return act
