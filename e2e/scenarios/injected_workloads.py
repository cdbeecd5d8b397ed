"""Agents' workloads as they are stored, and what of an injection is in them."""

import json
import re
from typing import Any

from e2e.scenarios.operated_world import Clusterful

COMMAND = "DD_SECRET_BACKEND_COMMAND"
OURS = "/etc/enc/bin/resolver"
PAYLOAD = re.compile(r"enc-resolver-[0-9a-f]{64}")
Manifest = dict[str, Any]


def stored(tenants: Clusterful, kind: str = "daemonset", name: str = "agent") -> Manifest:
    """Return what is stored."""
    text = tenants.cluster.kubectl(
        "-n", tenants.names["agents"], "get", kind, name, "-o", "json", "--show-managed-fields"
    )
    found: Manifest = json.loads(text)
    return found


def spec_of(manifest: Manifest) -> Manifest:
    """Return the pods' specification."""
    found: Manifest = manifest["spec"]["template"]["spec"]
    return found


def command_of(manifest: Manifest) -> list[str]:
    """Return every backend command of a workload's first container."""
    return [
        each["value"] for each in spec_of(manifest)["containers"][0].get("env", []) if each["name"] == COMMAND
    ]


def payloads(tenants: Clusterful) -> list[str]:
    """Return the ConfigMaps with a resolver."""
    found = tenants.cluster.kubectl("-n", tenants.names["agents"], "get", "configmaps", "-o", "name")
    return [name for name in found.replace("configmap/", "").split() if PAYLOAD.fullmatch(name)]
