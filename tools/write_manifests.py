"""Write manifests/install.yaml: the chart, rendered for kubectl, with the Agents of Datadog's own chart."""

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from e2e.cluster import binaries
from enc_operator.resolver_bundle import init_command

ROOT = Path(__file__).parents[1]
CHART = ROOT / "charts/enc-operator"
COMMAND = CHART / "files/init-command.json"
"""What the fence lets the operator put into Agents' pods."""
INSTALL = ROOT / "manifests/install.yaml"
OLDEST = "1.30.0"
"""The Kubernetes that is rendered for: what it makes does not differ for a newer one."""
_NAMESPACE = "enc-operator"
_HEAD = """# enc-operator for `kubectl apply --server-side -f`: written by `make manifests` from charts/enc-operator, not by hand.
# The Agents are those of Datadog's chart, installed as `datadog` in the namespace `datadog`, which must exist. For others, and for every
# other choice, render the chart yourself: docs/install.md.
"""
_FIRST = (
    "Namespace",
    "CustomResourceDefinition",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)


def render(*options: str) -> str:
    """Return what `helm template` prints for a release enc-operator in the namespace enc-operator."""
    command = [
        str(binaries.tools() / "helm"),
        "template",
        "enc-operator",
        str(CHART),
        f"--kube-version={OLDEST}",
    ]
    ran = subprocess.run(
        [*command, f"--namespace={_NAMESPACE}", *options], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise SystemExit(ran.stderr)
    return ran.stdout


def install() -> str:
    """Return the text of manifests/install.yaml: the namespace, the CRDs and the fence come before everything else."""
    agents = '[{"namespace": "datadog", "serviceAccounts": ["datadog", "datadog-cluster-agent"]}]'
    rendered = render("--include-crds", "--no-hooks", f"--set-json=agents={agents}")
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": _NAMESPACE, "labels": restricted},
    }
    documents = [document for document in rendered.split("\n---\n") if yaml.safe_load(document)]
    ordered = sorted([yaml.safe_dump(namespace, sort_keys=False), *documents], key=_rank)
    return _HEAD + "".join(f"---\n{document.removeprefix('---').strip()}\n" for document in ordered)


def _rank(document: str) -> int:
    found: dict[str, Any] = yaml.safe_load(document)
    return _FIRST.index(found["kind"]) if found["kind"] in _FIRST else len(_FIRST)


if __name__ == "__main__":
    COMMAND.parent.mkdir(exist_ok=True)
    COMMAND.write_text(f"{json.dumps(init_command())}\n", encoding="utf-8")
    INSTALL.write_text(install(), encoding="utf-8")
