"""Injection as a platform team meets it: enc-operator and the Agents installed as their users do, in either order, upgraded, removed.

The tests are one story, in their order. The Agents are those of a rendering (e2e/README.md), without a secret backend of their own.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.injected_agents import FILE, Injected
from e2e.scenarios.next_release import Release, next_release, this_release
from e2e.scenarios.platform_team import VALUE, Manifest
from e2e.scenarios.rendered_agents import rendered_agents
from e2e.scenarios.running_agents import AgentImages

_RESOLVER = "/etc/enc/bin/resolver"
_READERS = {"agent", "trace-agent", "process-agent", "security-agent", "cluster-agent"}
_MESSAGE = '{.status.initContainerStatuses[?(@.name=="enc-resolver")].state.terminated.message}'
_NO_BACKEND = {"datadog": {"secretBackend": {"command": ""}}}


class Story(Injected):
    """What the tests hand on: both releases, and how the cluster was before anything of ours came."""

    this: Release
    next: Release
    before: set[tuple[str, str, str]]
    untouched: dict[str, Any]


@pytest.fixture(scope="module")
def story(
    node: Cluster,
    operator_image: str,
    agent_images: AgentImages,
    base_image: str,
    tmp_path_factory: pytest.TempPathFactory,
    tell: Callable[[str], None],
) -> Iterator[Story]:
    """Make the tenants, and leave nothing in the cluster afterwards."""
    if isinstance(node, ExistingCluster):
        pytest.skip("the chart brings CRDs and policies: this cluster is somebody's")
    agents = rendered_agents(node, agent_images, tmp_path_factory.mktemp("agents"), _NO_BACKEND)
    for note in agents.notes:
        tell(f"Agents, {note}")
    found = Story(node, agents, f"enc-release-{secrets.token_hex(3)}", tmp_path_factory.mktemp("chart"))
    found.this = this_release(operator_image)
    found.next = next_release(node, operator_image, tmp_path_factory.mktemp("next"))
    for name in found.namespaces:
        node.kubectl("create", "namespace", name)
    try:
        found.apply(*found.tenants(base_image))
        wait_until(
            lambda: all(_settled(found, each) for each in found.namespaces), "all is there", seconds=60
        )
        found.before, found.untouched = found.objects(), found.plain()
        yield found
    finally:
        found.uninstall()
        agents.remove()
        node.kubectl("delete", "namespace", "--ignore-not-found", "--timeout=120s", *found.namespaces)
        names = ("agenttargets", "secretgrants", "clustersecretgrants")
        node.kubectl("delete", "crd", "--ignore-not-found", *(f"{each}.enc-operator.io" for each in names))


def _settled(story: Injected, namespace: str) -> bool:
    """Tell whether Kubernetes has made what every namespace has."""
    names = story.cluster.kubectl("-n", namespace, "get", "serviceaccounts,configmaps", "-o", "name").split()
    return {"serviceaccount/default", "configmap/kube-root-ca.crt"} <= {*names}


def test_agents_that_come_in_have_it_from_their_first_pod(story: Story) -> None:
    """The door adds it: there is one version of every workload, and no other follows."""
    story.helm("install", story.this)
    story.apply(story.agent_target())
    config_map = f"configmap/enc-resolver-{story.this.digest}"
    story.cluster.kubectl(*story.home, "wait", config_map, "--for=create", "--timeout=60s")
    story.agents.install()
    story.wait_for_injection()

    assert set(story.rollouts().values()) == {1}
    for workload in story.agents.workloads.values():
        assert story.payloads(workload) == {story.this.digest}
        backend = story.agents.report(workload, "backend")
        assert (backend["command"], backend["rights"]) == (_RESOLVER, "ok")
        assert "falling back" not in story.agents.logs(workload)
    assert set(story.lives().values()) == {0}


def test_both_agents_resolve_what_they_should(story: Story) -> None:
    """A Secret and a declared file by the node Agent, a Service's Secret by the Cluster Agent, whose guard refuses a nested handle."""
    _assert_resolved(story)
    cluster_agent = story.agents.workloads[story.agents.cluster_agent]

    refused = story.agents.wait_for(cluster_agent, story.nested, "failed")

    assert "the value is itself a secret handle" in refused["error"]


def _assert_resolved(story: Injected) -> None:
    agents = story.agents
    for account, handle in (
        (agents.node, story.own),
        (agents.node, FILE),
        (agents.cluster_agent, story.served),
    ):
        resolved = agents.wait_for(agents.workloads[account], handle, "resolved")
        assert resolved["hash"] == agents.hash_of(VALUE)


def test_the_declared_file_is_where_secrets_are_read_and_nowhere_else(story: Story) -> None:
    """There it is its user's alone to read."""
    seen = {
        (container["name"], pod["metadata"]["name"]): story.shown(pod["metadata"]["name"], container["name"])
        for workload in story.agents.workloads.values()
        for pod in story.pods(workload)
        for container in pod["spec"]["containers"]
    }

    assert {"agent", "trace-agent", "system-probe", "cluster-agent"} <= {container for container, _ in seen}
    assert {
        each for each in seen.items() if each[1] != ("400 0 0" if each[0][0] in _READERS else "")
    } == set()


