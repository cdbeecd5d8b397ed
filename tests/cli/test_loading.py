"""From texts to an inventory: what is told apart, and bad input that becomes findings."""

import pytest

from assessing import NOW, assess_texts, codes, pod
from enc_operator.cli.inputs import Text
from enc_operator.cli.loading import Loaded, Options, load
from enc_operator.core.inventory import Component, Flavour


def loaded(text: str, file: str = "a.yaml", *, named: bool = False, options: Options | None = None) -> Loaded:
    """Load one text."""
    return load([Text(file, text, named)], options or Options(now=NOW))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: [", "yaml-invalid", id="broken YAML"),
        pytest.param("a:\n\t- b", "yaml-invalid", id="tabs"),
        pytest.param("a: \x00", "yaml-invalid", id="binary"),
        pytest.param('{"a": ', "json-invalid", id="broken JSON"),
        pytest.param("a: " + "[" * 60_000, "yaml-depth", id="deep nesting"),
        pytest.param("[" * 60_000, "json-depth", id="deep nesting that begins like JSON"),
        pytest.param('{"a":' * 60_000, "json-depth", id="deep JSON"),
        pytest.param("a: 1\na: 2\nkind: X\napiVersion: v1\n", "duplicate-key", id="duplicate keys"),
        pytest.param("a: &a [*a]", "yaml-alias", id="an alias of itself"),
        pytest.param("- 1\n- kind", "object-invalid", id="a list of no objects"),
        pytest.param("just text", "object-invalid", id="no mapping"),
        pytest.param("apiVersion: v1", "object-invalid", id="no kind"),
    ],
)
def test_bad_documents(text: str, expected: str) -> None:
    """A document that cannot be read is a finding with its place, and the next one is read all the same."""
    found = loaded(text + "\n---\n" + pod(), named=True)

    assert expected in [fault.code for fault in found.inventory.faults]
    assert len(found.inventory.pods) == 1


def test_place_of_a_fault() -> None:
    """The place counts from the file's first line; what is missing at the end is missing behind the last word."""
    fault = loaded("a: 1\n---\nb: 2\nc: [\n").inventory.faults[0]

    assert fault.where.position() == (4, 5)


def test_charts_are_to_be_rendered() -> None:
    """A chart's template is told apart from a typing error."""
    assert "helm template" in loaded("kind: X\na: {{ .Values.b }}\nc: [").inventory.faults[0].fix


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}}', id="JSON"),
        pytest.param(
            '{\n\t"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "\\ud83d\\ude00"}}',
            id="JSON with tabs",
        ),
        pytest.param("{kind: Pod, apiVersion: v1, metadata: {name: a}}", id="YAML that begins like JSON"),
        pytest.param("- {kind: Pod, apiVersion: v1, metadata: {name: a}}", id="a list of objects"),
        pytest.param(
            "kind: PodList\napiVersion: v1\nitems:\n- {metadata: {name: a}}", id="a list without kinds"
        ),
        pytest.param("kind: List\napiVersion: v1\nitems:\n- {kind: Pod, metadata: {name: a}}", id="a List"),
    ],
)
def test_spellings(text: str) -> None:
    """Every spelling of one object is read."""
    assert len(loaded(text).inventory.pods) == 1


def test_other_files_are_skipped() -> None:
    """Values files and the like in a folder are left out without noise; named they are a finding."""
    assert loaded("replicas: 3").skipped == 1
    assert loaded("replicas: 3").inventory.faults == []
    assert [fault.code for fault in loaded("replicas: 3", named=True).inventory.faults] == ["object-invalid"]
    assert loaded("", named=True).inventory.faults == []


@pytest.mark.parametrize(
    ("file", "text", "main", "install"),
    [
        pytest.param("etc/datadog.yaml", "api_key: a", True, "etc", id="a main file by its name"),
        pytest.param(
            "etc/other.yaml", "secret_backend_command: /x", True, "etc", id="a main file by its settings"
        ),
        pytest.param("etc/conf.d/a.d/conf.yaml", "logs: []", False, "etc", id="a file below conf.d"),
        pytest.param("postgres.yaml", "instances: []", False, ".", id="a check's file by its content"),
        pytest.param("<stdin>", "instances: []", False, ".", id="a check's file on standard input"),
    ],
)
def test_agent_files(file: str, text: str, install: str, *, main: bool) -> None:
    """An Agent's bare files are known by name, folder or content."""
    facts = loaded(text, file).inventory.agent_files

    assert [(fact.main, fact.install, fact.flavour) for fact in facts] == [(main, install, Flavour.DATADOG)]


