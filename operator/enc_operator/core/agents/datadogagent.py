"""`DatadogAgent` resources: the Agents that the vendor's operator makes of them, and the handles that they carry.

Names of workloads, ServiceAccounts and ConfigMaps follow datadog-operator (`<name>-agent`, `<name>-cluster-agent`,
`<name>-cluster-checks-runner`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from enc_operator.core.agents.backends import decide_backend
from enc_operator.core.agents.environment import Configuration, Variable, environment_of
from enc_operator.core.agents.model import MAIN_FILES, Agent, Level, OwnText
from enc_operator.core.agents.settings import (
    backend_types,
    is_true,
    merged_settings,
    parse_main_file,
    scoping_of,
)
from enc_operator.core.agents.workloads import (
    Installed,
    add_main_file,
    add_variables,
    planned_backend,
    planned_scoping,
)
from enc_operator.core.findings import Where
from enc_operator.core.inventory import Component, DatadogAgentFact, Flavour, TargetFact
from enc_operator.core.objects.shapes import at, entries, mapping, text
from enc_resolver.handles import handle_in

_PARTS = {
    Component.NODE: ("nodeAgent", "agent"),
    Component.CLUSTER: ("clusterAgent", "cluster-agent"),
    Component.RUNNER: ("clusterChecksRunner", "cluster-checks-runner"),
}
_CREDENTIALS = (("apiKey", "DD_API_KEY"), ("appKey", "DD_APP_KEY"))


def read_datadog_agent(
    fact: DatadogAgentFact, target: TargetFact, configuration: Configuration, settings: frozenset[str]
) -> list[Installed]:
    """Read the components of a DatadogAgent; runners only where they are switched on."""
    runners = at(fact.spec, "features", "clusterChecks", "useClusterChecksRunners") is True
    components = (Component.NODE, Component.CLUSTER, *([Component.RUNNER] if runners else []))
    return [
        _read_component(fact, component, target, configuration, settings, runners=runners)
        for component in components
    ]


def _read_component(
    fact: DatadogAgentFact,
    component: Component,
    target: TargetFact,
    configuration: Configuration,
    settings: frozenset[str],
    *,
    runners: bool,
) -> Installed:
    override = ("override", _PARTS[component][0])
    variables = dict(_variables(fact, override, configuration))
    files = list(_main_files(fact, override, configuration))
    merged = {**_backend_settings(fact), **merged_settings([file for file, _ in files], variables)}
    agent = _agent(fact, component, target, merged, variables, runners=runners)
    installed = Installed(agent, [], [fault for _, faults in files for fault in faults])
    add_variables(installed, "", variables, settings)
    for file, _ in files:
        add_main_file(installed, file, variables)
    installed.texts += _checks(fact, override, agent, configuration)
    return installed


def _agent(
    fact: DatadogAgentFact,
    component: Component,
    target: TargetFact,
    settings: Mapping[str, str],
    variables: Mapping[str, Variable],
    *,
    runners: bool,
) -> Agent:
    part, suffix = _PARTS[component]
    backend = planned_backend(decide_backend(settings, backend_types(settings)), target, component)
    return Agent(
        component=component,
        flavour=Flavour.DATADOG,
        name=f"DatadogAgent {fact.namespace}/{fact.name} ({suffix})",
        where=fact.where,
        backend=backend,
        namespace=fact.namespace,
        service_account=text(fact.spec, "override", part, "serviceAccountName") or f"{fact.name}-{suffix}",
        scoping=planned_scoping(scoping_of(settings), backend, target),
        skip_checks=is_true(settings.get("secret_backend_skip_checks", "")),
        takes_cluster_checks=component is Component.RUNNER or (component is Component.NODE and not runners),
        environment={name: variable.value for name, variable in variables.items()},
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


def _variables(
    fact: DatadogAgentFact, override: tuple[str, str], configuration: Configuration
) -> Iterator[tuple[str, Variable]]:
    """Yield the environment: credentials, then global, then the component's, then each container's."""
    for field, name in _CREDENTIALS:
        value = text(fact.spec, "global", "credentials", field)
        if handle_in(value) is not None:
            yield name, Variable(name, value, fact.where.at("spec", "global", "credentials", field))
    containers = mapping(fact.spec, *override, "containers")
    for path in (("global",), override, *((*override, "containers", name) for name in containers)):
        place = fact.where.at("spec", *path)
        yield from environment_of(mapping(fact.spec, *path), place, fact.namespace, configuration).items()


def _main_files(
    fact: DatadogAgentFact, override: tuple[str, str], configuration: Configuration
) -> Iterator[Any]:
    for name, custom in mapping(fact.spec, *override, "customConfigurations").items():
        if name not in MAIN_FILES:
            continue
        data = text(custom, "configData")
        if data:
            yield parse_main_file(
                data, fact.where.at("spec", *override, "customConfigurations", name, "configData")
            )
            continue
        for found in _from_config_map(fact, custom, configuration):
            if found[0] == name:
                yield parse_main_file(found[1], found[2])


def _checks(
    fact: DatadogAgentFact, override: tuple[str, str], agent: Agent, configuration: Configuration
) -> Iterator[OwnText]:
    """Yield the check files; a ConfigMap goes before inline data. Runners mount none."""
    if agent.component is Component.RUNNER:
        return
    extra = mapping(fact.spec, *override, "extraConfd")
    found = list(_from_config_map(fact, extra, configuration))
    if not mapping(extra, "configMap"):
        place = fact.where.at("spec", *override, "extraConfd", "configDataMap")
        data = mapping(extra, "configDataMap")
        found = [(name, value, place.at(name)) for name, value in data.items() if isinstance(value, str)]
    for name, value, where in found:
        yield OwnText(agent, Level.CHECK, where, f"/conf.d/{name}", value)


def _from_config_map(
    fact: DatadogAgentFact, holder: Any, configuration: Configuration
) -> Iterator[tuple[str, str, Where]]:
    reference = mapping(holder, "configMap")
    config_map = configuration.config_maps.get((fact.namespace, text(reference, "name")))
    if config_map is None:
        return
    picked = {text(item, "key"): text(item, "path") for _, item in entries(reference, "items")}
    for key, value in config_map.data.items():
        if not picked or key in picked:
            yield picked.get(key, key), value, config_map.where.at("data", key)
