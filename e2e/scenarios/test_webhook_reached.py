"""The API server reaches a webhook that runs in a pod, through its Service and with its certificate."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager

import trustme
from kubernetes import client

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.running_pods import PYTHON, start_pod, wait_ready

_SERVER = """
import http.server, json, ssl
class Review(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        response = {"uid": asked["uid"], "allowed": False, "status": {"message": "refused by the pod"}}
        body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("", 8443), Review)
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain("/tls/tls.crt", "/tls/tls.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def test_the_api_server_asks_a_webhook_in_a_pod(
    node: Cluster, node_namespace: str, operator_image: str
) -> None:
    """What the pod answers is what the client is told."""
    authority = trustme.CA()
    _serve(node, node_namespace, operator_image, authority)

    with _registered(node, node_namespace, authority), node.api() as api:
        core = client.CoreV1Api(api)
        wait_until(
            lambda: "refused by the pod" in _refusal(core, node_namespace), "the webhook is asked", seconds=30
        )


def _serve(cluster: Cluster, namespace: str, image: str, authority: trustme.CA) -> None:
    pair = authority.issue_cert(f"hook.{namespace}.svc")
    files = {"tls.crt": pair.cert_chain_pems[0].bytes(), "tls.key": pair.private_key_pem.bytes()}
    secret = {
        "metadata": {"name": "hook"},
        "data": {name: base64.b64encode(file).decode() for name, file in files.items()},
    }
    service = {
        "metadata": {"name": "hook"},
        "spec": {"selector": {"app": "hook"}, "ports": [{"port": 443, "targetPort": 8443}]},
    }
    with cluster.api() as api:
        client.CoreV1Api(api).create_namespaced_secret(namespace, secret)
        client.CoreV1Api(api).create_namespaced_service(namespace, service)
    container = {
        "name": "hook",
        "image": image,
        "command": [PYTHON, "-c", _SERVER],
        "readinessProbe": {"tcpSocket": {"port": 8443}, "periodSeconds": 1},
        "volumeMounts": [{"name": "tls", "mountPath": "/tls", "readOnly": True}],
    }
    start_pod(cluster, namespace, container, volumes=[{"name": "tls", "secret": {"secretName": "hook"}}])
    wait_ready(cluster, namespace, "pod/hook")


@contextmanager
def _registered(cluster: Cluster, namespace: str, authority: trustme.CA) -> Iterator[None]:
    webhook = {
        "name": "hook.enc-e2e.invalid",
        "clientConfig": {
            "service": {"namespace": namespace, "name": "hook", "path": "/"},
            "caBundle": base64.b64encode(authority.cert_pem.bytes()).decode(),
        },
        "rules": [
            {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
        ],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 5,
    }
    with cluster.api() as api:
        admission = client.AdmissionregistrationV1Api(api)
        admission.create_validating_webhook_configuration(
            {"metadata": {"name": namespace}, "webhooks": [webhook]}
        )
        try:
            yield
        finally:
            admission.delete_validating_webhook_configuration(namespace)


def _refusal(core: client.CoreV1Api, namespace: str) -> str:
    """Return why a ConfigMap is refused now; empty where it is not."""
    try:
        core.create_namespaced_config_map(namespace, {"metadata": {"generateName": "asked-"}}, dry_run="All")
    except client.ApiException as refused:
        return str(refused.body)
    return ""
