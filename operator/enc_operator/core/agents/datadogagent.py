"""`DatadogAgent` resources: the Agents that the vendor's operator makes of them, and the handles that they carry.

Names of workloads, ServiceAccounts and ConfigMaps follow datadog-operator (`<name>-agent`, `<name>-cluster-agent`,
`<name>-cluster-checks-runner`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from enc_operator.core.agents.backends import decide_backend
from enc_operator.core.agents.environment import Configuration, Variable, environment_of
from enc_operator.core.agents.files import (
    MountedText,
    is_main_file,
    is_mounted_check,
    mounted_texts,
)
from enc_operator.core.agents.model import CONFIG_FOLDERS, Agent, Level, OwnText
from enc_operator.core.agents.settings import (
    backend_types,
    is_true,
    merged_settings,
    parse_main_file,
    scoping_of,
)
from enc_operator.core.agents.texts import Installed, add_checks, add_main_file, add_variables
from enc_operator.core.agents.workloads import (
    is_reader,
    planned_backend,
    planned_mounts,
    planned_scoping,
)
from enc_operator.core.findings import Where
from enc_operator.core.inventory import Component, DatadogAgentFact, Flavour, TargetFact
from enc_operator.core.objects.shapes import at, items, labels, mapping, text
from enc_operator.core.templates.variables import Unknown
from enc_resolver.handles import handle_in

_PARTS = {
    Component.NODE: ("nodeAgent", "agent"),
    Component.CLUSTER: ("clusterAgent", "cluster-agent"),
    Component.RUNNER: ("clusterChecksRunner", "cluster-checks-runner"),
}
_CREDENTIALS = (
    ("apiKey", "apiSecret", "DD_API_KEY", "api_key"),
    ("appKey", "appSecret", "DD_APP_KEY", "app_key"),
)


@dataclass(frozen=True, slots=True)
class _Part:
    """One component of a DatadogAgent, with what it is read against."""

    fact: DatadogAgentFact
    component: Component
    target: TargetFact
    configuration: Configuration
    runners: bool

    @property
    def path(self) -> tuple[str, str]:
        return ("override", _PARTS[self.component][0])

    @property
    def override(self) -> Mapping[str, Any]:
        return mapping(self.fact.spec, *self.path)

    @property
    def where(self) -> Where:
        return self.fact.where.at("spec", *self.path)

    @property
    def readers(self) -> Iterator[Mapping[str, Any]]:
        """The containers that resolve handles."""
        named = mapping(self.override, "containers").items()
        return (container for name, container in named if is_reader(name) and isinstance(container, dict))

    @property
    def pod(self) -> Mapping[str, Any]:
        """The volumes and mounts that it adds, in the form of a pod's spec."""
        containers = list(mapping(self.override, "containers").values())
        return {"volumes": items(self.override, "volumes"), "containers": containers}


def read_datadog_agent(
    fact: DatadogAgentFact, target: TargetFact, configuration: Configuration, settings: frozenset[str]
) -> list[Installed]:
    """Read the components of a DatadogAgent; runners only where they are switched on."""
    runners = at(fact.spec, "features", "clusterChecks", "useClusterChecksRunners") is True
    components = (Component.NODE, Component.CLUSTER, *([Component.RUNNER] if runners else []))
    parts = [_Part(fact, component, target, configuration, runners) for component in components]
    return [_read_part(part, settings) for part in parts if part.override.get("disabled") is not True]


def _read_part(part: _Part, settings: frozenset[str]) -> Installed:
    shared = dict(_shared_variables(part))
    containers = dict(_container_variables(part))
    main = {**shared, **containers.get("agent", {}), **containers.get("cluster-agent", {})}
    files = [parse_main_file(file.text, file.where) for file in _main_files(part)]
    merged = {
        **merged_settings([file for file, _ in files], {}),
        **_backend_settings(part.fact),  # the operator writes them into the environment
        **merged_settings([], main),
    }
    installed = Installed(_agent(part, merged, main), [], [fault for _, faults in files for fault in faults])
    for variables in (shared, *containers.values()):
        add_variables(installed, "", variables, settings)
    for file, _ in files:
        add_main_file(installed, file, main, settings)
    installed.texts += [
        OwnText(installed.agent, Level.CHECK, file.where, file.path, file.text) for file in _checks(part)
    ]
    add_checks(installed, part.pod, part.configuration)
    return installed


