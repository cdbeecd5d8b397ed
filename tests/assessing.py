"""From YAML to facts and assessments, as the tests write them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from enc_operator.cli.inputs import Text
from enc_operator.cli.loading import Options, assess_inventory, load
from enc_operator.core.assessment import Assessment
from enc_operator.core.inventory import Inventory, Resolver

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "manifests/examples"

NODE_AGENT = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node, namespace: dd}
spec:
  template:
    metadata: {labels: {agent.datadoghq.com/component: agent}}
    spec:
      serviceAccountName: node
      containers:
      - {name: agent, image: registry.datadoghq.com/agent:7}
"""

CLUSTER_AGENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: cluster, namespace: dd}
spec:
  template:
    metadata: {labels: {agent.datadoghq.com/component: cluster-agent}}
    spec:
      serviceAccountName: cluster
      containers:
      - {name: cluster-agent, image: registry.datadoghq.com/cluster-agent:7}
"""


def pod(
    handle: str = "ENC[k8s_secret@shop/db/password]", *, namespace: str = "shop", name: str = "web"
) -> str:
    """Return a pod whose one container has a v2 annotation with a handle."""
    return f"""
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: {namespace}
  annotations:
    ad.datadoghq.com/app.checks: '{{"redisdb": {{"instances": [{{"password": "{handle}"}}]}}}}'
spec:
  serviceAccountName: web
  containers:
  - {{name: app, image: "redis:8"}}
"""


def inventory_of(*texts: str, **options: Any) -> Inventory:
    """Read YAML texts into an inventory, each a file of its own."""
    files = [Text(f"file{number}.yaml", text, named=False) for number, text in enumerate(texts)]
    return load(files, Options(now=NOW, **options)).inventory


def assess_texts(*texts: str, **options: Any) -> Assessment:
    """Assess YAML texts."""
    return assess_inventory(inventory_of(*texts, **options))


def codes(assessment: Assessment) -> list[str]:
    """Return the codes of an assessment's findings."""
    return [finding.code for finding in assessment.findings]


def granted(assessment: Assessment) -> dict[str, list[str]]:
    """Return the Secrets that each ServiceAccount is given: `account` → `namespace/name`."""
    found: dict[str, list[str]] = {}
    for item in assessment.permissions:
        secrets = [f"{item.secret_namespace}/{name}" for name in item.secret_names]
        found.setdefault(f"{item.namespace}/{item.service_account}", []).extend(secrets)
    return found


def document(text: str) -> Mapping[str, Any]:
    """Read one YAML document."""
    value = yaml.safe_load(text)
    assert isinstance(value, dict)
    return value


@cache
def resolver() -> Resolver:
    """Return a small resolver payload."""
    return Resolver("0" * 64, {"resolver": "#!/bin/sh\n"}, ("/bin/sh", "-c", "true"))
