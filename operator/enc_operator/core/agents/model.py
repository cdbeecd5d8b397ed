"""An Agent as one value: which process group resolves, as whom, with what backend and limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from enc_operator.core.agents.backends import Backend
from enc_operator.core.findings import Where
from enc_operator.core.inventory import NOTHING, Component, Flavour, SecretVolume
from enc_operator.core.templates.variables import Unknown

CONFIG_FOLDERS = {
    Flavour.DATADOG: ("/etc/datadog-agent", "/opt/datadog-agent/etc"),
    Flavour.STACKSTATE: ("/etc/stackstate-agent", "/opt/stackstate-agent/etc"),
}
OWN_NAMESPACE = "secret_scope_integration_to_their_k8s_namespace"
MAIN_FILES = ("datadog.yaml", "datadog-cluster.yaml", "stackstate.yaml", "stackstate-cluster.yaml")
COMPONENT_NAMES = {
    Component.NODE: "node Agent",
    Component.CLUSTER: "Cluster Agent",
    Component.RUNNER: "cluster checks runner",
}


@dataclass(frozen=True, slots=True)
class Scoping:
    """The Agent's own limits on which handles it resolves (`secret_scope_…`, `secret_allowed_…`, `secret_image_…`).

    `planned` says that the injection, and not the Agent's own configuration, keeps it to its pods' namespaces.
    """

    own_namespace_only: bool = False
    namespaces: tuple[str, ...] = ()
    images: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: NOTHING)
    planned: bool = False

    def refuses(self, handle: str, secret_namespace: str, pod_namespace: str, image: str) -> str | None:
        """Return the setting that keeps the Agent from resolving a handle of a container, or None.

        Source: `shouldResolvedSecret` in the Agent's `comp/core/secrets/impl/secrets.go`.
        """
        if pod_namespace and secret_namespace:
            if self.own_namespace_only and secret_namespace != pod_namespace:
                return OWN_NAMESPACE
            if self.namespaces and secret_namespace not in self.namespaces:
                return "secret_allowed_k8s_namespace"
        if self.images and image and handle not in self.images.get(image, ()):
            return "secret_image_to_handle"
        return None


@dataclass(frozen=True, slots=True)
class SecretMount:
    """A Secret that the Agent's pods mount as files; `files` are pairs of file and key, or None for all keys."""

    path: str
    secret_name: str
    files: tuple[tuple[str, str], ...] | None = None
    declared: SecretVolume | None = None

    @property
    def is_folder(self) -> bool:
        """Whether the Secret is all that stands in a folder, whose path fits into the Agent's list of arguments."""
        single = self.files is not None and any(not file for file, _ in self.files)
        return not single and self.path not in ("", "/") and not any(letter.isspace() for letter in self.path)

    def key_of(self, path: str) -> str | None:
        """Return the key behind an absolute path, or None if the path is not in this mount."""
        if self.files is None:
            folder, _, name = path.rpartition("/")
            return name if folder == self.path else None
        return next(
            (key for file, key in self.files if path == (f"{self.path}/{file}" if file else self.path)), None
        )


@dataclass(frozen=True, slots=True)
class Agent:
    """One component of an Agent install.

    `name` is the workload or, outside Kubernetes, the folder or Compose service; there `namespace` and `service_account` are
    empty. `environment` holds what is known of the resolving process's environment. `takes_cluster_checks` says that it runs
    checks that the Cluster Agent dispatches.
    """

    component: Component
    flavour: Flavour
    name: str
    where: Where
    backend: Backend
    namespace: str = ""
    service_account: str = ""
    scoping: Scoping = field(default_factory=Scoping)
    skip_checks: bool = False
    takes_cluster_checks: bool = False
    environment: Mapping[str, str | Unknown] = field(default_factory=lambda: NOTHING)
    mounts: tuple[SecretMount, ...] = ()
    cross_namespace: bool = False

    @property
    def in_kubernetes(self) -> bool:
        """Whether it runs as a pod."""
        return bool(self.service_account)

    @property
    def title(self) -> str:
        """What a person calls it: `node Agent datadog/dd-datadog`, by its ServiceAccount."""
        account = f"{self.namespace}/{self.service_account}" if self.in_kubernetes else self.name
        return f"{COMPONENT_NAMES[self.component]} {account}"

    def sort_key(self) -> tuple[str, ...]:
        """Return a key that orders Agents the same way whatever order the input came in."""
        return (self.namespace, self.service_account, self.component, self.name)


class Level(StrEnum):
    """What a text of the Agent's own configuration is."""

    SETTING = "setting"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class OwnText:
    """A text of an Agent's own configuration: a setting's value, or a check's file below conf.d.

    `path` is the setting's name, its variable or the check's file; `process` the containers that read it, empty for all.
    """

    agent: Agent
    level: Level
    where: Where
    path: str
    text: str
    process: str = ""
