"""An Agent's workload, as a manifest, to the Agent that it runs and the texts of its own configuration."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from enc_operator.core.agents.backends import Backend, BackendKind, decide_backend
from enc_operator.core.agents.environment import Configuration, Variable, environment_of
from enc_operator.core.agents.files import is_main_file, mounted_texts, secret_mounts
from enc_operator.core.agents.injected import without_injected
from enc_operator.core.agents.model import Agent, Scoping, SecretMount
from enc_operator.core.agents.settings import (
    MainFile,
    backend_types,
    is_true,
    merged_settings,
    parse_main_file,
    scoping_of,
)
from enc_operator.core.agents.texts import Installed, add_checks, add_main_file, add_variables
from enc_operator.core.findings import Finding
from enc_operator.core.inventory import Component, TargetFact, WorkloadFact
from enc_operator.core.objects.detection import image_name
from enc_operator.core.objects.shapes import entries, labels, mapping, text

# The processes that resolve secrets when they load their configuration; system-probe's loader skips it.
_READERS = frozenset(
    {
        "agent",
        "trace-agent",
        "process-agent",
        "security-agent",
        "otel-agent",
        "cluster-agent",
        "unprivileged-single-agent",
    }
)
_CHECK_RUNNERS = ("agent", "cluster-agent", "unprivileged-single-agent")
_NO_READERS = frozenset(
    {
        "system-probe",
        "host-profiler",
        "agent-data-plane",
        "private-action-runner",
        "flightrecorder",
        "fips-proxy",
    }
)


def reading_containers(manifest: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    """Return the containers that resolve handles: the Agent's by name, or of the same image as the first of these.

    Where none has such a name, the first container is taken for the Agent.
    """
    containers = list(entries(manifest, "spec", "template", "spec", "containers"))
    named = [item for _, item in containers if is_reader(text(item, "name"))]
    first = [*named, *(item for _, item in containers)][:1]
    images = [image_name(text(item, "image")) for item in first]
    return [(index, item) for index, item in containers if _reads(item, images)]


def unfit(manifest: Mapping[str, Any]) -> str | None:
    """Return why a workload cannot take the resolver, or None."""
    spec = mapping(manifest, "spec", "template", "spec")
    nodes = labels(spec, "nodeSelector")
    if text(spec, "os", "name") == "windows" or nodes.get("kubernetes.io/os") == "windows":
        return "it runs on Windows, where the resolver does not run"
    if any(
        key.startswith("autopilot.gke.io/") for key in (*labels(manifest, "metadata", "annotations"), *nodes)
    ):
        return "GKE Autopilot admits no change to the Agent's pods"
    return None if reading_containers(manifest) else "it has no container that resolves handles"


def is_reader(container: str) -> bool:
    """Tell whether a container of this name is an Agent's process that resolves handles."""
    return container in _READERS


def _reads(container: Mapping[str, Any], images: list[str]) -> bool:
    name = text(container, "name")
    return name in _READERS or (name not in _NO_READERS and image_name(text(container, "image")) in images)


def read_workload(
    workload: WorkloadFact, target: TargetFact, configuration: Configuration, settings: frozenset[str]
) -> Installed:
    """Read an Agent's workload as it will be after the injection that the target asks for, if it can take one."""
    if unfit(workload.manifest):
        target = replace(target, mode="none")
    spec = mapping(workload.manifest, "spec", "template", "spec")
    namespace = workload.object.namespace
    where = workload.where.at("spec", "template", "spec")
    files, findings = _main_files(spec, workload, configuration)
    environments = {
        text(container, "name"): environment_of(
            container, where.at("containers", index), namespace, configuration
        )
        for index, container in reading_containers(workload.manifest)
    }
    environment = next(
        (environments[name] for name in _CHECK_RUNNERS if name in environments),
        next(iter(environments.values()), {}),
    )
    merged = merged_settings(files, environment)
    installed = Installed(_agent(workload, target, merged, environment), [], findings)
    for name, variables in environments.items():
        add_variables(installed, name, variables, settings)
    for file in files:
        add_main_file(installed, file, environment, settings)
    add_checks(installed, spec, configuration)
    return installed


def _agent(
    workload: WorkloadFact,
    target: TargetFact,
    settings: Mapping[str, str],
    environment: Mapping[str, Variable],
) -> Agent:
    spec = mapping(workload.manifest, "spec", "template", "spec")
    configured = decide_backend(settings, backend_types(settings))
    backend = planned_backend(configured, target, workload.component)
    scoping = scoping_of(without_injected(settings, spec))
    providers = settings.get("extra_config_providers", "").split()
    return Agent(
        component=workload.component,
        flavour=workload.flavour,
        name=str(workload.object),
        where=workload.where,
        backend=backend,
        namespace=workload.object.namespace,
        service_account=text(spec, "serviceAccountName") or text(spec, "serviceAccount") or "default",
        scoping=planned_scoping(scoping, backend, target),
        skip_checks=is_true(settings.get("secret_backend_skip_checks", "")),
        takes_cluster_checks=workload.component is Component.RUNNER or "clusterchecks" in providers,
        environment={name: variable.value for name, variable in environment.items()},
        mounts=planned_mounts(
            spec, (container for _, container in reading_containers(workload.manifest)), target
        ),
        cross_namespace=target.cross_namespace,
    )


def planned_mounts(
    spec: Mapping[str, Any], readers: Iterable[Mapping[str, Any]], target: TargetFact
) -> tuple[SecretMount, ...]:
    """Return the Secrets behind files: the declared volumes, and what the user mounts where handles are resolved."""
    declared = tuple(
        SecretMount(volume.mount_path, volume.secret_name, tuple((key, key) for key in volume.keys), volume)
        for volume in target.volumes
    )
    paths = {mount.path for mount in declared}
    return declared + tuple(mount for mount in secret_mounts(spec, readers) if mount.path not in paths)


def planned_backend(backend: Backend, target: TargetFact, component: Component) -> Backend:
    """Return what reads handles after the injection: the user's own backend stays, else the target's mode decides.

    The Cluster Agent's image has no Python: there the built-in helper reads, behind a guard.
    """
    if backend.is_users or target.mode == "none":
        return backend
    bundled = target.mode == "bundled" and component is not Component.CLUSTER
    if bundled:
        return Backend(BackendKind.BUNDLED, root=backend.root)
    return Backend(BackendKind.BUILTIN)  # the guard gives the helper no folder


def planned_scoping(scoping: Scoping, backend: Backend, target: TargetFact) -> Scoping:
    """Return the Agent's limits after the injection, which keeps an Agent to its pods' own namespaces."""
    if backend.kind not in (BackendKind.BUNDLED, BackendKind.BUILTIN) or target.mode == "none":
        return scoping
    if scoping.own_namespace_only or target.cross_namespace:
        return scoping
    return replace(scoping, own_namespace_only=True, planned=True)


def _main_files(
    spec: Mapping[str, Any], workload: WorkloadFact, configuration: Configuration
) -> tuple[list[MainFile], list[Finding]]:
    files: list[MainFile] = []
    findings: list[Finding] = []
    for mounted in mounted_texts(spec, workload.object.namespace, configuration):
        if is_main_file(mounted.path, workload.flavour, workload.component):
            file, faults = parse_main_file(mounted.text, mounted.where)
            files.append(file)
            findings += faults
    return files, findings
