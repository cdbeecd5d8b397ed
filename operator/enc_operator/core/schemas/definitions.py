"""Reads CustomResourceDefinitions and finds the schema of a resource. Their texts come from the caller."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from enc_operator.core.schemas.faults import SchemaFault, choices, closest, quote
from enc_operator.core.schemas.metadata import METADATA
from enc_operator.core.schemas.nodes import subschemas
from enc_operator.core.schemas.patterns import words_of
from enc_operator.core.schemas.rules import rule_of
from enc_operator.core.schemas.translation import KEYWORDS

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_crds(texts: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Parse CRDs, one a text, by the kind that they define.

    Raise ValueError for a keyword, a pattern or a CEL rule that is not implemented here: half a check would be none.
    """
    definitions = [yaml.load(text, _LOADER) for text in texts]  # noqa: S506 - a safe loader, in C where there is one
    for definition in definitions:
        for version in definition["spec"]["versions"]:
            _require_support(version["schema"]["openAPIV3Schema"])
    return {definition["spec"]["names"]["kind"]: definition for definition in definitions}


def find_schema(
    document: Mapping[str, Any], crds: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | SchemaFault:
    """Return the schema of a document's kind and version, with that of its metadata, or what is wrong with them."""
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in crds:
        return _unknown("kind", kind, crds)
    spec = crds[kind]["spec"]
    served = {
        f"{spec['group']}/{v['name']}": v["schema"]["openAPIV3Schema"]
        for v in spec["versions"]
        if v["served"]
    }
    version = document.get("apiVersion")
    if not isinstance(version, str) or version not in served:
        return _unknown("apiVersion", version, served)
    return _with_metadata(served[version])


def _with_metadata(schema: Mapping[str, Any]) -> dict[str, Any]:
    required = [*schema.get("required", ()), "metadata"]
    return {**schema, "required": required, "properties": {**schema["properties"], "metadata": METADATA}}


def _unknown(field: str, value: Any, known: Iterable[str]) -> SchemaFault:
    names = list(known)
    meant = closest(str(value), names)
    fix = f'did you mean "{meant}"?' if meant else f"use one of {choices(names)}"
    if value is None:
        return SchemaFault((), f'"{field}" is missing', f"use one of {choices(names)}")
    return SchemaFault((field,), f"unknown {field} {quote(value)}", fix)


def _require_support(schema: Mapping[str, Any]) -> None:
    for part in subschemas(schema):
        unknown = set(part) - KEYWORDS
        if unknown:
            raise ValueError(f"schema keywords that are not implemented: {choices(unknown)}")
        if "pattern" in part:
            words_of(part["pattern"])
        for validation in part.get("x-kubernetes-validations", ()):
            rule_of(validation["rule"])
