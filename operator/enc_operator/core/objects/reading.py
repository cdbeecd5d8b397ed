"""One decoded object into the inventory: the one way in for every door."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from enc_operator.core.findings import Finding, ObjectRef, Where, finding
from enc_operator.core.inventory import (
    Component,
    DatadogAgentFact,
    Inventory,
    WorkloadFact,
)
from enc_operator.core.objects.authorization import read_binding, read_role
from enc_operator.core.objects.configuration import read_config_map, read_secret
from enc_operator.core.objects.consents import read_grant, read_target
from enc_operator.core.objects.detection import component_of, detect_agent, flavour_of
from enc_operator.core.objects.duplicates import Seen
from enc_operator.core.objects.pods import TEMPLATES, read_instrumentation, read_pod, read_service
from enc_operator.core.objects.shapes import items, labels, mapping, text
from enc_operator.core.schemas import SchemaFault, check_resource
from enc_operator.core.syntax import Source

_CLUSTER_SCOPED = ("Namespace", "ClusterRole", "ClusterRoleBinding", "ClusterSecretGrant")
_OUR_GROUP = "enc-operator.io/"
_TEMPLATE_PREFIXES = ("ad.datadoghq.com/", "service-discovery.datadoghq.com/", "ad.stackstate.com/")
_OUR_KINDS = (
    "SecretGrant",
    "ClusterSecretGrant",
    "AgentTarget",
)  # also with a misspelt group: its schema says so
_GROUPS = ("", "apps", "batch", "rbac.authorization.k8s.io", "datadoghq.com", "extensions")


@dataclass(slots=True)
class Reader:
    """Reads objects into an inventory.

    `named` are the Agents that the reader names, (namespace, kind, name) → component or None; `crds` the custom resource
    definitions by kind.
    """

    inventory: Inventory
    crds: Mapping[str, Mapping[str, Any]]
    default_namespace: str = "default"
    named: dict[tuple[str, str, str], Component | None] = field(default_factory=dict)
    objects: int = 0
    named_found: set[tuple[str, str, str]] = field(default_factory=set)
    _seen: Seen = field(default_factory=Seen)
    _declared: dict[tuple[str, str, str], Where] = field(default_factory=dict)

    def read(self, document: Any, source: Source) -> None:
        """Add an object, or the items of a list of objects."""
        if not _is_list(document):
            self._read_object(document, source, "")
            return
        members = items(document, "items")
        pairs = zip(members, source.items(("items",), len(members)), strict=True)
        for item, part in sorted(pairs, key=lambda pair: text(pair[0], "kind") != "AgentTarget"):
            if _is_list(item):
                self._complain(
                    _beginning(part), "a list in a list is not read", "write its items into one list"
                )
            else:
                self._read_object(item, part, text(document, "kind")[:-4])

    def missing(self) -> list[Finding]:
        """Return a finding for each named workload that was not read, at the place that names it."""
        return [
            finding(
                "agent-unknown",
                self._declared.get((namespace, kind, name)) or Where(Source("<command line>")),
                f"no workload {kind} {namespace}/{name} is in the input",
                "check namespace, kind and name",
            )
            for namespace, kind, name in sorted(self.named.keys() - self.named_found)
        ]

    def _read_object(self, manifest: Any, source: Source, list_kind: str) -> None:
        kind = text(manifest, "kind") or list_kind
        if not isinstance(manifest, dict) or not kind:
            what = "no Kubernetes object: it has no kind"
            self._complain(_beginning(source), what, "write apiVersion and kind")
            return
        self.objects += 1
        name = text(manifest, "metadata", "name")
        namespace = (
            ""
            if kind in _CLUSTER_SCOPED
            else text(manifest, "metadata", "namespace") or self.default_namespace
        )
        if kind == "Secret":
            source = Source(source.file, source.line)  # without the text: a Secret's values are in it
        where = Where(source, ObjectRef(kind, namespace, name or text(manifest, "metadata", "generateName")))
        api_version = text(manifest, "apiVersion")
        self.inventory.faults += self._seen.again(manifest, where, api_version.rpartition("/")[0])
        if api_version.startswith(_OUR_GROUP) or kind in _OUR_KINDS:
            self._read_ours(kind, manifest, where)
        elif not api_version or api_version.rpartition("/")[0] in _GROUPS:
            self._read_known(kind, manifest, where)
        else:
            self._note_unread(kind, where)

    def _note_unread(self, kind: str, where: Where) -> None:
        """Report a kind that is not read where a handle stands in it: it may make pods, Services or ConfigMaps."""
        if "ENC[" in where.source.text and kind != "CustomResourceDefinition":
            what = f"{kind} is a kind that is not read: what looks like a handle in it is not judged"
            fix = "add the objects that come of it: pods, Services, ConfigMaps"
            start = where.source.text.index("ENC[")
            place = where.part(where.source.text, start, start + 4)
            self.inventory.faults.append(finding("not-read", place, what, fix))

    def _read_known(self, kind: str, manifest: Mapping[str, Any], where: Where) -> None:
        self._check_annotations(kind, manifest, where)
        if kind in TEMPLATES:
            self._check_place(kind, manifest, where)
            self._read_pods(kind, manifest, where)
            return
        add = _READERS.get(kind)
        if add is None:
            self._note_unread(kind, where)
        else:
            add(self.inventory, manifest, where, where.ref)

    def _check_place(self, kind: str, manifest: Mapping[str, Any], where: Where) -> None:
        """Report templates on a workload itself, where no Agent looks: it reads pods."""
        for key in mapping(manifest, "metadata", "annotations") if TEMPLATES[kind] else ():
            if isinstance(key, str) and key.startswith(_TEMPLATE_PREFIXES):
                place = where.at("metadata", "annotations", key).key()
                path = ".".join((*TEMPLATES[kind], "metadata.annotations"))
                what = (
                    f"stands on the {kind} itself, where no Agent looks: Agents read the annotations of pods"
                )
                self.inventory.faults.append(finding("not-resolved", place, what, f"move it to {path}"))

    def _read_pods(self, kind: str, manifest: Mapping[str, Any], where: Where) -> None:
        pod = read_pod(kind, manifest, where, where.ref.namespace)
        self.inventory.pods.append(pod if _has_text(pod.annotations) else replace(pod, where=_slim(where)))
        self._read_workload(kind, manifest, where)

    def _read_workload(self, kind: str, manifest: Mapping[str, Any], where: Where) -> None:
        ref = where.ref
        key = (ref.namespace, kind.lower(), ref.name)
        if key in self.named and kind != "Pod":
            self.named_found.add(key)
            component = self.named[key] or component_of(kind, manifest)
            detected = (component, flavour_of(manifest), "name")
        else:
            found = detect_agent(kind, manifest)
            if found is None:
                return
            detected = found
        component, flavour, by = detected
        self.inventory.workloads.append(WorkloadFact(where, component, flavour, manifest, by))

    def _read_ours(self, kind: str, manifest: Mapping[str, Any], where: Where) -> None:
        ref = where.ref
        faults = check_resource(manifest, self.crds)
        for fault in faults:
            self._fault(fault, where)
        if faults:
            return
        if kind == "AgentTarget":
            target = read_target(manifest, where, ref.namespace, ref.name)
            self.inventory.targets.append(target)
            for index, (workload, name, component) in enumerate(target.workloads):
                key = (ref.namespace, workload.lower(), name)
                self.named[key] = component
                self._declared[key] = where.at("spec", "workloads", index)
        else:
            self.inventory.grants = [grant for grant in self.inventory.grants if grant.where.object != ref]
            self.inventory.grants.append(read_grant(manifest, where, ref.namespace, ref.name))

    def _fault(self, fault: SchemaFault, where: Where) -> None:
        place = where.at(*fault.path)
        place = place.key() if fault.on_key else place
        self.inventory.faults.append(
            finding(
                "resource-invalid",
                place,
                f"{fault.message}; the {where.ref.kind} counts for nothing until it is corrected",
                fault.fix,
            )
        )

    def _check_annotations(self, kind: str, manifest: Mapping[str, Any], where: Where) -> None:
        paths = ("metadata", "annotations"), (*TEMPLATES.get(kind, ()), "metadata", "annotations")
        for path in dict.fromkeys(paths):
            for key, value in mapping(manifest, *path).items():
                if not isinstance(value, str):
                    self._complain(
                        where.at(*path, key),
                        f'annotation "{key}" is no string: the API server refuses the object',
                        "quote the value",
                    )

    def _complain(self, where: Where, what: str, fix: str) -> None:
        self.inventory.faults.append(finding("object-invalid", where, what, fix))


_Add = Callable[[Inventory, Mapping[str, Any], Where, ObjectRef], None]


def _add_service(inventory: Inventory, manifest: Mapping[str, Any], where: Where, ref: ObjectRef) -> None:
    if labels(manifest, "metadata", "annotations"):
        inventory.services.append(read_service(manifest, where, ref.namespace))


def _add_config_map(inventory: Inventory, manifest: Mapping[str, Any], where: Where, ref: ObjectRef) -> None:
    inventory.config_maps.append(read_config_map(manifest, where, ref.namespace, ref.name))


def _add_secret(inventory: Inventory, manifest: Mapping[str, Any], where: Where, ref: ObjectRef) -> None:
    inventory.secrets.append(read_secret(manifest, where, ref.namespace, ref.name))


def _add_role(inventory: Inventory, manifest: Mapping[str, Any], where: Where, ref: ObjectRef) -> None:
    inventory.roles.append(read_role(manifest, where, ref.namespace, ref.name))


def _add_binding(inventory: Inventory, manifest: Mapping[str, Any], where: Where, ref: ObjectRef) -> None:
    inventory.bindings.append(read_binding(manifest, where, ref.namespace, ref.name))


def _add_namespace(inventory: Inventory, manifest: Mapping[str, Any], _: Where, ref: ObjectRef) -> None:
    inventory.namespaces[ref.name] = labels(manifest, "metadata", "labels")


def _add_datadog_agent(
    inventory: Inventory, manifest: Mapping[str, Any], where: Where, ref: ObjectRef
) -> None:
    inventory.datadog_agents.append(
        DatadogAgentFact(where, ref.namespace, ref.name, mapping(manifest, "spec"))
    )


def _add_instrumentation(
    inventory: Inventory, manifest: Mapping[str, Any], where: Where, ref: ObjectRef
) -> None:
    inventory.instrumentations.append(read_instrumentation(manifest, where, ref.namespace))


_READERS: dict[str, _Add] = {
    "Service": _add_service,
    "ConfigMap": _add_config_map,
    "Secret": _add_secret,
    "Role": _add_role,
    "ClusterRole": _add_role,
    "RoleBinding": _add_binding,
    "ClusterRoleBinding": _add_binding,
    "Namespace": _add_namespace,
    "DatadogAgent": _add_datadog_agent,
    "DatadogInstrumentation": _add_instrumentation,
}


def _beginning(source: Source) -> Where:
    """Return where a text begins, without the text: what is not known may be a Secret."""
    return Where(Source(source.file, source.position(()).line - 1))


def _is_list(document: Any) -> bool:
    return (
        isinstance(document, dict)
        and text(document, "kind").endswith("List")
        and isinstance(document.get("items"), list)
    )


def _has_text(annotations: Mapping[str, str]) -> bool:
    return any(key.startswith(("ad.", "service-discovery.")) for key in annotations)


def _slim(where: Where) -> Where:
    """Drop the text of what holds no template: 20,000 manifests fit in little memory."""
    return Where(Source(where.source.file, where.source.line), where.object, where.path)
