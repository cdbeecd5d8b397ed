"""Objects into an inventory: what is read, what is ignored, and what is said about the rest."""

from typing import Any

import pytest

from enc_operator.core.findings import Where
from enc_operator.core.inventory import Component, Inventory
from enc_operator.core.syntax import Source, parse_yaml
from reading_objects import Named, read, reader

DAEMON_SET = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node, namespace: dd}
spec: {template: {spec: {containers: [{name: a, image: nginx}]}}}
"""
TARGET = """
apiVersion: enc-operator.io/v1alpha1
kind: AgentTarget
metadata: {name: t, namespace: dd}
spec:
  workloads:
  - {kind: Deployment, name: absent, component: cluster-agent}
  - {kind: DaemonSet, name: node, component: cluster-checks-runner}
"""
NO_KIND = "no Kubernetes object: it has no kind"
LISTS = (
    "pods", "services", "config_maps", "secrets", "workloads", "datadog_agents", "instrumentations", "grants",
    "targets", "roles", "bindings", "namespaces", "agent_files", "compose",
)  # fmt: skip


def filled(inventory: Inventory) -> dict[str, int]:
    """Return how many facts there are of each kind that there are any of."""
    return {name: len(getattr(inventory, name)) for name in LISTS if getattr(inventory, name)}


@pytest.mark.parametrize(
    ("version", "kind", "expected"),
    [
        pytest.param("v1", "Pod", {"pods": 1}, id="a pod"),
        pytest.param("v1", "ConfigMap", {"config_maps": 1}, id="a ConfigMap"),
        pytest.param("v1", "Secret", {"secrets": 1}, id="a Secret"),
        pytest.param("v1", "Namespace", {"namespaces": 1}, id="a namespace"),
        pytest.param("apps/v1", "Deployment", {"pods": 1}, id="a Deployment"),
        pytest.param("extensions/v1beta1", "DaemonSet", {"pods": 1}, id="an old DaemonSet"),
        pytest.param("batch/v1", "CronJob", {"pods": 1}, id="a CronJob"),
        pytest.param("rbac.authorization.k8s.io/v1", "ClusterRole", {"roles": 1}, id="a ClusterRole"),
        pytest.param("datadoghq.com/v2alpha1", "DatadogAgent", {"datadog_agents": 1}, id="a DatadogAgent"),
        pytest.param(
            "datadoghq.com/v1alpha1",
            "DatadogInstrumentation",
            {"instrumentations": 1},
            id="an instrumentation",
        ),
        pytest.param("", "Pod", {"pods": 1}, id="an object without a version"),
        pytest.param("v1", "Node", {}, id="another kind"),
        pytest.param("v1", "pod", {}, id="a kind in another case"),
        pytest.param("serving.knative.dev/v1", "Service", {}, id="a Service of another group"),
        pytest.param("argoproj.io/v1alpha1", "Deployment", {}, id="a Deployment of another group"),
        pytest.param("a/b/c", "Pod", {}, id="a version that is none"),
    ],
)
def test_kinds(version: str, kind: str, expected: dict[str, int]) -> None:
    """An object is read by its kind, in the groups that are known."""
    inventory = read({"apiVersion": version, "kind": kind, "metadata": {"name": "a"}})
    assert filled(inventory) == expected
    assert inventory.faults == []


def test_other_facts() -> None:
    """Namespaces have labels, the vendor's resources their specs."""
    inventory = read(
        {"kind": "Namespace", "metadata": {"name": "shop", "namespace": "x", "labels": {"a": "b"}}},
        {"kind": "DatadogAgent", "metadata": {"name": "d", "namespace": "dd"}, "spec": {"global": {}}},
        {
            "kind": "DatadogInstrumentation",
            "spec": {"targetRef": {"kind": "Service", "name": "s"}, "config": {"checks": []}},
        },
    )
    assert inventory.namespaces == {"shop": {"a": "b"}}
    (agent,) = inventory.datadog_agents
    assert (agent.namespace, agent.name, agent.spec) == ("dd", "d", {"global": {}})
    (instrumentation,) = inventory.instrumentations
    assert (instrumentation.target_kind, instrumentation.target_name) == ("Service", "s")
    assert (instrumentation.namespace, instrumentation.config) == ("default", {"checks": []})


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        pytest.param({"kind": "Pod", "metadata": {"name": "a"}}, "Pod mine/a", id="the default namespace"),
        pytest.param({"kind": "Pod", "metadata": {"name": "a", "namespace": "b"}}, "Pod b/a", id="its own"),
        pytest.param(
            {"kind": "Pod", "metadata": {"generateName": "a-"}}, "Pod mine/a-", id="a generated name"
        ),
        pytest.param({"kind": "Pod"}, "Pod mine/", id="no name"),
    ],
)
def test_names(manifest: dict[str, Any], expected: str) -> None:
    """An object has a namespace in any case, and a name if it has one."""
    reading = reader(namespace="mine")
    reading.read(manifest, Source("f"))
    assert str(reading.inventory.pods[0].object) == expected


