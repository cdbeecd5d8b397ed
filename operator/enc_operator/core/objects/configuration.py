"""ConfigMaps and Secrets. A Secret's values end here: kept are its keys, and handles that stand in it as values."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from enc_operator.core.findings import Where
from enc_operator.core.inventory import ConfigMapFact, SecretFact
from enc_operator.core.objects.shapes import labels, mapping, text
from enc_resolver.handles import handle_in


def read_config_map(manifest: Mapping[str, Any], where: Where, namespace: str, name: str) -> ConfigMapFact:
    """Read a ConfigMap; `binaryData` that is text can hold a handle too."""
    data = dict(labels(manifest, "data"))
    binary = {key: _decoded(value) for key, value in labels(manifest, "binaryData").items()}
    data.update({key: value.decode("utf-8", "replace") for key, value in binary.items()})
    return ConfigMapFact(where, namespace, name, data, frozenset(binary))


def read_secret(manifest: Mapping[str, Any], where: Where, namespace: str, name: str) -> SecretFact:
    """Read a Secret's keys, and the handles among its values."""
    keys = frozenset(
        key for part in ("data", "stringData") for key in mapping(manifest, part) if isinstance(key, str)
    )
    stored = bool(text(manifest, "metadata", "uid"))
    return SecretFact(where, namespace, name, keys, dict(_handles(manifest)), stored)


def _handles(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    values = {
        key: _decoded(value).decode("utf-8", "replace") for key, value in labels(manifest, "data").items()
    }
    values.update(labels(manifest, "stringData"))  # as the API server does
    for key, value in values.items():
        if handle_in(value) is not None:
            yield key, value


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded)
    except ValueError:
        return b""