@pytest.mark.parametrize(
    ("break_", "said"),
    [
        (lambda _, volume: volume["configMap"].update(name=f"enc-resolver-{'0' * 64}"), "no resolver in"),
        (lambda _, volume: volume["configMap"].update(name="broken"), "is not what was to be installed"),
        (lambda init, _: init["command"].extend(["/etc/enc/payload", "/etc/enc/bin", "/nowhere/python3"]), "neither /nowhere/python3"),
    ],
    ids=["its ConfigMap is gone", "its content is another one", "the image has no Python"],
)  # fmt: skip
def test_a_resolver_that_cannot_be_installed_keeps_no_agent_down(
    story: Story, break_: Callable[[Manifest, Manifest], None], said: str
) -> None:
    """The built-in script resolves in its place, and the init container's log and status say why.

    It is a pod beside the Agent's own: a kubelet keeps an immutable ConfigMap as long as any of its pods names it.
    """
    name, agents = f"broken-{secrets.token_hex(3)}", story.agents
    spec = json.loads(json.dumps(story.stored(agents.workloads[agents.node])["spec"]["template"]["spec"]))
    init = next(each for each in spec["initContainers"] if each["name"] == "enc-resolver")
    break_(init, next(each for each in spec["volumes"] if each["name"] == "enc-payload"))
    metadata = {"namespace": agents.namespace, "labels": {"app": name}}
    story.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**metadata, "name": "broken"}, "data": {"resolver": "exit 1"}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, "name": name}, "spec": spec},
    )  # fmt: skip
    try:
        story.cluster.kubectl(*story.home, "wait", f"pod/{name}", "--for=condition=Ready", "--timeout=120s")
        resolved = agents.wait_for(f"pod/{name}", story.own, "resolved")
        logs = agents.logs(f"pod/{name}")
        message = story.cluster.kubectl(*story.home, "get", f"pod/{name}", f"-o=jsonpath={_MESSAGE}")
    finally:
        story.cluster.kubectl(*story.home, "delete", f"pod/{name}", "configmap/broken", "--timeout=120s")

    assert resolved["hash"] == agents.hash_of(VALUE)
    assert (said in logs, said in message) == (True, True)
    assert "falling back to the built-in" in logs


def test_an_upgrade_changes_no_agent(story: Story) -> None:
    """The AgentTarget says that a newer resolver is there; every pod stays as it was."""
    assert story.next.digest != story.this.digest
    before = story.rollouts(), story.lives()

    story.helm("upgrade", story.next)
    story.wait_for_injection("Outdated")
    story.wait_for_resolver(story.next)

    assert (story.rollouts(), story.lives()) == before
    for workload in story.agents.workloads.values():
        assert story.payloads(workload) == {story.this.digest}


def test_the_next_rollout_brings_the_newer_resolver(story: Story) -> None:
    """It is that rollout alone which the Agents' user has started."""
    before, old = story.rollouts(), story.lives()

    story.agents.roll_out()
    story.wait_for_injection()

    assert story.rollouts() == {workload: number + 1 for workload, number in before.items()}
    assert not old.keys() & story.lives().keys()
    for workload in story.agents.workloads.values():
        assert story.payloads(workload) == {story.next.digest}
    _assert_resolved(story)


def test_uninstalling_leaves_the_cluster_as_it_was(story: Story) -> None:
    """The Agents run as if enc-operator had never been there; what stays is what docs/removing.md names."""
    story.uninstall()
    story.agents.wait_ready()

    assert story.objects() - story.before == set()
    assert story.before - story.objects() == set()
    for workload, spec in story.untouched.items():
        assert story.stored(workload)["spec"]["template"]["spec"] == spec
        annotations = story.stored(workload)["metadata"].get("annotations", {})
        assert not any(key.startswith("enc-operator.io/") for key in annotations)
    node_agent = story.agents.workloads[story.agents.node]
    assert story.agents.wait_for(node_agent, story.own, "literal")
    assert json.loads(story.cluster.kubectl(*story.home, "get", "agenttargets", "-o", "json"))["items"]


def test_agents_that_were_there_before_are_rolled_out_once(story: Story) -> None:
    """Installed afterwards, and asked by an AgentTarget, the operator brings it."""
    story.cluster.kubectl(*story.home, "delete", "agenttargets", "--all", "--timeout=60s")
    before, old = story.rollouts(), story.lives()
    story.helm("install", story.next)
    assert (story.rollouts(), story.lives()) == (before, old)

    story.apply(story.agent_target())
    story.wait_for_injection()
    story.agents.wait_ready()

    assert story.rollouts() == {workload: number + 1 for workload, number in before.items()}
    assert not old.keys() & story.lives().keys()
    _assert_resolved(story)