@pytest.mark.parametrize(
    ("text", "expected", "faults"),
    [
        pytest.param(
            "kind: List\nitems:\n- {kind: Pod}\n- {kind: Secret}\n",
            {"pods": 1, "secrets": 1},
            [],
            id="a list",
        ),
        pytest.param(
            "kind: PodList\nitems:\n- {metadata: {name: a}}\n- {}\n",
            {"pods": 2},
            [],
            id="items without a kind",
        ),
        pytest.param("kind: SecretList\nitems: [{}]\n", {"secrets": 1}, [], id="a list of Secrets"),
        pytest.param("kind: List\nitems: []\n", {}, [], id="an empty list"),
        pytest.param(
            "kind: List\nitems:\n- {}\n- text\n", {}, [(NO_KIND, 3), (NO_KIND, 4)], id="items that are none"
        ),
        pytest.param("kind: PodList\nitems: [1]\n", {}, [(NO_KIND, 2)], id="an item that is a number"),
        pytest.param(
            "kind: List\nitems:\n- kind: PodList\n  items: []\n",
            {},
            [("a list in a list is not read", 3)],
            id="a list in a list",
        ),
        pytest.param("kind: List\nitems: {}\n", {}, [], id="a list without items"),
        pytest.param("kind: AllowList\nspec: {}\n", {}, [], id="a kind that only ends so"),
        pytest.param("- a\n", {}, [(NO_KIND, 1)], id="no mapping"),
        pytest.param("a: b\n", {}, [(NO_KIND, 1)], id="no kind"),
        pytest.param("kind: [Pod]\n", {}, [(NO_KIND, 1)], id="a kind that is no text"),
    ],
)
def test_lists(text: str, expected: dict[str, int], faults: list[tuple[str, int]]) -> None:
    """The items of a list are read one by one; what is no object is named at its line."""
    inventory = read(text)
    assert filled(inventory) == expected
    assert [(fault.what, fault.where.position().line) for fault in inventory.faults] == faults
    assert {fault.code for fault in inventory.faults} <= {"object-invalid"}


