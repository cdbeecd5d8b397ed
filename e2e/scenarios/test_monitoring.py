"""What prometheus-operator is given: its own CRDs take the chart's objects, in a real API server with strict validation."""

import json
from collections.abc import Iterator

import pytest
import yaml

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.interface import Cluster, CommandFailed
from e2e.monitoring.prometheus import crds
from e2e.scenarios.rendered_chart import CHART, Manifest

_GROUP = "monitoring.coreos.com/v1"
_OFFERED = {
    "interval": "30s",
    "scrapeTimeout": "10s",
    "labels": {"release": "prometheus"},
    "relabelings": [{"targetLabel": "cluster", "replacement": "prod"}],
    "metricRelabelings": [{"action": "labeldrop", "regex": "endpoint"}],
}


@pytest.fixture(scope="module", autouse=True)
def installed(api_server: Cluster) -> Iterator[None]:
    """Have prometheus-operator's CRDs in the cluster."""
    if isinstance(api_server, ExistingCluster):
        pytest.skip("CRDs of prometheus-operator are replaced: this cluster is somebody's")
    files = [f"--filename={path}" for path in crds()]
    api_server.kubectl("apply", "--server-side", *files)
    api_server.kubectl("wait", "--for=condition=Established", "--timeout=60s", *files)
    yield
    api_server.kubectl("delete", "--wait=false", *files)


def monitoring(cluster: Cluster, monitor: str, mode: str) -> list[Manifest]:
    """Return what the chart renders for prometheus-operator."""
    values = {
        "agents": [{"namespace": "datadog", "serviceAccounts": ["datadog"]}],
        "webhook": {"enabled": True, "mode": mode},
        "metrics": {
            monitor: {"enabled": True, **_OFFERED},
            "prometheusRule": {"enabled": True, "alertLabels": {"team": "a"}},
        },
    }
    options = [f"--set-json={key}={json.dumps(value)}" for key, value in values.items()]
    text = cluster.helm(
        "template", "enc-operator", str(CHART), "--namespace=a", "--kube-version=1.30.0", *options
    )
    return [each for each in yaml.safe_load_all(text) if each and each["apiVersion"] == _GROUP]


@pytest.mark.parametrize(("monitor", "mode"), [("serviceMonitor", "audit"), ("podMonitor", "enforce")])
def test_the_crds_take_everything(monitor: str, mode: str, api_server: Cluster, namespace: str) -> None:
    """Every field is known, every value admitted."""
    found = monitoring(api_server, monitor, mode)

    assert sorted(each["kind"] for each in found) == sorted(
        [monitor[0].upper() + monitor[1:], "PrometheusRule"]
    )
    for each in found:
        apply(api_server, namespace, each)


@pytest.mark.parametrize(
    ("kind", "section", "field", "value"),
    [("ServiceMonitor", "endpoints", "intervall", "30s"), ("PrometheusRule", "groups", "rules", "none")],
    ids=["a field that it does not know", "a value of another type"],
)
def test_what_is_wrong_would_be_refused(
    kind: str, section: str, field: str, value: str, api_server: Cluster, namespace: str
) -> None:
    """So that taking everything means something."""
    wrong = next(each for each in monitoring(api_server, "serviceMonitor", "audit") if each["kind"] == kind)
    wrong["spec"][section][0][field] = value

    with pytest.raises(CommandFailed, match=field):
        apply(api_server, namespace, wrong)


def apply(cluster: Cluster, namespace: str, manifest: Manifest) -> None:
    """Create an object, or raise what the API server has against it."""
    placed = {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}
    cluster.kubectl("create", "--validate=strict", "-f", "-", text=json.dumps(placed))
