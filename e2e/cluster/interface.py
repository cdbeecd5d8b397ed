"""What a test may ask of a cluster, whichever made it; how one is made stands in `native`, `kind` and `existing`."""

import enum
import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from kubernetes import client, config


class Level(enum.Enum):
    """How much of a cluster there is."""

    API_SERVER = "api-server"
    """etcd, kube-apiserver and controller manager: everything but running pods."""
    NODE = "node"
    """A node too: scheduler, kubelet, container runtime, pod network, kube-proxy."""


class Unavailable(Exception):  # noqa: N818 - it is no error of the caller's: this machine cannot
    """A cluster cannot be had on this machine; the text says why and what would change that."""


class CommandFailed(Exception):  # noqa: N818 - the field's word
    """A program ended with an exit code other than 0; the text has the command and what it said."""


class Cluster(ABC):
    """A running cluster."""

    name: str
    level: Level
    kubeconfig: Path
    audit_log: Path | None = None
    """One JSON event a line (audit.k8s.io/v1, level Metadata), where the cluster writes one."""

    def api(self) -> client.ApiClient:
        """Make a client with the rights of the cluster's administrator."""
        return config.new_client_from_config(str(self.kubeconfig))

    def api_of(self, namespace: str, service_account: str) -> client.ApiClient:
        """Make a client with the rights of a ServiceAccount, from a token of its own (TokenRequest)."""
        with self.api() as api:
            request = client.CoreV1Api(api).create_namespaced_service_account_token(
                service_account, namespace, {"spec": {"audiences": [], "expirationSeconds": 3600}}
            )
            administrator = api.configuration
        settings = client.Configuration(host=administrator.host)
        settings.ssl_ca_cert = administrator.ssl_ca_cert
        settings.api_key = {"BearerToken": f"Bearer {request.status.token}"}
        return client.ApiClient(settings)

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        """Run kubectl, with `text` as its standard input, and return what it prints."""
        return run(
            [self.program("kubectl"), *arguments], text=text, variables={"KUBECONFIG": str(self.kubeconfig)}
        )

    def helm(self, *arguments: str) -> str:
        """Run Helm and return what it prints."""
        return run([self.program("helm"), *arguments], variables={"KUBECONFIG": str(self.kubeconfig)})

    @abstractmethod
    def program(self, name: str) -> str:
        """Return the path of `kubectl` or `helm` as this cluster's tests are to use it."""

    @abstractmethod
    def load_image(self, archive: Path) -> None:
        """Make the image of an archive (`docker save` or OCI layout) known to every node under the name that it carries."""

    @abstractmethod
    def close(self) -> None:
        """End the cluster and leave nothing of it behind."""


def run(command: list[str], *, text: str | None = None, variables: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and return its output.

    Raises CommandFailed with the last lines of what it said.
    """
    ran = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(variables or {})},
    )
    if ran.returncode:
        raise CommandFailed(f"{' '.join(command)} ended with {ran.returncode}: {ran.stderr.strip()[-2000:]}")
    return ran.stdout