def test_objects_are_counted() -> None:
    """Every object counts, also those that nothing is read from."""
    reading = reader()
    reading.read({"kind": "List", "items": [{"kind": "Pod"}, {"kind": "Node"}, {}]}, Source("f"))
    assert reading.objects == 2


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param(
            "kind: Pod\nmetadata:\n  annotations:\n    a: 1\n    b: x\n    c: [y]\n", [4, 6], id="of a pod"
        ),
        pytest.param("kind: ConfigMap\nmetadata:\n  annotations:\n    a: yes\n", [4], id="of another object"),
        pytest.param(
            "kind: Job\nmetadata: {annotations: {a: 1}}\nspec:\n  template:\n    metadata:\n      annotations:\n        b:\n",
            [2, 7],
            id="of a workload and its template",
        ),
        pytest.param("kind: Pod\nmetadata: {annotations: [1]}\n", [], id="annotations of another shape"),
        pytest.param(
            "apiVersion: other.io/v1\nkind: Pod\nmetadata: {annotations: {a: 1}}\n", [], id="of another group"
        ),
    ],
)
def test_annotations_are_strings(text: str, lines: list[int]) -> None:
    """An annotation that is no string is named: the API server refuses the object."""
    faults = read(text).faults
    assert [fault.where.position().line for fault in faults] == lines
    assert all(fault.what.endswith("is no string: the API server refuses the object") for fault in faults)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        pytest.param({}, [], id="nobody names it"),
        pytest.param(
            {("dd", "daemonset", "node"): None}, [("agent", "name")], id="named without a component"
        ),
        pytest.param(
            {("dd", "daemonset", "node"): Component.RUNNER},
            [("cluster-checks-runner", "name")],
            id="with one",
        ),
        pytest.param({("other", "daemonset", "node"): None}, [], id="in another namespace"),
    ],
)
def test_named_workloads(named: Named, expected: list[tuple[str, str]]) -> None:
    """A workload that the reader names runs an Agent, whatever its image."""
    workloads = read(DAEMON_SET, named=named).workloads
    assert [(str(workload.component), workload.detected_by) for workload in workloads] == expected


def test_a_named_pod_is_no_workload() -> None:
    """A pod is no workload, even if it is named."""
    assert (
        read({"kind": "Pod", "metadata": {"name": "a"}}, named={("default", "pod", "a"): None}).workloads
        == []
    )


def test_detected_workloads() -> None:
    """A workload is detected by its label too; the whole manifest is kept for the injection."""
    labelled = DAEMON_SET.replace(
        "{spec:", "{metadata: {labels: {agent.datadoghq.com/component: agent}}, spec:"
    )
    (workload,) = read(labelled).workloads
    assert (workload.detected_by, str(workload.object)) == ("label", "DaemonSet dd/node")
    assert workload.manifest["spec"]["template"]["spec"]["containers"] == [{"name": "a", "image": "nginx"}]


def test_workloads_of_a_target() -> None:
    """What an AgentTarget names is an Agent's; what is missing is said at the place that names it."""
    reading = reader({("dd", "daemonset", "gone"): None})
    reading.read(*_parsed(TARGET))
    reading.read(*_parsed(DAEMON_SET))
    (workload,) = reading.inventory.workloads
    assert workload.component is Component.RUNNER
    missing = [
        (found.what, found.where.source.file, found.where.position().line) for found in reading.missing()
    ]
    assert missing == [
        ("no workload daemonset dd/gone is in the input", "<command line>", 1),
        ("no workload deployment dd/absent is in the input", "f", 7),
    ]


def _parsed(text: str) -> tuple[Any, Source]:
    return parse_yaml(text).value, Source("f", 0, text)


def test_targets_in_a_list_come_first() -> None:
    """In a list an AgentTarget may stand behind the workload that it names."""
    target, daemon_set = _parsed(TARGET)[0], _parsed(DAEMON_SET)[0]
    inventory = read({"kind": "List", "items": [daemon_set, target]})
    assert [workload.component for workload in inventory.workloads] == [Component.RUNNER]


def test_our_resources_are_checked() -> None:
    """A resource of ours with a fault is named with its place, and ignored."""
    inventory = read(TARGET.replace("DaemonSet", "CronJob"))
    assert inventory.targets == []
    (fault,) = inventory.faults
    assert (fault.code, fault.where.path, fault.where.position().line) == (
        "resource-invalid",
        ("spec", "workloads", 1, "kind"),
        8,
    )
    assert isinstance(fault.where, Where)
