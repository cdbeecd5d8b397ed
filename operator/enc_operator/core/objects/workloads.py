"""An Agent's workload as an API server gives it, to the fact of it: what could be an Agent, before anybody says that it is one."""

from collections.abc import Mapping
from typing import Any

from enc_operator.core.findings import Where
from enc_operator.core.inventory import WorkloadFact
from enc_operator.core.objects.detection import component_of, detect_agent, flavour_of
from enc_operator.core.objects.shapes import mapping, text

_KEPT_METADATA = ("name", "namespace", "labels", "annotations", "ownerReferences")


def read_live_workload(manifest: Mapping[str, Any], where: Where) -> WorkloadFact:
    """Keep the specification; a status that changes with every pod would have the Agents read anew each time."""
    kind, metadata = where.ref.kind, mapping(manifest, "metadata")
    kept = {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {key: metadata[key] for key in _KEPT_METADATA if key in metadata},
        "spec": {"template": mapping(manifest, "spec", "template")},
    }
    found = detect_agent(kind, kept)
    if found:
        return WorkloadFact(where, found[0], found[1], kept, found[2])
    return WorkloadFact(where, component_of(kind, kept), flavour_of(kept), kept, "")


def account_of(workload: WorkloadFact) -> tuple[str, str]:
    """Return the ServiceAccount that a workload's pods run as: namespace and name."""
    spec = mapping(workload.manifest, "spec", "template", "spec")
    name = text(spec, "serviceAccountName") or text(spec, "serviceAccount") or "default"
    return workload.object.namespace, name
