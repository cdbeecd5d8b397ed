"""SecretGrant, ClusterSecretGrant and AgentTarget. They are read only after their schema found no fault."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from enc_operator.core.findings import Where
from enc_operator.core.inventory import (
    Component,
    Flavour,
    GrantFact,
    GrantFrom,
    GrantTo,
    SecretVolume,
    TargetFact,
)
from enc_operator.core.objects.shapes import entries, mapping, selector, text, texts


def read_grant(manifest: Mapping[str, Any], where: Where, namespace: str, name: str) -> GrantFact:
    """Read a SecretGrant, or a ClusterSecretGrant (namespace empty)."""
    opens = tuple(
        GrantTo(
            text(item, "secretName"),
            texts(item, "keys"),
            texts(item, "namespaces") if not namespace else (namespace,),
            selector(item["namespaceSelector"]) if "namespaceSelector" in item else None,
        )
        for _, item in entries(manifest, "spec", "to")
    )
    admits = _from(manifest, "spec", "from")
    created = text(manifest, "metadata", "creationTimestamp")
    return GrantFact(where, namespace, name, admits, opens, _expiry(manifest), created)


def read_target(manifest: Mapping[str, Any], where: Where, namespace: str, name: str) -> TargetFact:
    """Read an AgentTarget."""
    spec = mapping(manifest, "spec")
    resolver = mapping(spec, "resolver")
    defaults = TargetFact(where, namespace, name)
    return TargetFact(
        where,
        namespace,
        name,
        Flavour(text(spec, "flavour") or defaults.flavour),
        tuple(
            (text(item, "kind"), text(item, "name"), Component(text(item, "component")))
            for _, item in entries(spec, "workloads")
        ),
        text(resolver, "mode") or defaults.mode,
        resolver.get("refreshInterval", defaults.refresh_interval),
        resolver.get("timeout", defaults.timeout),
        tuple(_volume(item) for _, item in entries(spec, "secretVolumes")),
        spec.get("crossNamespace") is True,
        text(spec, "manage") or defaults.manage,
        text(spec, "enforcement") or defaults.enforcement,
        text(resolver, "rollout") or defaults.rollout,
    )


def _volume(item: Mapping[str, Any]) -> SecretVolume:
    allowed = _from(item, "allowedFrom")
    return SecretVolume(text(item, "name"), text(item, "secretName"), texts(item, "keys"), allowed)


def _from(manifest: Mapping[str, Any], *path: str) -> tuple[GrantFrom, ...]:
    return tuple(
        GrantFrom(
            text(item, "namespace") or None,
            selector(item["namespaceSelector"]) if "namespaceSelector" in item else None,
            texts(item, "serviceAccounts"),
            text(item, "agent", "namespace") or None,
        )
        for _, item in entries(manifest, *path)
    )


def _expiry(manifest: Mapping[str, Any]) -> datetime | None:
    value = text(manifest, "spec", "expires")
    return datetime.fromisoformat(value) if value else None
