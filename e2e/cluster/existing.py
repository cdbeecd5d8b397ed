"""A cluster that somebody else made: the current context of a kubeconfig, and only where it was named on purpose."""

import os
from pathlib import Path

from kubernetes import config
from kubernetes.config.config_exception import ConfigException

from e2e.cluster.interface import Cluster, Level, Unavailable
from e2e.cluster.kind import installed_or_built

CONTEXT = "ENC_E2E_CONTEXT"


class ExistingCluster(Cluster):
    """The cluster of the current context. Tests work in namespaces of their own and take back what they made."""

    level = Level.NODE

    def __init__(self) -> None:
        """Find the current context; raises Unavailable unless ENC_E2E_CONTEXT names it."""
        self.kubeconfig = kubeconfig_path()
        self.name = f"existing context {named_context(self.kubeconfig)}"

    def program(self, name: str) -> str:
        """Return the program that is installed, or the pinned one."""
        return installed_or_built(name)

    def load_image(self, archive: Path) -> None:
        """Refuse: nobody but the cluster's owner brings images into it."""
        raise Unavailable(
            f"{archive.name} cannot be loaded into an existing cluster: push the image to its registry"
        )

    def close(self) -> None:
        """Leave the cluster as it is."""


def kubeconfig_path() -> Path:
    """Return the kubeconfig that kubectl would use; of several in KUBECONFIG, the first."""
    named = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    return Path(named) if named else Path.home() / ".kube/config"


def named_context(kubeconfig: Path) -> str:
    """Return the current context if ENC_E2E_CONTEXT names exactly it.

    A test run that lands on somebody's production cluster because of a left-over context must not be possible.
    """
    try:
        _, current = config.list_kube_config_contexts(str(kubeconfig))
    except ConfigException as problem:
        raise Unavailable(f"there is no current context in {kubeconfig}: {problem}") from None
    asked, found = os.environ.get(CONTEXT), str(current["name"])
    if asked != found:
        wish = f"it is {asked!r}" if asked else "it is not set"
        raise Unavailable(
            f"the current context is {found!r}; to run the tests against it, set {CONTEXT} to that name ({wish})"
        )
    return found
