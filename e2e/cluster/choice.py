"""Which kind of cluster a test run uses: what ENC_E2E_CLUSTER names, otherwise kind where Docker works, otherwise a native one."""

import os
from collections.abc import Callable

from e2e.cluster import binaries, kind
from e2e.cluster.existing import ExistingCluster
from e2e.cluster.interface import Cluster, Level, Unavailable
from e2e.cluster.kind import KindCluster
from e2e.cluster.native import NativeCluster

VARIABLE = "ENC_E2E_CLUSTER"
VERSION = "ENC_E2E_KUBERNETES"

Maker = Callable[[Level, bool], Cluster]


def start(level: Level, *, detached: bool = False) -> Cluster:
    """Start the cluster that this machine and the environment choose; a detached one goes on when its maker ends.

    Raises Unavailable, which says why, where there is none to be had.
    """
    return makers()[chosen()](level, detached)


def asked_version() -> str:
    """Return the minor version of Kubernetes that ENC_E2E_KUBERNETES asks for: the newest that is pinned, unless it is set."""
    return ".".join((os.environ.get(VERSION) or binaries.newest()).split(".")[:2])


def makers() -> dict[str, Maker]:
    """Map each name that ENC_E2E_CLUSTER may have to what starts such a cluster."""
    version = os.environ.get(VERSION) or None
    return {
        "kind": lambda level, detached: KindCluster(level, version=version, detached=detached),
        "native": lambda level, detached: NativeCluster(level, version=version, detached=detached),
        "existing": lambda _level, _detached: ExistingCluster(),
    }


def chosen() -> str:
    """Return the kind of cluster to use: `kind`, `native` or `existing`."""
    named = os.environ.get(VARIABLE)
    if named:
        if named not in makers():
            raise Unavailable(f"{VARIABLE}={named} is none of {', '.join(makers())}")
        return named
    try:
        kind.require()
    except Unavailable:
        return "native"
    return "kind"
