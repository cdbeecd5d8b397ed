"""`encctl can-i` against a real API server: the commands that it prints and what it asks itself agree with what a token may do."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from kubernetes import client

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster

ENCCTL = Path(sys.executable).parent / "encctl"
MANIFESTS = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: node, namespace: {namespace}}}
spec:
  template:
    metadata: {{labels: {{agent.datadoghq.com/component: agent}}}}
    spec:
      serviceAccountName: default
      containers: [{{name: agent, image: registry.datadoghq.com/agent:7}}]
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: {namespace}
  annotations:
    ad.datadoghq.com/app.checks: '{{"redisdb": {{"instances": [
      {{"password": "ENC[k8s_secret@{namespace}/mine/k]"}}, {{"password": "ENC[k8s_secret@{namespace}/theirs/k]"}}]}}}}'
spec: {{containers: [{{name: app, image: "redis:8"}}]}}
"""
Ran = subprocess.CompletedProcess[str]


@pytest.fixture
def manifests(api_server: Cluster, namespace: str, tmp_path: Path) -> Path:
    """Write an Agent and a pod with two references; a group that every ServiceAccount there is in may get one of the Secrets."""
    api_server.kubectl(
        "-n", namespace, "create", "role", "mine", "--verb=get", "--resource=secrets", "--resource-name=mine"
    )
    api_server.kubectl(
        "-n", namespace, "create", "rolebinding", "mine", "--role=mine",
        f"--group=system:serviceaccounts:{namespace}",
    )  # fmt: skip
    with api_server.api_of(namespace, "default") as api:
        wait_until(lambda: _status(api, namespace, "mine") == 404, "the role has taken effect", seconds=10)
        assert _status(api, namespace, "theirs") == 403
    file = tmp_path / "manifests.yaml"
    file.write_text(MANIFESTS.format(namespace=namespace))
    return file


def _status(api: client.ApiClient, namespace: str, secret: str) -> int:
    try:
        client.CoreV1Api(api).read_namespaced_secret(secret, namespace)
    except client.ApiException as error:
        return int(error.status)
    return 200


def can_i(cluster: Cluster, manifests: Path, *options: str) -> Ran:
    """Run encctl with the cluster's own kubectl."""
    folder = str(Path(cluster.program("kubectl")).parent)
    command = [str(ENCCTL), "can-i", "-o", "json", *options, str(manifests)]
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(manifests.parent)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_the_cluster_answers_all_questions_at_once(api_server: Cluster, manifests: Path) -> None:
    """Yes for the Secret that the ServiceAccount's group may get, no for its neighbour, with the Role that is missing."""
    ran = can_i(api_server, manifests, "--live", f"--kubeconfig={api_server.kubeconfig}")

    assert ran.returncode == 1, ran.stderr
    mine, theirs = json.loads(ran.stdout)["questions"]
    assert (mine["answer"], theirs["answer"]) == ("yes", "no")
    assert 'of Role "mine" to Group "system:serviceaccounts:' in mine["why"]
    assert theirs["fix"].startswith("apply Role and RoleBinding enc-")


def test_the_printed_commands_get_the_same_answers(api_server: Cluster, manifests: Path) -> None:
    """`--as` alone carries the ServiceAccount's groups: the commands say what the reviews say."""
    ran = can_i(api_server, manifests, f"--kubeconfig={api_server.kubeconfig}")

    assert ran.returncode == 2, ran.stderr
    commands = [item["command"] for item in json.loads(ran.stdout)["questions"]]
    folder = Path(api_server.program("kubectl")).parent
    said = [
        subprocess.run(
            ["/bin/sh", "-c", command],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(manifests.parent)},
        ).stdout
        for command in commands
    ]
    assert said == ["yes\n", "no\n"]


def test_whoever_may_not_ask_is_told_so(
    api_server: Cluster, namespace: str, manifests: Path, tmp_path: Path
) -> None:
    """Without the right to create subjectaccessreviews the error names that right."""
    weak = tmp_path / "weak.kubeconfig"
    weak.write_text(api_server.kubectl("config", "view", "--raw", "--flatten"))
    token = api_server.kubectl("-n", namespace, "create", "token", "default").strip()
    kubectl = [api_server.program("kubectl"), f"--kubeconfig={weak}", "config"]
    name = api_server.kubectl("config", "view", "-o", "jsonpath={.clusters[0].name}")
    subprocess.run([*kubectl, "set-credentials", "weak", f"--token={token}"], check=True, capture_output=True)
    subprocess.run(
        [*kubectl, "set-context", "weak", f"--cluster={name}", "--user=weak"], check=True, capture_output=True
    )

    ran = can_i(api_server, manifests, "--live", f"--kubeconfig={weak}", "--context=weak")

    assert ran.returncode == 2
    assert "you need the right to create subjectaccessreviews" in ran.stderr
