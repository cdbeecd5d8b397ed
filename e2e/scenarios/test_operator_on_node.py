"""The operator as a platform team runs it: chart installed by Helm, Agents with the built-in script, pods that refer to Secrets."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.platform_team import VALUE, Manifest, Platform
from e2e.scenarios.rendered_chart import CHART
from e2e.scenarios.running_agents import CLUSTER_AGENT, NODE_AGENT, AgentImages, Agents
from enc_operator.cli.inputs import Text
from enc_operator.cli.loading import Options, assess_inventory, load
from enc_operator.core.access import Denied
from enc_operator.core.judgement import residuals

_ACCOUNTS = ("datadog-agent", "datadog-cluster-agent")
_KINDS = (
    "pods,services,configmaps,daemonsets,deployments,namespaces,secretgrants,clustersecretgrants,agenttargets"
)


@pytest.fixture(scope="module")
def platform(
    node: Cluster,
    operator_image: str,
    agent_images: AgentImages,
    base_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    """Install the chart and the Agents, then have tenants' objects, then one AgentTarget."""
    if isinstance(node, ExistingCluster):
        pytest.skip("the chart brings CRDs and policies: this cluster is somebody's")
    run = secrets.token_hex(3)
    found = Platform(node, Agents(node, f"enc-agents-{run}", agent_images), f"enc-release-{run}")
    for name in found.namespaces:
        node.kubectl("create", "namespace", name)
    found.agents.install()
    values = {
        "agents": [{"namespace": found.agents.namespace, "serviceAccounts": list(_ACCOUNTS)}],
        "image": dict(zip(("repository", "tag"), operator_image.rsplit(":", 1), strict=True)),
        "graceSeconds": 0,
    }
    file: Path = tmp_path_factory.mktemp("chart") / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    place = f"--namespace={found.release}"
    try:
        node.helm("install", "enc-operator", str(CHART), place, f"--values={file}", "--wait", "--timeout=3m")
        found.apply(*_tenants(found, base_image), _target(found))
        _replace_service(found)
        yield found
    finally:
        node.helm("uninstall", "enc-operator", place, "--wait", "--ignore-not-found")
        found.agents.remove()
        node.kubectl("delete", "namespace", "--ignore-not-found", "--timeout=120s", *found.namespaces)
        names = (
            f"{kind}.enc-operator.io" for kind in ("agenttargets", "secretgrants", "clustersecretgrants")
        )
        node.kubectl("delete", "crd", "--ignore-not-found", *names)


def _replace_service(platform: Platform) -> None:
    """Have another Service whose Secret may be read from its first moment: an Agent tries only once what it fails to resolve."""
    wait_until(
        lambda: platform.may("datadog-cluster-agent", platform.shop, "of-service"),
        "the Cluster Agent may read it",
        seconds=60,
    )
    platform.apply(platform.service("front", f"k8s_secret@{platform.shop}/of-service/key"))
    platform.cluster.kubectl("-n", platform.shop, "delete", "service", "early")


def _target(platform: Platform) -> Manifest:
    return {
        "apiVersion": "enc-operator.io/v1alpha1",
        "kind": "AgentTarget",
        "metadata": {"name": "datadog", "namespace": platform.agents.namespace},
        "spec": {"manage": "RBAC", "crossNamespace": True},
    }


def _tenants(platform: Platform, image: str) -> Iterator[Manifest]:
    shop, bank = platform.shop, platform.bank
    for namespace, name in (
        (shop, "own"),
        (shop, "of-service"),
        (shop, "unasked"),
        (bank, "granted"),
        (bank, "secret"),
    ):
        yield platform.secret(namespace, name)
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "other", "namespace": shop}}
    yield platform.grant("granted")
    yield platform.pod("own", "k8s_secret@%%kube_namespace%%/own/key", image)
    yield platform.pod("granted", f"k8s_secret@{bank}/granted/key", image)
    yield platform.pod("refused", f"k8s_secret@{bank}/secret/key", image)
    # Refused by its owner, and resolved all the same: the Agent reads that Secret for the pod above.
    yield platform.pod("residual", f"k8s_secret@{bank}/granted/other", image, account="other")
    yield platform.service("early", f"k8s_secret@{shop}/of-service/other")


