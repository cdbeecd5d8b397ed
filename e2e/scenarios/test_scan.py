"""`encctl scan` on a real API server: it says what a plan of the same objects says, writes nothing, and never asks for a Secret."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.custom_resources import FOLDER, installed

ENCCTL = Path(sys.executable).parent / "encctl"
_VALUE = "sk-never-on-the-wire"
_KINDS = "pods,services,configmaps,daemonsets,secretgrants,agenttargets,roles,rolebindings"
_OF_FILES = ("file", "line", "column", "endLine", "endColumn", "fingerprint", "page")
_MANIFESTS = """
apiVersion: v1
kind: Secret
metadata: {{name: db, namespace: {name}}}
stringData: {{password: {value}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: node, namespace: {name}-dd}}
spec:
  selector: {{matchLabels: {{app: node}}}}
  template:
    metadata: {{labels: {{app: node, agent.datadoghq.com/component: agent}}}}
    spec:
      serviceAccountName: node
      containers:
      - name: agent
        image: registry.datadoghq.com/agent:7
        volumeMounts: [{{name: checks, mountPath: /conf.d}}]
      volumes: [{{name: checks, configMap: {{name: checks}}}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: checks, namespace: {name}-dd}}
data:
  redisdb.yaml: |
    ad_identifiers: [redis]
    init_config: {{}}
    instances: [{{host: "%%host%%", password: "ENC[k8s_secret@%%kube_namespace%%/redis/password]"}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: {name}}}
spec:
  replicas: 3
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata:
      labels: {{app: web}}
      annotations:
        ad.datadoghq.com/app.checks: '{{"a": {{"instances": [
          {{"own": "ENC[k8s_secret@{name}/db/password]"}}, {{"theirs": "ENC[k8s_secret@{name}-dd/api/key]"}},
          {{"opened": "ENC[k8s_secret@{name}-dd/opened/key]"}}]}}}}'
    spec: {{containers: [{{name: app, image: "shop/web:1"}}]}}
---
apiVersion: v1
kind: Service
metadata:
  name: gateway
  namespace: {name}
  annotations:
    ad.datadoghq.com/endpoints.checks: '{{"b": {{"instances": [{{"password": "ENC[k8s_secret@{name}/db]"}}]}}}}'
spec: {{selector: {{app: web}}, ports: [{{port: 80}}]}}
---
apiVersion: enc-operator.io/v1alpha1
kind: SecretGrant
metadata: {{name: shop, namespace: {name}-dd}}
spec:
  from: [{{namespace: {name}, serviceAccounts: [default]}}]
  to: [{{secretName: opened, keys: [key]}}]
"""
Ran = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def shop(api_server: Cluster) -> Iterator[str]:
    """Make a namespace with pods of a Deployment, and one with an Agent; return the first one's name."""
    name = f"enc-e2e-scan-{secrets.token_hex(3)}"
    crds = {path.stem: yaml.safe_load(path.read_text()) for path in FOLDER.glob("*.yaml")}
    with installed(api_server, crds):
        for namespace in (name, f"{name}-dd"):
            api_server.kubectl("create", "namespace", namespace)
        api_server.kubectl("apply", "-f", "-", text=_MANIFESTS.format(name=name, value=_VALUE))
        with api_server.api() as api:
            core = client.CoreV1Api(api)
            wait_until(
                lambda: len(core.list_namespaced_pod(name).items) == 3, "the Deployment has pods", seconds=60
            )
        yield name
        api_server.kubectl("delete", "namespace", "--wait=false", name, f"{name}-dd")


def encctl(cluster: Cluster, *arguments: str) -> Ran:
    """Run encctl with the cluster's own kubectl."""
    folder = Path(cluster.program("kubectl")).parent
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": "/nonexistent"}
    return subprocess.run([ENCCTL, *arguments], capture_output=True, text=True, check=False, env=environment)


def scan(cluster: Cluster, *arguments: str, user: str = "") -> Ran:
    """Scan, as a user of one's own who may do everything."""
    user = user or f"enc-e2e-scanner-{secrets.token_hex(3)}"
    who = [f"--as={user}", *([] if user.startswith("system:") else ["--as-group=system:masters"])]
    return encctl(cluster, "scan", f"--kubeconfig={cluster.kubeconfig}", *who, *arguments)


def ours(data: dict[str, Any], shop: str) -> dict[str, list[Any]]:
    """Return the references and findings of the test's own objects: others may use the cluster, too."""
    references = [
        _plain(item)
        for item in data["references"]
        if f" {shop}" in str(item["object"])
        and (item["resolvedBy"] or {}).get("namespace", "").startswith(shop)
    ]
    findings = [_plain(item) for item in data["findings"] if f" {shop}" in str(item["object"])]
    permissions = [
        item for item in data["permissions"] if item["serviceAccount"]["namespace"].startswith(shop)
    ]
    return {
        "references": sorted(references, key=json.dumps),
        "findings": sorted(findings, key=json.dumps),
        "permissions": permissions,
    }


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    """Leave out where in a file it stands, and name the workload of a pod in its place."""
    kept = {key: value for key, value in item.items() if key not in (*_OF_FILES, "owner", "count")}
    if kept["object"].startswith("Pod "):
        kept["object"] = kept["object"].rpartition("-")[0]
    return kept


