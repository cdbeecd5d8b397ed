"""Which files an Agent's containers see from ConfigMaps and Secrets, and which of them the Agent reads."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from enc_operator.core.agents.environment import Configuration
from enc_operator.core.agents.model import CONFIG_FOLDERS, MAIN_FILES, SecretMount
from enc_operator.core.findings import Where
from enc_operator.core.inventory import Component, ConfigMapFact, Flavour
from enc_operator.core.objects.shapes import entries, mapping, text
from enc_operator.core.templates.checkfiles import is_check_file

_CONTAINER_LISTS = ("initContainers", "containers")


@dataclass(frozen=True, slots=True)
class MountedText:
    """A file that a container sees: its path there, its text, and where that was written."""

    path: str
    text: str
    where: Where


def mounted_texts(
    spec: Mapping[str, Any], namespace: str, configuration: Configuration
) -> Iterator[MountedText]:
    """Yield the files from ConfigMaps that any container of a pod sees, each path and key once."""
    volumes = {text(volume, "name"): volume for _, volume in entries(spec, "volumes")}
    seen: set[tuple[str, Where]] = set()
    for mount in _mounts(spec):
        for source in _config_map_sources(volumes.get(text(mount, "name"), {})):
            config_map = configuration.config_maps.get((namespace, text(source, "name")))
            for file in _files(mount, source, config_map) if config_map else ():
                if (file.path, file.where) not in seen:
                    seen.add((file.path, file.where))
                    yield file


def secret_mounts(spec: Mapping[str, Any], readers: Iterable[Mapping[str, Any]]) -> tuple[SecretMount, ...]:
    """Return the Secrets that the containers of a pod that resolve handles mount as files."""
    volumes = {text(volume, "name"): volume for _, volume in entries(spec, "volumes")}
    found: dict[SecretMount, None] = {}
    for container in readers:
        for _, mount in entries(container, "volumeMounts"):
            for source, name in _secret_sources(volumes.get(text(mount, "name"), {})):
                found.setdefault(_secret_mount(mount, source, name))
    return tuple(found)


def is_main_file(path: str, flavour: Flavour, component: Component) -> bool:
    """Tell whether a mounted file is the Agent's main configuration; the Cluster Agent has one of its own."""
    folder, _, name = path.rpartition("/")
    clusters = name.endswith("-cluster.yaml")
    return (
        name in MAIN_FILES
        and folder in CONFIG_FOLDERS[flavour]
        and clusters == (component is Component.CLUSTER)
    )


def is_mounted_check(path: str, flavour: Flavour) -> bool:
    """Tell whether a mounted file is a check's: in `/conf.d` (copied by the image's start) or the Agent's own conf.d.

    Source: `providers/config_reader.go`: besides files it reads one level of folders, those that end with `.d`.
    """
    folders = ("/conf.d", *(f"{folder}/conf.d" for folder in CONFIG_FOLDERS[flavour]))
    folder = path.rpartition("/")[0]
    parent = folder.rpartition("/")[0] if folder.endswith(".d") else ""
    return is_check_file(path) and (folder in folders or parent in folders)


def _mounts(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for kind in _CONTAINER_LISTS:
        for _, container in entries(spec, kind):
            for _, mount in entries(container, "volumeMounts"):
                yield mount


def _config_map_sources(volume: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "configMap" in volume:
        yield mapping(volume, "configMap")
    for _, source in entries(volume, "projected", "sources"):
        if "configMap" in source:
            yield mapping(source, "configMap")


def _secret_sources(volume: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    if "secret" in volume:
        yield mapping(volume, "secret"), text(volume, "secret", "secretName")
    for _, source in entries(volume, "projected", "sources"):
        if "secret" in source:
            yield mapping(source, "secret"), text(source, "secret", "name")


def _files(
    mount: Mapping[str, Any], source: Mapping[str, Any], config_map: ConfigMapFact
) -> Iterator[MountedText]:
    for key, relative in _paths(source, config_map.data):
        path = _place(mount, relative)
        if path:
            part = "binaryData" if key in config_map.binary else "data"
            yield MountedText(path, config_map.data[key], config_map.where.at(part, key))


def _paths(source: Mapping[str, Any], keys: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each key with its path below the volume: `items` pick and rename, else a key is a file."""
    picked = [(text(item, "key"), text(item, "path")) for _, item in entries(source, "items")]
    return [pair for pair in picked if pair[0] in keys] if picked else [(key, key) for key in keys]


def _place(mount: Mapping[str, Any], relative: str) -> str | None:
    """Return where a volume's file stands in the container, or None if the `subPath` leaves it out."""
    folder, part = _folder_and_part(mount)
    if not part:
        return posixpath.normpath(f"{folder}/{relative}")
    if relative == part:
        return folder
    if relative.startswith(part + "/"):
        return posixpath.normpath(f"{folder}/{relative[len(part) + 1 :]}")
    return None


def _secret_mount(mount: Mapping[str, Any], source: Mapping[str, Any], name: str) -> SecretMount:
    folder, part = _folder_and_part(mount)
    picked = [(text(item, "path"), text(item, "key")) for _, item in entries(source, "items")]
    if not part:
        return SecretMount(folder, name, tuple(picked) or None)
    if not picked:
        return SecretMount(folder, name, (("", part),))
    below = [(path[len(part) + 1 :], key) for path, key in picked if f"{path}/".startswith(f"{part}/")]
    return SecretMount(folder, name, tuple(below))


def _folder_and_part(mount: Mapping[str, Any]) -> tuple[str, str]:
    folder = posixpath.normpath("/" + text(mount, "mountPath").strip("/"))
    return folder, text(mount, "subPath").strip("/")
