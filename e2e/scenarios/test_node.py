"""What the node level promises to every other test: pods run, and everything that they lean on."""

import json
from pathlib import Path

import yaml
from kubernetes import client

from e2e.cluster.interface import Cluster
from e2e.scenarios.running_pods import PYTHON, logs, run_pod, wait_ready

_DAEMONSET = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: reader}
spec:
  selector: {matchLabels: {app: reader}}
  template:
    metadata: {labels: {app: reader}}
    spec:
      terminationGracePeriodSeconds: 0
      volumes:
        - {name: tools, emptyDir: {}}
        - {name: credentials, secret: {secretName: credentials, defaultMode: 0400}}
      initContainers:
        - name: install
          image: IMAGE
          command: [sh, -c, 'printf "#!/bin/sh\\ncat /credentials/key | wc -c\\n" > /tools/count && chmod 0500 /tools/count']
          volumeMounts: [{name: tools, mountPath: /tools}]
      containers:
        - name: main
          image: IMAGE
          command: [sh, -c, '/tools/count; stat -L -c "%a %u" /credentials/key; exec sleep infinity']
          volumeMounts:
            - {name: tools, mountPath: /tools, readOnly: true}
            - {name: credentials, mountPath: /credentials, readOnly: true}
"""
_ASKING = """
import json, os, ssl, urllib.request
mounted = "/var/run/secrets/kubernetes.io/serviceaccount"
request = urllib.request.Request(
    "https://%s:%s/api/v1/namespaces/%s" % (os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"], os.environ["ASKED"]),
    headers={"Authorization": "Bearer " + open(mounted + "/token").read()},
)
print(json.load(urllib.request.urlopen(request, context=ssl.create_default_context(cafile=mounted + "/ca.crt")))["metadata"]["uid"])
"""


def test_a_daemonset_with_init_container_and_a_secret_of_mode_0400_runs(
    node: Cluster, node_namespace: str, base_image: str
) -> None:
    """What the injection relies on: an emptyDir filled by an init container, and a Secret that only its owner reads."""
    node.kubectl(
        "-n", node_namespace, "create", "secret", "generic", "credentials", "--from-literal=key=four"
    )
    node.kubectl("-n", node_namespace, "apply", "-f", "-", text=_DAEMONSET.replace("IMAGE", base_image))
    wait_ready(node, node_namespace, "daemonset/reader")

    printed = logs(node, node_namespace, "daemonset/reader", lines=2)
    said = node.kubectl("-n", node_namespace, "exec", "daemonset/reader", "--", "/tools/count")

    assert printed == ["4", "400 0"]
    assert said == "4\n"


def test_a_pod_reaches_the_api_server_through_its_service(
    node: Cluster, node_namespace: str, operator_image: str
) -> None:
    """The address in KUBERNETES_SERVICE_HOST is a Service's; token and authority are mounted; RBAC decides."""
    node.kubectl(
        "create",
        "clusterrolebinding",
        node_namespace,
        "--clusterrole=view",
        f"--serviceaccount={node_namespace}:default",
    )
    try:
        asked = [{"name": "ASKED", "value": node_namespace}]
        container = {
            "name": "asking",
            "image": operator_image,
            "command": [PYTHON, "-c", _ASKING],
            "env": asked,
        }
        answer = run_pod(node, node_namespace, container)
    finally:
        node.kubectl("delete", "clusterrolebinding", node_namespace)

    with node.api() as api:
        assert answer == [client.CoreV1Api(api).read_namespace(node_namespace).metadata.uid]


def test_the_operators_image_runs_as_nobody_in_particular(
    node: Cluster, node_namespace: str, operator_image: str
) -> None:
    """The image built from the Dockerfile starts encctl under the restricted pod security standard."""
    node.kubectl("label", "namespace", node_namespace, "pod-security.kubernetes.io/enforce=restricted")

    printed = run_pod(
        node, node_namespace, {"name": "main", "image": operator_image, "command": ["encctl", "--version"]}
    )

    assert printed[0].startswith("encctl ")


def test_helm_installs_a_chart(node: Cluster, node_namespace: str, tmp_path: Path) -> None:
    """A chart is rendered, installed, listed and taken back."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: tried\nversion: 1.0.0\n")
    settings = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "{{ .Release.Name }}"},
        "data": {"key": "{{ .Values.key }}"},
    }
    (tmp_path / "templates/settings.yaml").write_text(yaml.safe_dump(settings))

    node.helm("install", "shop", str(tmp_path), f"--namespace={node_namespace}", "--set=key=told", "--wait")
    installed = json.loads(node.helm("list", f"--namespace={node_namespace}", "--output=json"))
    told = node.kubectl("-n", node_namespace, "get", "configmap", "shop", "-o", "jsonpath={.data.key}")
    node.helm("uninstall", "shop", f"--namespace={node_namespace}")

    assert [(each["name"], each["status"]) for each in installed] == [("shop", "deployed")]
    assert told == "told"
