"""The ways by which a template's text gets onto an object of the API server; what text it is, and who writes it, the tests say."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from e2e.scenarios.rendered_chart import Manifest
from e2e.scenarios.webhooked_world import Said, Webhooked

KEY = "ad.datadoghq.com/app.checks"
MERGE, STRATEGIC, JSON_PATCH = "merge-patch+json", "strategic-merge-patch+json", "json-patch+json"
APPLY = "apply-patch+yaml"
_FIELD_MANAGER = "fieldManager=somebody&force=true"
_APPS, _BATCH = "/apis/apps/v1", "/apis/batch/v1"
_SPEC = {"restartPolicy": "Always", "containers": [{"name": "app", "image": "redis:8"}]}

Way = Callable[[Webhooked, str, str], Said]
"""Somebody puts a text onto something: the world, who, the text."""


def pod(world: Webhooked, text: str | None, key: str = KEY, **metadata: Any) -> Manifest:
    """Return a pod of the shop with a text in an annotation, or with none."""
    placed = {"namespace": world.names["shop"], "name": world.fresh(), "annotations": notes(key, text)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {**placed, **metadata}, "spec": _SPEC}


def service(world: Webhooked, text: str | None, key: str = "ad.datadoghq.com/service.checks") -> Manifest:
    """Return a Service of the shop with a text in an annotation, or with none."""
    placed = {"namespace": world.names["shop"], "name": world.fresh("svc"), "annotations": notes(key, text)}
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": placed, "spec": spec}


def checks(handle: str, **instance: object) -> str:
    """Return a template with a handle in it."""
    return json.dumps({"redisdb": {"instances": [{"password": handle, **instance}]}})


def notes(key: str, text: str | None) -> dict[str, str]:
    """Return annotations with a text, or none."""
    return {} if text is None else {key: text}


def stored(world: Webhooked, manifest: Manifest) -> str:
    """Store an object as the administrator and return its path."""
    path = world.path(f"{manifest['kind'].lower()}s")
    said = world.send("admin", "POST", path, manifest)
    assert said.accepted, said
    return f"{path}/{manifest['metadata']['name']}"


def creation(world: Webhooked, who: str, text: str) -> Said:
    """Create a pod."""
    return world.send(who, "POST", world.path("pods"), pod(world, text))


def creation_without_name(world: Webhooked, who: str, text: str) -> Said:
    """Create a pod whose name the API server makes."""
    manifest = pod(world, text, generateName="web-")
    del manifest["metadata"]["name"]
    return world.send(who, "POST", world.path("pods"), manifest)


def creation_by_apply(world: Webhooked, who: str, text: str) -> Said:
    """Create a pod by server-side apply."""
    manifest = pod(world, text)
    path = f"{world.path('pods')}/{manifest['metadata']['name']}?{_FIELD_MANAGER}"
    return world.send(who, "PATCH", path, manifest, APPLY)


def replacement(subresource: str = "") -> Way:
    """Replace a pod, or a part of it."""

    def send(world: Webhooked, who: str, text: str) -> Said:
        path = stored(world, pod(world, None))
        found = world.send(who, "GET", path).stored
        found["metadata"]["annotations"] = notes(KEY, text)
        return world.send(who, "PUT", path + subresource, found)

    return send


def patch(kind: str, subresource: str = "") -> Way:
    """Patch a pod, or a part of it."""

    def send(world: Webhooked, who: str, text: str) -> Said:
        path = stored(world, pod(world, None))
        return world.send(who, "PATCH", path + subresource, patch_of(kind, KEY, text), kind)

    return send


def patch_of(kind: str, key: str, text: str) -> Any:
    """Return the patch that annotates an object that has no annotations."""
    if kind == JSON_PATCH:
        return [{"op": "add", "path": "/metadata/annotations", "value": {key: text}}]
    return {"metadata": {"annotations": {key: text}}}


def apply(world: Webhooked, who: str, text: str) -> Said:
    """Annotate a pod by server-side apply, which brings nothing but that."""
    path = stored(world, pod(world, None))
    metadata = {"name": path.rpartition("/")[2], "annotations": {KEY: text}}
    partial = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
    return world.send(who, "PATCH", f"{path}?{_FIELD_MANAGER}", partial, APPLY)


def kubectl_annotate(world: Webhooked, who: str, text: str) -> Said:
    """Annotate a pod with `kubectl annotate`."""
    name = stored(world, pod(world, None)).rpartition("/")[2]
    return world.kubectl(who, "-n", world.names["shop"], "annotate", "pod", name, f"{KEY}={text}")


def kubectl_apply(*options: str) -> Way:
    """Apply a pod with `kubectl apply`."""

    def send(world: Webhooked, who: str, text: str) -> Said:
        return world.kubectl(who, "apply", *options, "-f", "-", text=json.dumps(pod(world, text)))

    return send


def binding(world: Webhooked, who: str, text: str) -> Said:
    """Bind a pod to a node, with annotations that the API server puts onto it."""
    path = stored(world, pod(world, None))
    return world.send(who, "POST", f"{path}/binding", binding_of(path, text))


def binding_of_a_namespace(world: Webhooked, who: str, text: str) -> Said:
    """Do the same by the collection `bindings`."""
    path = stored(world, pod(world, None))
    return world.send(who, "POST", world.path("bindings"), binding_of(path, text))


def large_binding(world: Webhooked, who: str, text: str) -> Said:
    """Bind a pod with more text than a condition of the API server may read; what fails there would be let through unseen."""
    path = stored(world, pod(world, None))
    found = binding_of(path, text)
    found["metadata"]["annotations"] |= {f"ad.datadoghq.com/{index}": "x" * 330_000 for index in range(4)}
    return world.send(who, "POST", f"{path}/binding", found)


def binding_of(path: str, text: str | None) -> Manifest:
    """Return a Binding of a pod to a node."""
    metadata = {"name": path.rpartition("/")[2], "annotations": notes(KEY, text)}
    target = {"apiVersion": "v1", "kind": "Node", "name": "nowhere"}
    return {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": target}


def for_a_later_container(world: Webhooked, who: str, text: str) -> Said:
    """Create a pod with a template for a container that somebody may add later."""
    manifest = pod(world, text, "ad.datadoghq.com/debugger.checks")
    return world.send(who, "POST", world.path("pods"), manifest)


def for_a_container_that_hides_it(world: Webhooked, who: str, text: str) -> Said:
    """Create a pod with a legacy template that the newer one beside it puts out of force."""
    manifest = pod(world, text, "service-discovery.datadoghq.com/app.instances")
    manifest["metadata"]["annotations"][KEY] = "{}"
    return world.send(who, "POST", world.path("pods"), manifest)


def ending_pod(world: Webhooked, who: str, text: str) -> Said:
    """Annotate a pod that is being deleted and still runs; afterwards its finalizer goes, which must be possible."""
    path = stored(world, pod(world, None, finalizers=["example.com/stay"]))
    assert world.send(who, "DELETE", path).accepted
    said = world.send(who, "PATCH", path, patch_of(MERGE, KEY, text), MERGE)
    freed = world.send(who, "PATCH", path, {"metadata": {"finalizers": None}}, MERGE)
    assert freed.accepted, freed
    return said


def template(kind: str) -> Way:
    """Create what makes pods."""

    def send(world: Webhooked, who: str, text: str) -> Said:
        path, manifest = workload(world, kind, text)
        return world.send(who, "POST", path, manifest)

    return send


def template_patch(kind: str) -> Way:
    """Patch the template of what makes pods."""

    def send(world: Webhooked, who: str, text: str) -> Said:
        path, manifest = workload(world, kind, None)
        assert (said := world.send("admin", "POST", path, manifest)).accepted, said
        _, changed = workload(world, kind, text)
        change = {field: changed[field] for field in ("spec", "template") if field in changed}
        return world.send(who, "PATCH", f"{path}/{manifest['metadata']['name']}", change, MERGE)

    return send


def workload(world: Webhooked, kind: str, text: str | None) -> tuple[str, Manifest]:
    """Return an object that makes pods with an annotation, and the path of its collection; no pod comes of it."""
    labels = {"app": "web"}
    inner = {"metadata": {"labels": labels, "annotations": notes(KEY, text)}, "spec": _SPEC}
    once = {"suspend": True, "template": {**inner, "spec": {**_SPEC, "restartPolicy": "Never"}}}
    selector = {"selector": {"matchLabels": labels}, "template": inner}
    group, content = {
        "ReplicaSet": (_APPS, {"spec": {"replicas": 0, **selector}}),
        "Deployment": (_APPS, {"spec": {"replicas": 0, **selector}}),
        "DaemonSet": (_APPS, {"spec": selector}),
        "StatefulSet": (_APPS, {"spec": {"replicas": 0, "serviceName": "web", **selector}}),
        "Job": (_BATCH, {"spec": once}),
        "CronJob": (_BATCH, {"spec": {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": once}}}),
        "ReplicationController": ("/api/v1", {"spec": {"replicas": 0, "selector": labels, "template": inner}}),
        "PodTemplate": ("/api/v1", {"template": inner}),
    }[kind]  # fmt: skip
    named: Mapping[str, Any] = {"kind": kind, "metadata": {"name": world.fresh("made")}}
    return world.path(f"{kind.lower()}s", group=group), {**named, **content}


def service_creation(key: str) -> Way:
    """Create a Service."""

    def send(world: Webhooked, who: str, text: str) -> Said:
        return world.send(who, "POST", world.path("services"), service(world, text, key))

    return send


def service_patch(key: str, subresource: str = "") -> Way:
    """Patch a Service, or a part of it."""

    def send(world: Webhooked, who: str, text: str) -> Said:
        path = stored(world, service(world, None))
        return world.send(who, "PATCH", path + subresource, patch_of(MERGE, key, text), MERGE)

    return send
