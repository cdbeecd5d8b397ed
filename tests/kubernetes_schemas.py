"""Kubernetes's own OpenAPI schemas, for what the project writes."""

from collections.abc import Iterable, Mapping
from typing import Any

import kubernetes_validate

VERSIONS = ("1.30", "1.37")
"""The oldest version that is supported, and the newest whose schemas are bundled."""


def faults(objects: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what Kubernetes's schemas have against objects, unknown fields included."""
    found = []
    for version in VERSIONS:
        for item in objects:
            try:
                kubernetes_validate.validate(item, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                found.append(
                    f"{version} {item['kind']} {item['metadata']['name']}: {error.message} at {list(error.path)}"
                )
    return found
