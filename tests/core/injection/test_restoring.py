"""Taking an injection out again: what was there before comes back, exactly."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessing import NODE_AGENT, document
from enc_operator.core.injection.restoring import restore
from enc_operator.core.inventory import Component, Flavour, SecretVolume, TargetFact
from injecting import TARGET, VOLUME, edited, inject, pod_spec

NAMES = [
    "DD_SECRET_BACKEND_COMMAND",
    "DD_SECRET_BACKEND_ARGUMENTS",
    "DD_SECRET_BACKEND_TIMEOUT",
    "DD_SECRET_REFRESH_INTERVAL",
    "DD_SECRET_SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE",
    "DD_SECRET_ALLOWED_K8S_NAMESPACE",
    "OTHER",
    "ANOTHER",
]
SCRIPT = "/readsecret_multiple_providers.sh"


def variable(name: str, value: str) -> dict[str, str]:
    """Return a variable; a backend command is never one of the user's own."""
    return {"name": name, "value": SCRIPT if name.endswith("COMMAND") else value}


ENV = st.lists(
    st.builds(variable, st.sampled_from(NAMES), st.sampled_from(["true", "25", "60", "a", "a b", ""])),
    max_size=6,
    unique_by=lambda item: item["name"],
)
MOUNTS = st.lists(
    st.builds(
        lambda name: {"name": name, "mountPath": f"/{name}"}, st.sampled_from(["a", "b", "enc-secret-x"])
    ),
    max_size=3,
    unique_by=lambda item: item["name"],
)
VOLUMES = st.lists(
    st.builds(lambda name: {"name": name, "emptyDir": {}}, st.sampled_from(["a", "b", "enc-secret-x"])),
    max_size=3,
    unique_by=lambda item: item["name"],
)
INITS = st.lists(
    st.builds(lambda name: {"name": name, "image": "i"}, st.sampled_from(["init", "other"])),
    max_size=2,
    unique_by=lambda item: item["name"],
)
TARGETS = st.builds(
    lambda cross_namespace, refresh_interval, volumes, mode: replace(
        TARGET, cross_namespace=cross_namespace, refresh_interval=refresh_interval, volumes=volumes, mode=mode
    ),
    st.booleans(),
    st.sampled_from([0, 60]),
    st.sampled_from([(), (VOLUME,), (SecretVolume("other", "s", ("k",)), VOLUME)]),
    st.sampled_from(["bundled", "builtin"]),
)
NAMESPACES = st.sampled_from([(), ("a",), ("a", "b")])


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a workload with up to three containers."""
    manifest: dict[str, Any] = copy.deepcopy(dict(document(NODE_AGENT)))
    spec = manifest["spec"]["template"]["spec"]
    spec["containers"] = [
        compact({"name": name, "image": image, "env": draw(ENV), "volumeMounts": draw(MOUNTS)})
        for name, image in [("agent", "agent:7"), ("trace-agent", "agent:7"), ("system-probe", "agent:7")]
    ]
    spec |= {"volumes": draw(VOLUMES), "initContainers": draw(INITS)}
    manifest["spec"]["template"]["spec"] = compact(spec)
    return manifest


def compact(fields: dict[str, Any]) -> dict[str, Any]:
    """Leave out empty lists, as the API server does."""
    return {key: value for key, value in fields.items() if value != []}


def stored(found: Any) -> Any:
    """Return what the API server makes of it, which keeps no empty text."""
    if isinstance(found, list):
        return [stored(each) for each in found]
    if isinstance(found, dict):
        return {key: stored(value) for key, value in found.items() if value != ""}
    return found


def spec_of(manifest: Any) -> dict[str, Any]:
    """Return the pods' specification."""
    found: dict[str, Any] = manifest["spec"]["template"]["spec"]
    return found


