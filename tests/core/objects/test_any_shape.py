"""Whatever stands in a manifest, reading it never fails."""

import copy
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from assessing import ROOT
from enc_operator.core.objects.pods import TEMPLATES
from reading_objects import read

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 1)
    | st.sampled_from(["", "x", "ENC[x]", "é", "9999-99-99T00:00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["", "name", "kind", "a"]), inner, max_size=2)
    ),
    max_leaves=4,
)
CONTAINERS = [{"name": "a", "image": "datadog/agent:7", "env": [{"name": "DD_API_KEY", "value": "ENC[x]"}]}]
POD = {
    "metadata": {
        "annotations": {"ad.datadoghq.com/a.checks": "{}"},
        "labels": {"agent.datadoghq.com/component": "agent"},
    },
    "spec": {"serviceAccountName": "a", "containers": CONTAINERS, "initContainers": CONTAINERS},
    "status": {"podIP": "10.0.0.1"},
}


def _pods() -> list[dict[str, Any]]:
    found = []
    for kind, path in TEMPLATES.items():
        inner: Any = POD
        for step in reversed(path):
            inner = {step: inner}
        found.append({"apiVersion": "v1", "kind": kind, **inner})
    return found


MANIFESTS: list[dict[str, Any]] = [
    *_pods(),
    {
        "kind": "Service",
        "metadata": POD["metadata"],
        "spec": {"selector": {"a": "b"}, "clusterIP": "10.0.0.1"},
    },
    {"kind": "ConfigMap", "data": {"a": "b"}, "binaryData": {"c": "eA=="}},
    {"kind": "Secret", "data": {"a": "eA=="}, "stringData": {"b": "c"}},
    {"kind": "Namespace", "metadata": {"name": "a", "labels": {"b": "c"}}},
    {
        "kind": "ClusterRole",
        "rules": [{"verbs": ["get"]}],
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {}}]},
    },
    {
        "kind": "RoleBinding",
        "roleRef": {"kind": "Role", "name": "a"},
        "subjects": [{"kind": "Group", "name": "b"}],
    },
    {"kind": "DatadogAgent", "spec": {"override": {}}},
    {
        "kind": "DatadogInstrumentation",
        "spec": {"targetRef": {"kind": "Job", "name": "a"}, "config": {"checks": []}},
    },
    *(yaml.safe_load(file.read_text()) for file in sorted((ROOT / "tests/valid").rglob("*.yaml"))),
    {
        "kind": "List",
        "apiVersion": "v1",
        "items": [{"kind": "Pod", **POD}, {"kind": "Secret", "data": {"a": "b"}}],
    },
]


def replace_somewhere(manifest: Any, value: Any, data: st.DataObject) -> Any:
    """Put a value at some place of a manifest."""
    members = (
        list(manifest)
        if isinstance(manifest, dict)
        else list(range(len(manifest)))
        if isinstance(manifest, list)
        else []
    )
    if not members or data.draw(st.integers(0, 4)) == 0:
        return value
    step = data.draw(st.sampled_from(members))
    manifest[step] = replace_somewhere(manifest[step], value, data)
    return manifest


@given(st.sampled_from(MANIFESTS), JSON, st.data())
def test_any_value_in_any_place(manifest: dict[str, Any], value: Any, data: st.DataObject) -> None:
    """A value of the wrong shape counts as absent, or is a finding."""
    changed = replace_somewhere(copy.deepcopy(manifest), value, data)
    for fault in read(changed).faults:
        assert fault.where.position() >= (1, 1)
        assert fault.where.path_text() is not None


@given(JSON)
def test_any_document(document: Any) -> None:
    """A document may be anything at all."""
    read(document)
