"""The chart as Helm renders it, for tests of what it renders to."""

import subprocess
from typing import Any

import yaml

from assessing import ROOT

CHART = ROOT / "charts/enc-operator"
AGENTS = '--set-json=agents=[{"namespace": "datadog", "serviceAccounts": ["dd"]}]'
WEBHOOK_ON = "--set=webhook.enabled=true"
Manifest = dict[str, Any]


def rendered(helm: str, *options: str, name: str = "enc-operator", namespace: str = "enc-operator") -> str:
    """Return what `helm template` prints; raise its own words as a ValueError."""
    command = [
        helm,
        "template",
        name,
        str(CHART),
        f"--namespace={namespace}",
        "--kube-version=1.30.0",
        *options,
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise ValueError(ran.stderr)
    return ran.stdout


def manifests(text: str) -> list[Manifest]:
    """Return the documents of a text."""
    return [manifest for manifest in yaml.safe_load_all(text) if manifest]


def configured(helm: str, *options: str) -> dict[str, Manifest]:
    """Return the webhooks that ask something by the first part of their names."""
    found = [
        each
        for each in manifests(rendered(helm, AGENTS, WEBHOOK_ON, *options))
        if each["kind"] == "ValidatingWebhookConfiguration"
    ]
    assert len(found) == 1
    return {each["name"].removesuffix(".enc-operator.io"): each for each in found[0]["webhooks"]}