def _agent(part: _Part, settings: Mapping[str, str], variables: Mapping[str, Variable]) -> Agent:
    fact, component, target = part.fact, part.component, part.target
    suffix = _PARTS[component][1]
    backend = planned_backend(decide_backend(settings, backend_types(settings)), target, component)
    node_takes = component is Component.NODE and not part.runners
    return Agent(
        component=component,
        flavour=Flavour.DATADOG,
        name=f"DatadogAgent {fact.namespace}/{fact.name} ({suffix})",
        where=fact.where,
        backend=backend,
        namespace=fact.namespace,
        service_account=text(part.override, "serviceAccountName") or f"{fact.name}-{suffix}",
        scoping=planned_scoping(scoping_of(settings), backend, target),
        skip_checks=is_true(settings.get("secret_backend_skip_checks", "")),
        takes_cluster_checks=component is Component.RUNNER or node_takes,
        environment={name: variable.value for name, variable in variables.items()},
        mounts=planned_mounts(part.pod, part.readers, target),
        cross_namespace=target.cross_namespace,
    )


def _backend_settings(fact: DatadogAgentFact) -> dict[str, str]:
    backend = mapping(fact.spec, "global", "secretBackend")
    found = {
        "secret_backend_command": text(backend, "command"),
        "secret_backend_arguments": text(backend, "args"),
        "secret_backend_type": text(backend, "type"),
    }
    return {name: value for name, value in found.items() if value}


def _shared_variables(part: _Part) -> Iterator[tuple[str, Variable]]:
    """Yield the environment of all containers: the credentials, then the global one, then the component's."""
    fact = part.fact
    for names in _CREDENTIALS:
        yield from _credential(part, *names)
    for path in (("global",), part.path):
        place = fact.where.at("spec", *path)
        yield from environment_of(
            mapping(fact.spec, *path), place, fact.namespace, part.configuration
        ).items()


def _credential(
    part: _Part, field: str, secret: str, name: str, default_key: str
) -> Iterator[tuple[str, Variable]]:
    """Yield the variable that the operator makes of a key, which it puts into a Secret, or of a Secret that is named."""
    place = part.fact.where.at("spec", "global", "credentials")
    credentials = mapping(part.fact.spec, "global", "credentials")
    value, named = text(credentials, field), mapping(credentials, secret)
    if value:
        yield name, Variable(name, value if handle_in(value) is not None else Unknown.WORD, place.at(field))
    elif named:
        reference = {"name": text(named, "secretName"), "key": text(named, "keyName") or default_key}
        container = {"env": [{"name": name, "valueFrom": {"secretKeyRef": reference}}]}
        yield from environment_of(
            container, place.at(secret), part.fact.namespace, part.configuration
        ).items()


def _container_variables(part: _Part) -> Iterator[tuple[str, dict[str, Variable]]]:
    """Yield the variables of each container that resolves handles."""
    for name, container in mapping(part.override, "containers").items():
        if is_reader(name):
            place = part.where.at("containers", name)
            yield name, environment_of(container, place, part.fact.namespace, part.configuration)


def _main_files(part: _Part) -> Iterator[MountedText]:
    folder = CONFIG_FOLDERS[Flavour.DATADOG][0]
    for name, custom in mapping(part.override, "customConfigurations").items():
        data = text(custom, "configData")
        place = part.where.at("customConfigurations", name, "configData")
        found = (
            [MountedText(f"{folder}/{name}", data, place)] if data else _from_config_map(part, custom, folder)
        )
        yield from (file for file in found if _is_main_file(part, file) and file.path == f"{folder}/{name}")
    mounted = mounted_texts(part.pod, part.fact.namespace, part.configuration)
    yield from (file for file in mounted if _is_main_file(part, file))


def _is_main_file(part: _Part, file: MountedText) -> bool:
    return is_main_file(file.path, Flavour.DATADOG, part.component)


def _checks(part: _Part) -> list[MountedText]:
    """Return the check files; a ConfigMap goes before inline data. Runners mount none."""
    if part.component is Component.RUNNER:
        return []
    extra = mapping(part.override, "extraConfd")
    found = list(_from_config_map(part, extra, "/conf.d"))
    if not mapping(extra, "configMap"):
        place = part.where.at("extraConfd", "configDataMap")
        data = labels(extra, "configDataMap")
        found = [MountedText(f"/conf.d/{name}", value, place.at(name)) for name, value in data.items()]
    return [file for file in found if is_mounted_check(file.path, Flavour.DATADOG)]


def _from_config_map(part: _Part, holder: Any, folder: str) -> Iterator[MountedText]:
    """Yield the files of a ConfigMap that an override names, as if it were a volume at the folder."""
    volume = {"name": "files", "configMap": mapping(holder, "configMap")}
    container = {"volumeMounts": [{"name": "files", "mountPath": folder}]}
    spec = {"volumes": [volume], "containers": [container]}
    yield from mounted_texts(spec, part.fact.namespace, part.configuration)
