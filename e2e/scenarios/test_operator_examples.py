"""The example shop and its Agents in a cluster: what the Agents may read is what `assess` says of the same objects, both ways."""

import itertools
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.running_operator import OperatorProcess, installed
from enc_operator.cli.inputs import Text
from enc_operator.cli.loading import Options, assess_inventory, load
from enc_operator.cluster.calls import Call
from enc_operator.cluster.gateway import Gateway
from enc_operator.core.assessment import Assessment
from enc_operator.core.inventory import Question
from enc_operator.core.objects.authorization import MANAGED_BY
from enc_operator.core.rbac.evaluation import Evaluator

EXAMPLES = Path(__file__).parents[2] / "manifests/examples"
_OWN = "enc-examples-operator"
_BUILT_IN = "DD_SECRET_BACKEND_COMMAND=/readsecret_multiple_providers.sh"  # how these Agents resolve before anything changes them
_LEAST = 0 if "ENC_E2E_INSTALL" in os.environ else 4
_KINDS = "pods,services,configmaps,daemonsets,deployments,statefulsets,namespaces,secretgrants,clustersecretgrants,agenttargets,roles,rolebindings"

Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def shop(api_server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatorProcess]:
    """Apply an Agent install and the shop, and run the operator; ENC_E2E_INSTALL names another install than the examples' own."""
    if isinstance(api_server, ExistingCluster):
        pytest.skip("the examples' namespaces have names that may be somebody's here")
    install = Path(os.environ.get("ENC_E2E_INSTALL") or EXAMPLES / "agents/install.yaml")
    agents = _agents(install)
    names = {_OWN, *agents}
    for namespace in names:
        api_server.kubectl("apply", "-f", "-", text=json.dumps(_namespace(namespace)))
    with installed(api_server, _OWN, tmp_path_factory.mktemp("examples"), agents) as found:
        api_server.kubectl("apply", "--server-side", "-f", str(install))
        for namespace in agents:
            api_server.kubectl("-n", namespace, "set", "env", "ds,deploy", "--all", _BUILT_IN)
        api_server.kubectl("apply", "-f", str(EXAMPLES / "shop/namespaces.yaml"))
        names |= {each["metadata"]["name"] for each in _read(EXAMPLES / "shop/namespaces.yaml", "Namespace")}
        api_server.kubectl("apply", "-f", str(EXAMPLES / "shop"))
        for namespace in agents:
            api_server.kubectl("apply", "-f", "-", text=json.dumps(_target(namespace)))
        with found.operator() as process:
            yield process.ready().leading()
        api_server.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", str(install))
    for name in names:
        api_server.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


def test_the_agents_may_read_what_assess_says_and_nothing_else(
    api_server: Cluster, shop: OperatorProcess
) -> None:
    """For every Agent's ServiceAccount, every namespace and every Secret that anything names, but for rights that the install itself brings."""
    wait_until(lambda: _pods_are_there(api_server), "the controllers have made the pods", seconds=60)
    shop.reaching("enc_converged", 1, 60)
    assessment = _assess(api_server)
    expected = {
        Question(each.namespace, each.service_account, each.secret_namespace, name)
        for each in assessment.permissions
        for name in each.secret_names
    }
    accounts = {(agent.namespace, agent.service_account) for agent in assessment.agents}
    secrets = {each.secret_name for each in expected} | {"somebody-elses"}
    namespaces = {each.secret_namespace for each in expected} | {agent for agent, _ in accounts}
    asked = [
        Question(*account, namespace, name)
        for account, namespace, name in itertools.product(
            sorted(accounts), sorted(namespaces), sorted(secrets)
        )
    ]

    others = _rights_of_others(api_server)
    given = {each for each in asked if others.may_get(each)}
    gateway = Gateway.of_kubeconfig(str(api_server.kubeconfig))
    with suppress(TimeoutError):
        wait_until(lambda: _allowed(gateway, asked) == expected | given, "", seconds=30)
    assert _allowed(gateway, asked) == expected | given
    assert len(expected) >= _LEAST