@given(manifests(), st.lists(st.tuples(TARGETS, NAMESPACES), min_size=1, max_size=3))
def test_what_was_there_comes_back(
    manifest: dict[str, Any], history: list[tuple[TargetFact, tuple[str, ...]]]
) -> None:
    """However often and for whatever targets it was injected; and each injection twice is that injection once."""
    found: Any = manifest
    for target, namespaces in history:
        found = inject(found, target, namespaces=namespaces).manifest
        assert inject(found, target, namespaces=namespaces).changes == ()

    assert stored(restore(spec_of(found))) == stored(spec_of(manifest))
    assert restore(spec_of(manifest)) == spec_of(manifest)


@given(manifests(), TARGETS, TARGETS, st.sampled_from(NAMES), st.sampled_from(["mine", "30"]))
def test_what_the_user_wrote_later_stays(
    manifest: dict[str, Any], first: TargetFact, second: TargetFact, name: str, value: str
) -> None:
    """A variable that somebody replaced or added after the injection is his, also after the next one."""
    once = copy.deepcopy(spec_of(inject(manifest, first, namespaces=("a",)).manifest))
    changed = {"name": name, "value": SCRIPT if name.endswith("COMMAND") else value}
    container = once["containers"][0]
    container["env"] = [each for each in container.get("env", []) if each["name"] != name] + [changed]
    again = {**manifest, "spec": {"template": {**manifest["spec"]["template"], "spec": once}}}
    restored = restore(spec_of(inject(again, second, namespaces=("a",)).manifest))

    assert stored(changed) in stored(restored["containers"][0]["env"])


@given(manifests(), TARGETS, TARGETS)
def test_another_target_from_anywhere(
    manifest: dict[str, Any], first: TargetFact, second: TargetFact
) -> None:
    """What comes of a target does not depend on what was injected before, but for the order of lists."""
    before = inject(manifest, first, namespaces=("a", "c")).manifest
    assert before is not None

    again = pod_spec(inject(before, second, namespaces=("b",)))
    directly = pod_spec(inject(manifest, second, namespaces=("b",)))

    assert unordered(again) == unordered(directly)


def unordered(found: Any) -> Any:
    """Return a value in which the order of named things does not count."""
    if isinstance(found, list) and all(isinstance(each, dict) for each in found):
        return sorted((unordered(each) for each in found), key=str)
    if isinstance(found, dict):
        return {key: unordered(value) for key, value in found.items()}
    return found


@pytest.mark.parametrize(
    "component", [Component.NODE, Component.CLUSTER], ids=["the node Agent", "the Cluster Agent"]
)
@pytest.mark.parametrize("flavour", list(Flavour))
def test_the_script_comes_back(component: Component, flavour: Flavour) -> None:
    """The command that stood there before and its arguments are there again, in their place."""
    prefix = "DD_" if flavour is Flavour.DATADOG else "STS_"
    env = [
        {"name": f"{prefix}SECRET_BACKEND_COMMAND", "value": SCRIPT},
        {"name": f"{prefix}SECRET_BACKEND_ARGUMENTS", "value": "/etc/secrets"},
        {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
    ]
    manifest = edited(NODE_AGENT, env=env)

    found = inject(manifest, replace(TARGET, volumes=(VOLUME,)), component, flavour=flavour)

    assert pod_spec(found)["containers"][0]["env"] != env
    assert restore(pod_spec(found)) == spec_of(manifest)


def test_what_somebody_else_put_there_stays() -> None:
    """Volumes and mounts whose name only looks like an injection's, and what is no object at all, are left."""
    manifest = edited(NODE_AGENT, env=["text"], volumeMounts=[{"name": "enc-secret-a", "mountPath": "/a"}])
    spec = spec_of(manifest)
    spec["volumes"] = [{"name": "enc-secret-a", "secret": {"secretName": "a"}}]
    spec["containers"].append("no container")

    assert restore(spec) == spec


def test_a_command_without_a_record_goes() -> None:
    """Our command is nobody else's, also where the record was taken away."""
    found = copy.deepcopy(pod_spec(inject(document(NODE_AGENT))))
    found["initContainers"][0]["env"] = []

    assert "DD_SECRET_BACKEND_COMMAND" not in [
        each["name"] for each in restore(found)["containers"][0]["env"]
    ]
