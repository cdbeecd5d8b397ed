"""The project's own chart: rendered to plain manifests, and parts of it applied to a cluster for a test."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from e2e.cluster import choice
from e2e.cluster.interface import Cluster

CHART = Path(__file__).parents[2] / "charts/enc-operator"
Manifest = dict[str, Any]


def render(cluster: Cluster, namespace: str, values: Path, *options: str) -> list[Manifest]:
    """Return what `helm template` makes of the chart for a release called enc-operator."""
    written = cluster.helm(
        "template", "enc-operator", str(CHART), f"--namespace={namespace}", f"--kube-version={choice.asked_version()}",
        f"--values={values}", *options,
    )  # fmt: skip
    return [manifest for manifest in yaml.safe_load_all(written) if manifest]


@contextmanager
def applied(
    cluster: Cluster, manifests: Sequence[Manifest], but: Callable[[Manifest], bool] = lambda _: False
) -> Iterator[None]:
    """Have manifests in the cluster, but for some, and take them away at the end."""
    text = json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": [each for each in manifests if not but(each)]}
    )
    cluster.kubectl("apply", "-f", "-", text=text)
    try:
        yield
    finally:
        cluster.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", text=text)
