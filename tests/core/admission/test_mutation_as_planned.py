"""The mutating door held to the plan: whatever workload comes in."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.admission.model import Answer, Verdict
from enc_operator.core.assessment import assess
from enc_operator.core.injection.planning import Injection
from living import Manifest, target
from mutating import (
    BUILTIN,
    COMMAND,
    FILES,
    asking_world,
    mutated,
    patch_of,
    patched,
    pod_spec,
    stored,
    workload,
)
from reviewing import inventory

VARIABLES: list[Manifest] = [
    BUILTIN, COMMAND, {**COMMAND, "value": "/mine"}, {"name": "DD_SECRET_BACKEND_ARGUMENTS", "value": ""},
    {"name": "DD_SECRET_BACKEND_ARGUMENTS", "value": "old"}, {"name": "DD_SECRET_BACKEND_TIMEOUT", "value": "25"},
    {"name": "STS_SECRET_BACKEND_TIMEOUT", "value": "25"}, {"name": "DD_SECRET_ALLOWED_K8S_NAMESPACE", "value": "a"},
    {"name": "OTHER", "value": "ENC[k8s_secret@dd/a/key]"}, {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
]  # fmt: skip
ENV = st.lists(st.sampled_from(VARIABLES), max_size=3, unique_by=lambda item: str(item["name"]))
MOUNTS = st.lists(
    st.sampled_from([*({"name": "confd", "mountPath": path} for path in ("/1", "/2", "/etc/datadog-agent/conf.d")),
                     {"name": "enc-resolver", "mountPath": "/etc/enc/bin", "readOnly": True}]),
    max_size=3,
    unique_by=str,
)  # fmt: skip
CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["agent", "cluster-agent", "trace-agent", "system-probe", "proxy"]),
            "image": st.sampled_from(["example.com/agent:7", "stackstate/agent:2", "envoy:1"]),
        },
        optional={"env": ENV, "volumeMounts": MOUNTS, "securityContext": st.just({"runAsUser": 100})},
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda item: str(item.get("name")),
)
VOLUMES = [{"name": "confd", "configMap": {"name": "confd"}}, {"name": "enc-resolver", "emptyDir": {}}]
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "resolver": st.fixed_dictionaries(
            {"mode": st.sampled_from(["bundled", "builtin", "none"])},
            optional={"refreshInterval": st.just(300), "timeout": st.just(10)},
        ),
        "secretVolumes": st.just(
            [{"name": "tls", "secretName": "tls", "keys": ["ca"], "allowedFrom": [{"namespace": "shop", "serviceAccounts": ["*"]}]}]
        ),
        "flavour": st.just("stackstate"),
        "workloads": st.just([{"kind": "DaemonSet", "name": "agent", "component": "agent"}]),
    },
)  # fmt: skip


@st.composite
def workloads(draw: st.DrawFn) -> Manifest:
    """Draw an Agent's workload, injected in part, by somebody or not at all."""
    manifest = workload(draw(st.sampled_from(["agent", "cluster-agent"])))
    spec = pod_spec(manifest)
    spec["containers"] = copy.deepcopy(draw(CONTAINERS))
    spec["volumes"] = copy.deepcopy(draw(st.lists(st.sampled_from(VOLUMES), unique_by=str)))
    if not spec["volumes"] and draw(st.booleans()):
        del spec["volumes"]
    return manifest


def planned(manifest: Manifest, spec: dict[str, Any]) -> Injection | None:
    """Return what `encctl plan` shows for a workload."""
    wanted = {"crossNamespace": False, "resolver": {"mode": "builtin"}, **spec}
    found = assess(inventory(target("Full", **wanted), *FILES, manifest)).injections
    return found[0] if found else None


@given(workloads(), SPECS)
def test_as_planned_or_not_at_all(manifest: Manifest, spec: dict[str, Any]) -> None:
    """With the patch, which only adds, a workload is what the plan shows; without one it is so already, or says why not."""
    known, before = asking_world(**spec), copy.deepcopy(manifest)
    answer = mutated(manifest, known)
    injection = planned(manifest, spec)

    assert manifest == before
    if answer.verdict is Verdict.INJECTED:
        assert injection is not None
        assert injection.manifest is not None
        after = patched(manifest, answer)
        assert without_removed(after, injection) == pod_spec(injection.manifest)
        assert {**after, "spec": None} == {**manifest, "spec": None}
        assert_adds_only(manifest, answer)
        assert mutated(after, known).verdict is Verdict.NOT_JUDGED
        assert mutated(stored(after), known).verdict is Verdict.NOT_JUDGED
    elif answer.verdict is Verdict.NOT_JUDGED:
        assert (
            injection is None
            or not injection.changes
            or without_removed(manifest, injection) == pod_spec(injection.manifest or {})
        )
    else:
        assert answer.document["response"]["warnings"]


def without_removed(manifest: Manifest, injection: Injection) -> Manifest:
    """Return the pods' specification without variables that the plan takes away, which the door leaves."""
    found = copy.deepcopy(pod_spec(manifest))
    for container, wanted in zip(
        found["containers"], pod_spec(injection.manifest or {})["containers"], strict=True
    ):
        if "env" in container:
            container["env"] = [each for each in container["env"] if each in wanted["env"]]
    return found


def assert_adds_only(manifest: Manifest, answer: Answer) -> None:
    """Check that every operation puts something where nothing was: at the end of a list, or as a new field."""
    for operation in patch_of(answer):
        assert operation["op"] == "add"
        *steps, last = operation["path"].split("/")[1:]
        place: Any = manifest
        for step in steps:
            place = place[int(step) if isinstance(place, list) else step]
        assert (last == "-") if isinstance(place, list) else not place.get(last)
