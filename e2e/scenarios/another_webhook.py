"""A mutating webhook of somebody else, which adds a container to every workload, in a thread of this process."""

import base64
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import trustme

from e2e.cluster.interface import Cluster
from e2e.scenarios.registered_webhook import registered


class _Review(BaseHTTPRequestHandler):
    """Puts a container before all others, once; `added` is it."""

    added: Mapping[str, Any]

    def do_POST(self) -> None:
        """Answer a review."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        containers = asked["object"]["spec"]["template"]["spec"]["containers"]
        response = {"uid": asked["uid"], "allowed": True}
        if self.added["name"] not in {each["name"] for each in containers}:
            change = {"op": "add", "path": "/spec/template/spec/containers/0", "value": self.added}
            patch = base64.b64encode(json.dumps([change]).encode()).decode()
            response |= {"patchType": "JSONPatch", "patch": patch}
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
        body = json.dumps(review).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def adding_webhook(cluster: Cluster, namespace: str, container: Mapping[str, Any]) -> Iterator[None]:
    """Have a container added to the DaemonSets of a namespace."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Review", (_Review,), {"added": container}))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    rule = {"operations": ["CREATE", "UPDATE"], "apiGroups": ["apps"], "resources": ["daemonsets"]}
    try:
        with registered(
            cluster, "MutatingWebhookConfiguration", namespace, (server.server_port, authority), rule
        ):
            yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
