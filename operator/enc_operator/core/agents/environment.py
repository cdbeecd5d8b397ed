"""A container's environment, as far as it is known: literals, ConfigMaps, fields, and handles inside Secrets."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from enc_operator.core.findings import Where
from enc_operator.core.inventory import ConfigMapFact, SecretFact
from enc_operator.core.objects.shapes import entries, mapping, text
from enc_operator.core.templates.variables import Unknown
from enc_resolver.handles import handle_in


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable with its value, and where that value was written."""

    name: str
    value: str | Unknown
    where: Where


EVERYTHING = "*"
"""Stands for the variables of an `envFrom` whose source is not in the input."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The ConfigMaps and Secrets of the input by (namespace, name)."""

    config_maps: Mapping[tuple[str, str], ConfigMapFact]
    secrets: Mapping[tuple[str, str], SecretFact]


def environment_of(
    container: Mapping[str, Any], where: Where, namespace: str, configuration: Configuration
) -> dict[str, Variable]:
    """Return the variables of a container; `env` goes before `envFrom`, the last of two equal names wins."""
    variables: dict[str, Variable] = {}
    for index, source in entries(container, "envFrom"):
        for variable in _from_source(source, where.at("envFrom", index), namespace, configuration):
            variables[variable.name] = variable
    for index, entry in entries(container, "env"):
        place, name = where.at("env", index), text(entry, "name")
        if "valueFrom" in entry:
            variables[name] = _from_elsewhere(name, entry, place.at("valueFrom"), namespace, configuration)
        else:
            value = _expanded(text(entry, "value"), variables)
            variables[name] = Variable(name, value, place.at("value"))
    return variables


# Kubernetes' `third_party/forked/golang/expansion`: `$(NAME)` of an earlier variable; `$$` is a `$` that begins nothing.
_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")


def _expanded(value: str, variables: Mapping[str, Variable]) -> str | Unknown:
    """Put earlier variables into a value; what is written as a handle stays a text where one of them is unknown."""
    unknown = False

    def replace(match: re.Match[str]) -> str:
        nonlocal unknown
        if match.group() == "$$":
            return "$"
        known = variables.get(match.group(1))
        if known is not None and isinstance(known.value, str):
            return known.value
        unknown = unknown or known is not None or EVERYTHING in variables
        return match.group()

    expanded = _REFERENCE.sub(replace, value)
    return Unknown.ANY if unknown and handle_in(expanded) is None else expanded


_NAMED_FIELDS = ("metadata.name", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP")


def _from_elsewhere(
    name: str, entry: Mapping[str, Any], where: Where, namespace: str, configuration: Configuration
) -> Variable:
    source = mapping(entry, "valueFrom")
    reference = mapping(source, "configMapKeyRef")
    config_map = configuration.config_maps.get((namespace, text(reference, "name")))
    key = text(reference, "key")
    if config_map and key in config_map.data:
        return Variable(name, config_map.data[key], config_map.where.at("data", key))
    field = text(source, "fieldRef", "fieldPath")
    if field == "metadata.namespace":
        return Variable(name, namespace, where)
    if field in _NAMED_FIELDS or field.startswith("status.podIP") or "resourceFieldRef" in source:
        return Variable(name, Unknown.WORD, where)
    reference = mapping(source, "secretKeyRef")
    secret = configuration.secrets.get((namespace, text(reference, "name")))
    return _from_secret(name, secret, text(reference, "key"), where)


def _from_secret(name: str, secret: SecretFact | None, key: str, where: Where) -> Variable:
    """Return what is known of a Secret's value: the handle that it is, or that it is none."""
    if secret is None or key not in secret.keys:
        return Variable(name, Unknown.ANY, where)
    if key in secret.handles:
        return Variable(name, secret.handles[key], secret.where.at("data", key))
    return Variable(name, Unknown.WORD, where)


def _from_source(
    source: Mapping[str, Any], where: Where, namespace: str, configuration: Configuration
) -> Iterator[Variable]:
    prefix = text(source, "prefix")
    config_map = configuration.config_maps.get((namespace, text(source, "configMapRef", "name")))
    secret = configuration.secrets.get((namespace, text(source, "secretRef", "name")))
    if config_map is not None:
        for key, value in config_map.data.items():
            yield Variable(prefix + key, value, config_map.where.at("data", key))
    elif secret is not None:
        for key in sorted(secret.keys):
            yield _from_secret(prefix + key, secret, key, where)
    else:
        yield Variable(EVERYTHING, Unknown.ANY, where)