def test_other_endings_are_no_check_files() -> None:
    """The Agent reads only YAML files below conf.d."""
    assert loaded("instances: []", "conf.d/a.txt").inventory.agent_files == []


def test_check_files_without_a_main_file() -> None:
    """Where the input does not show the backend, handles are listed and not called unresolved."""
    found = load([Text("conf.d/a.yaml", "instances: [{p: 'ENC[x]'}]", named=False)], Options(now=NOW))

    assert len(found.inventory.agent_files) == 1


def test_compose() -> None:
    """A Compose file's services are read in both spellings; what is no service is left out."""
    text = """
services:
  agent: {image: datadog/agent, environment: {DD_API_KEY: "ENC[a]", EMPTY: null}}
  db: {image: postgres, labels: ["com.datadoghq.ad.checks={}", "x=$$y"]}
  broken: 5
"""
    facts = loaded(text).inventory.compose

    assert [(fact.service, fact.agent) for fact in facts] == [("agent", Flavour.DATADOG), ("db", None)]
    assert facts[0].environment == {"DD_API_KEY": "ENC[a]", "EMPTY": ""}
    assert facts[1].labels == {"com.datadoghq.ad.checks": "{}", "x": "$y"}


WORKLOAD = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: watcher, namespace: ops}
spec: {template: {spec: {containers: [{name: main, image: "corp/watcher:1"}]}}}
"""


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        pytest.param(None, Component.NODE, id="a DaemonSet is a node Agent"),
        pytest.param(Component.RUNNER, Component.RUNNER, id="what the user says"),
    ],
)
def test_named_agents(component: Component | None, expected: Component) -> None:
    """A workload that nothing shows to be an Agent's is one if the user names it."""
    options = Options(now=NOW, agents=(("ops", "daemonset", "watcher", component),))

    assert [fact.component for fact in loaded(WORKLOAD, options=options).inventory.workloads] == [expected]


def test_named_agent_that_is_not_there() -> None:
    """A named Agent that the input does not hold is an error."""
    options = Options(now=NOW, agents=(("ops", "DaemonSet", "gone", None),))

    faults = loaded(WORKLOAD, options=options).inventory.faults

    assert [fault.code for fault in faults] == ["agent-unknown"]


@pytest.mark.parametrize("first", [True, False], ids=["the target first", "the workload first"])
@pytest.mark.parametrize("listed", [True, False], ids=["in a List", "in a stream"])
def test_target_names_the_agent(*, first: bool, listed: bool) -> None:
    """An AgentTarget names a workload as an Agent, wherever it stands in the input."""
    target = """
apiVersion: enc-operator.io/v1alpha1
kind: AgentTarget
metadata: {name: t, namespace: ops}
spec: {workloads: [{kind: DaemonSet, name: watcher, component: cluster-agent}]}
"""
    order = (target, WORKLOAD) if first else (WORKLOAD, target)
    text = "\n---\n".join(order)
    if listed:
        text = "apiVersion: v1\nkind: List\nitems:" + "".join(
            item.replace("\n", "\n  ").replace("  apiVersion", "- apiVersion", 1) for item in order
        )

    assert [fact.component for fact in loaded(text).inventory.workloads] == [Component.CLUSTER]


def test_default_namespace() -> None:
    """Objects without a namespace are in the one that the user says."""
    assessment = assess_texts(
        pod("ENC[k8s_secret@mine/a/b]").replace("namespace: shop", "labels: {}"), namespace="mine"
    )

    assert "access-denied" not in codes(assessment)


def test_secrets_do_not_stay_in_texts() -> None:
    """A Secret's value is dropped on load, also where its neighbours' text is kept."""
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: canary-value}\n"
    listed = f"apiVersion: v1\nkind: List\nitems:\n- {secret.strip().replace(chr(10), chr(10) + '  ')}\n- {pod().strip().replace(chr(10), chr(10) + '  ')}\n"

    for text in (f"{secret}---\n{pod()}", listed):
        inventory = loaded(text).inventory
        assert len(inventory.pods) == len(inventory.secrets) == 1
        assert "canary" not in inventory.pods[0].where.source.text + inventory.secrets[0].where.source.text
        assert "canary" not in repr(inventory)


def test_a_thousand_documents() -> None:
    """One broken document among a thousand loses none of the others."""
    pieces = [pod(name=f"p{number}") for number in range(1000)]
    pieces[500] = "a: [\n"

    found = loaded("\n---\n".join(pieces))

    assert len(found.inventory.pods) == 999
    assert [fault.code for fault in found.inventory.faults] == ["yaml-invalid"]