def test_scan_says_what_plan_says(api_server: Cluster, shop: str, tmp_path: Path) -> None:
    """Of the objects of a cluster as files, a plan has the same references, findings and permissions; pods by their workload."""
    for namespace in (shop, f"{shop}-dd"):
        dumped = api_server.kubectl("get", _KINDS, "-n", namespace, "-o", "json")
        (tmp_path / f"{namespace}.json").write_text(dumped)

    planned = json.loads(encctl(api_server, "plan", "-o", "json", str(tmp_path)).stdout)
    scanned = json.loads(scan(api_server, "-o", "json").stdout)

    expected = ours(planned, shop)
    for key in ("references", "findings"):  # three pods say the same
        expected[key] = [json.loads(text) for text in dict.fromkeys(map(json.dumps, expected[key]))]
    assert ours(scanned, shop) == expected
    assert {item["why"] for item in expected["references"] if item["allowed"]} == {
        "same namespace",
        "no pod decides it yet",
        f"SecretGrant {shop}-dd/shop",
    }
    assert any(item["code"] == "access-denied" for item in expected["findings"])
    counts = {item["owner"]: item["count"] for item in scanned["findings"] if item["owner"]}
    assert counts[f"Deployment {shop}/web"] == 3


def test_only_lists_are_asked_for_and_never_secrets(api_server: Cluster, shop: str) -> None:
    """The audit log has nothing but lists, discovery and access reviews; no Secret is asked for, and no value comes out."""
    if api_server.audit_log is None:
        pytest.skip("this cluster writes no audit log")
    user = f"enc-e2e-audited-{secrets.token_hex(3)}"

    ran = scan(api_server, "--diff", "--install=enc-operator", user=user)

    assert ran.returncode == 1, ran.stderr
    assert _VALUE not in ran.stdout + ran.stderr
    log = api_server.audit_log
    wait_until(lambda: user in log.read_text(), "the calls are in the audit log", seconds=30)
    calls = {_call(event) for event in map(json.loads, log.read_text().splitlines()) if _is_of(event, user)}
    assert {verb for verb, _ in calls} <= {"get", "list"}
    assert ("list", "pods") in calls
    assert ("list", "configmaps") in calls
    assert "secrets" not in {resource for _, resource in calls}
    assert shop in ran.stdout


def _is_of(event: dict[str, Any], user: str) -> bool:
    return bool(event.get("impersonatedUser", {}).get("username") == user)


def _call(event: dict[str, Any]) -> tuple[str, str]:
    return event["verb"], event.get("objectRef", {}).get("resource", "")


@pytest.fixture
def weak(api_server: Cluster, shop: str) -> Iterator[str]:
    """Let a ServiceAccount see what is in one namespace, and ask access reviews; return its user name."""
    api_server.kubectl(
        "-n", shop, "create", "rolebinding", "weak", "--clusterrole=view", f"--serviceaccount={shop}:default"
    )
    binding = f"{shop}-reviews"
    api_server.kubectl(
        "create", "clusterrolebinding", binding, "--clusterrole=system:auth-delegator", f"--serviceaccount={shop}:default",
    )  # fmt: skip
    user = f"system:serviceaccount:{shop}:default"
    command = ("auth", "can-i", "list", "pods", "-n", shop, f"--as={user}")
    wait_until(lambda: _says_yes(api_server, *command), "the rights have taken effect", seconds=30)
    yield user
    api_server.kubectl("delete", "clusterrolebinding", binding)


def _says_yes(cluster: Cluster, *command: str) -> bool:
    ran = subprocess.run(
        [cluster.program("kubectl"), f"--kubeconfig={cluster.kubeconfig}", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout.strip() == "yes"


def test_few_rights(api_server: Cluster, shop: str, weak: str) -> None:
    """What may not be read is said; the namespace that may be is judged, by access reviews where RBAC is not shown."""
    ran = scan(api_server, "-n", shop, user=weak)

    assert ran.returncode == 2
    assert f"{shop}/db/password" in ran.stdout
    assert "access-denied" in ran.stdout
    told = ran.stderr.splitlines()
    assert all(line.startswith("encctl: ") for line in told)
    assert any(
        line.startswith(f"encctl: daemonsets outside namespace {shop} may not be listed") for line in told
    )
    assert any("clusterroles" in line and "Roles that nothing needs" in line for line in told)
    assert not any(line.startswith("encctl: pods") for line in told)


def test_no_rights(api_server: Cluster, shop: str) -> None:
    """Who may do nothing is told what for each kind, and gets no empty answer that looks like a good one."""
    ran = scan(api_server, user=f"system:serviceaccount:{shop}-dd:default")

    assert ran.returncode == 2
    assert "encctl: pods may not be listed" in ran.stderr
    assert "datadoginstrumentations" not in ran.stderr  # this cluster has no such kind


def test_what_was_applied_is_as_planned(api_server: Cluster, shop: str) -> None:
    """The objects that a scan prints are taken by the API server; once they are there, the next scan changes nothing."""
    printed = scan(api_server, "-o", "yaml")
    assert printed.returncode == 1, printed.stderr
    mine = [
        item for item in yaml.safe_load_all(printed.stdout) if item["metadata"]["namespace"].startswith(shop)
    ]
    assert {item["kind"] for item in mine} == {"Role", "RoleBinding", "ConfigMap", "DaemonSet"}
    api_server.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=json.dumps(_list(mine)))

    data = json.loads(scan(api_server, "-o", "json", "--diff", "--install=enc-operator").stdout)

    assert [item for item in data["changes"] if item["namespace"].startswith(shop)] == []
    assert [item["changes"] for item in data["workloads"] if item["namespace"].startswith(shop)] == [[]]


def _list(items: list[Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": items}
