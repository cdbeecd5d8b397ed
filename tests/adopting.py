"""An install with global permissions as the vendor's chart makes it, and a shop that uses them, for the tests of `encctl adopt`."""

import yaml

from assessing import pod
from scanning import replica

_LABELS = "labels: {helm.sh/chart: datadog-3.240.0, app.kubernetes.io/instance: dd, app.kubernetes.io/managed-by: Helm}"
_READS = '{apiGroups: [""], resources: [secrets], verbs: [get]}'


def _workload(kind: str, name: str, component: str, confd: str) -> str:
    return f"""
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}, namespace: datadog}}
spec:
  template:
    metadata:
      labels: {{agent.datadoghq.com/component: {component}}}
    spec:
      serviceAccountName: {name}
      containers:
      - name: {component}
        image: registry.example.com/{component}:7
        env: [{{name: DD_SECRET_BACKEND_COMMAND, value: /readsecret_multiple_providers.sh}}]
        volumeMounts: [{{name: confd, mountPath: /conf.d}}]
      volumes: [{{name: confd, configMap: {{name: {confd}}}}}]
---"""


def _role(kind: str, name: str, rule: str, account: str, namespace: str = "") -> str:
    where = f"namespace: {namespace}, " if namespace else ""
    return f"""
apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}
metadata: {{name: {name}, {where}{_LABELS}}}
rules: [{rule}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}Binding
metadata: {{name: {name}, {where}{_LABELS}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: {name}}}
subjects: [{{kind: ServiceAccount, name: {account}, namespace: datadog}}]
---"""


_CHECKS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: dd-datadog-confd, namespace: datadog}
data:
  redisdb.yaml: |
    ad_identifiers: [redis]
    init_config: {}
    instances: [{host: "%%host%%", password: "ENC[k8s_secret@%%kube_namespace%%/redis/password]"}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: dd-datadog-cluster-agent-confd, namespace: datadog}
data:
  postgres.yaml: |
    cluster_check: true
    init_config: {}
    instances: [{host: db.example.com, password: "ENC[k8s_secret@database/cluster-db/password]"}]
---"""
_METRICS = '{apiGroups: [""], resources: [secrets], verbs: [list, watch]}'
_LISTED = '{apiGroups: [""], resources: [secrets], resourceNames: [cluster-db], verbs: [get, list, watch]}'

CHART = (
    _workload("DaemonSet", "dd-datadog", "agent", "dd-datadog-confd")
    + _workload("Deployment", "dd-datadog-cluster-agent", "cluster-agent", "dd-datadog-cluster-agent-confd")
    + _CHECKS
    + _role("ClusterRole", "dd-datadog", _READS, "dd-datadog")
    + _role("ClusterRole", "dd-datadog-cluster-agent", _READS, "dd-datadog-cluster-agent")
    + _role("ClusterRole", "dd-datadog-ksm-core", _METRICS, "dd-datadog-cluster-agent")
    + _role("Role", "dd-datadog-secret-reader-database", _LISTED, "dd-datadog", "database")
)
"""The built-in script, every Secret for both components, one Role listed by hand, check files for pods and for the cluster."""

SHOP = "\n---\n".join(
    (
        pod(name="redis-0"),
        replica("web-6d4-0", pod("ENC[k8s_secret@database/orders/password]")).replace("redis:8", "web:1"),
        replica("web-6d4-1", pod("ENC[k8s_secret@database/orders/password]")).replace("redis:8", "web:1"),
    )
)
"""A pod with a Secret of its own namespace, that a check file waits for, and two of a Deployment that use the database's."""

ORDERS = """
ad_identifiers: [orders]
init_config: {}
instances: [{password: "ENC[k8s_secret@shop/orders/password]"}]
"""


def agents_of(chart: str) -> str:
    """Return the workloads alone, as YAML in the style of the chart's."""
    kept = [
        piece for piece in chart.split("---") if "kind: DaemonSet" in piece or "kind: Deployment" in piece
    ]
    assert all(yaml.safe_load(piece) for piece in kept)
    return "---".join(kept)