def test_the_agents_may_read_what_assess_says_and_nothing_else(platform: Platform) -> None:
    """For every Agent, every namespace and every Secret: the API server's authorizer and the core agree, both ways."""
    try:
        wait_until(lambda: _ready(platform) == "True", "", seconds=60)
    except TimeoutError:
        logs = platform.cluster.kubectl("-n", platform.release, "logs", "deploy/enc-operator", "--all-pods")
        pytest.fail(f"not ready: {json.dumps(platform.target(), indent=1)}\n{logs[-5000:]}")
    wait_until(
        lambda: platform.may("datadog-agent", platform.bank, "granted"), "it has converged", seconds=30
    )
    assessment = _assess(platform)
    expected = {
        (permission.service_account, permission.secret_namespace, name)
        for permission in assessment.permissions
        for name in permission.secret_names
    }

    asked = [
        (account, namespace, name)
        for account in _ACCOUNTS
        for namespace in platform.namespaces
        for name in ("own", "of-service", "unasked", "granted", "secret")
    ]
    assert {each for each in asked if platform.may(*each)} == expected
    assert len(expected) == 3


@pytest.mark.parametrize(
    ("workload", "handle", "outcome"),
    [
        (NODE_AGENT, "k8s_secret@{shop}/own/key", "resolved"),
        (NODE_AGENT, "k8s_secret@{bank}/granted/key", "resolved"),
        (CLUSTER_AGENT, "k8s_secret@{shop}/of-service/key", "resolved"),
        (NODE_AGENT, "k8s_secret@{bank}/secret/key", "failed"),
        (NODE_AGENT, "k8s_secret@{bank}/granted/other", "resolved"),
    ],
    ids=["the pod's own", "granted", "a Service's", "refused", "refused, and reported as residual"],
)
def test_the_built_in_script_resolves_what_is_allowed(
    platform: Platform, workload: str, handle: str, outcome: str
) -> None:
    """What is refused resolves when and only when it is reported as residual."""
    found = platform.agents.wait_for(workload, handle.format(shop=platform.shop, bank=platform.bank), outcome)

    assert (found["hash"] == platform.agents.hash_of(VALUE)) == (outcome == "resolved")


def test_the_status_says_what_is_refused_and_what_resolves_all_the_same(platform: Platform) -> None:
    """As the core does for the same objects."""
    counted = {"allowed": 3, "denied": 2, "residual": 1}
    wait_until(lambda: _references(platform) == counted, "it is counted", seconds=60)
    assessment = _assess(platform)
    denied = [item for item in assessment.judged if isinstance(item.decision, Denied)]

    assert {item.reference.handle for item in residuals(assessment.judged, {})} == {
        f"k8s_secret@{platform.bank}/granted/other"
    }
    assert len(denied) == 2
    events = platform.cluster.kubectl("-n", platform.shop, "get", "events", "-o", "json")
    reasons = {(each["reason"], each["involvedObject"]["name"]) for each in json.loads(events)["items"]}
    assert {("ReferenceDenied", "refused"), ("ReferenceResidual", "residual")} <= reasons


def test_helm_finds_it_well(platform: Platform) -> None:
    """`helm test` asks the fence and the operator."""
    tested = platform.cluster.helm("test", "enc-operator", f"--namespace={platform.release}")

    assert "Succeeded" in tested


def test_a_deleted_pods_permission_goes(platform: Platform, base_image: str) -> None:
    """And comes back with it; the Agents are never restarted."""
    before = _agent_pods(platform)
    platform.cluster.kubectl("-n", platform.shop, "delete", "pod", "own", "--wait=false")
    wait_until(lambda: not platform.may("datadog-agent", platform.shop, "own"), "it is gone", seconds=30)

    platform.apply(platform.pod("own", "k8s_secret@%%kube_namespace%%/own/key", base_image))

    wait_until(lambda: platform.may("datadog-agent", platform.shop, "own"), "it is back", seconds=30)
    assert _agent_pods(platform) == before


def _ready(platform: Platform) -> str:
    conditions = platform.target().get("status", {}).get("conditions", ())
    return next((each["status"] for each in conditions if each["type"] == "Ready"), "")


def _references(platform: Platform) -> dict[str, int]:
    found: dict[str, int] = platform.target().get("status", {}).get("references", {})
    return found


def _agent_pods(platform: Platform) -> str:
    place = ["-n", platform.agents.namespace]
    return platform.cluster.kubectl(
        *place,
        "get",
        "pods",
        "-o",
        "jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[0].restartCount}\n{end}",
    )


def _assess(platform: Platform) -> Any:
    """Assess the cluster's own objects as files, with the Agents as they stand: nothing injects here."""
    text = platform.cluster.kubectl("get", _KINDS, "--all-namespaces", "-o", "json")
    items = [each for each in json.loads(text)["items"] if _of(platform, each)]
    for each in items:
        if each["kind"] == "AgentTarget":
            each["spec"].setdefault("resolver", {})["mode"] = "none"
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    return assess_inventory(load([Text("cluster.json", listed, named=True)], Options()).inventory)


def _of(platform: Platform, manifest: Manifest) -> bool:
    metadata = manifest["metadata"]
    return (metadata.get("namespace") or metadata["name"]) in platform.namespaces