def _agents(install: Path) -> dict[str, list[str]]:
    """Return the ServiceAccounts of the workloads of an install."""
    found: dict[str, list[str]] = {}
    inventory = load([Text(str(install), install.read_text(), named=True)], Options()).inventory
    for agent in assess_inventory(inventory).agents:
        accounts = found.setdefault(agent.namespace, [])
        if agent.service_account not in accounts:
            accounts.append(agent.service_account)
    return found


def _rights_of_others(cluster: Cluster) -> Evaluator:
    """Return what RBAC gives that the operator did not write: an install may bring rights of its own."""
    kinds = "roles,rolebindings,clusterroles,clusterrolebindings"
    items = json.loads(cluster.kubectl("get", kinds, "--all-namespaces", "-o", "json"))["items"]
    kept = [each for each in items if MANAGED_BY not in each["metadata"].get("labels", {})]
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": kept})
    inventory = load([Text("rbac.json", listed, named=True)], Options()).inventory
    return Evaluator(inventory.roles, inventory.bindings)


def _assess(cluster: Cluster) -> Assessment:
    """Assess what the cluster holds as files, without workloads' templates, and with the Agents as they stand.

    Namespaces that earlier scenarios left to be deleted are none of it.
    """
    items = json.loads(cluster.kubectl("get", _KINDS, "--all-namespaces", "-o", "json"))["items"]
    ending = {
        each["metadata"]["name"]
        for each in items
        if "deletionTimestamp" in each["metadata"] and each["kind"] == "Namespace"
    }
    items = [
        each for each in items if each["metadata"].get("namespace", each["metadata"]["name"]) not in ending
    ]
    agents = {each["metadata"]["namespace"] for each in items if each["kind"] == "AgentTarget"}
    kept = []
    for each in items:
        if each["kind"] == "AgentTarget":
            each["spec"].setdefault("resolver", {})["mode"] = "none"
        workload = each["kind"] in ("DaemonSet", "Deployment", "StatefulSet")
        if not workload or each["metadata"]["namespace"] in agents:
            kept.append(_without_templates(each) if workload else each)
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": kept})
    return assess_inventory(load([Text("cluster.json", listed, named=True)], Options()).inventory)


def _without_templates(workload: Manifest) -> Manifest:
    """Leave out a template's annotations, which grant nothing: its pods have them too."""
    workload["spec"]["template"]["metadata"].pop("annotations", None)
    return workload


def _allowed(gateway: Gateway, asked: list[Question]) -> set[Question]:
    return {each for each in asked if _may(gateway, each)}


def _may(gateway: Gateway, question: Question) -> bool:
    groups = [
        "system:serviceaccounts",
        f"system:serviceaccounts:{question.namespace}",
        "system:authenticated",
    ]
    spec = {
        "user": f"system:serviceaccount:{question.namespace}:{question.service_account}",
        "groups": groups,
        "resourceAttributes": {
            "verb": "get",
            "resource": "secrets",
            "namespace": question.secret_namespace,
            "name": question.secret_name,
        },
    }
    answer = gateway.call(
        Call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body={"spec": spec})
    )
    return bool(answer["status"]["allowed"])


def _pods_are_there(cluster: Cluster) -> bool:
    found = json.loads(cluster.kubectl("get", "deployments", "--all-namespaces", "-o", "json"))["items"]
    wanted = {each["metadata"]["namespace"] for each in found}
    pods = json.loads(cluster.kubectl("get", "pods", "--all-namespaces", "-o", "json"))["items"]
    return wanted <= {each["metadata"]["namespace"] for each in pods}


def _read(file: Path, kind: str) -> list[Manifest]:
    return [each for each in yaml.safe_load_all(file.read_text()) if each and each["kind"] == kind]


def _namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _target(namespace: str) -> Manifest:
    metadata = {"name": "datadog", "namespace": namespace}
    spec = {"manage": "RBAC", "crossNamespace": True}
    return {
        "apiVersion": "enc-operator.io/v1alpha1",
        "kind": "AgentTarget",
        "metadata": metadata,
        "spec": spec,
    }
