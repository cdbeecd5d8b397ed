"""Walks a document along its schema. What a node must fulfil is decided elsewhere."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from enc_operator.core.schemas.faults import Path


@dataclass(frozen=True, slots=True)
class Node:
    """A value, where it is, and the schema that it is under."""

    path: Path
    schema: Mapping[str, Any]
    value: Any


def walk(schema: Mapping[str, Any], value: Any, path: Path = ()) -> Iterator[Node]:
    """Yield the document's nodes from the root down, those that the schema knows."""
    yield Node(path, schema, value)
    for step, child, below in _children(schema, value):
        yield from walk(below, child, (*path, step))


def subschemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and every schema in it."""
    yield schema
    single = (schema.get("items"), schema.get("additionalProperties"))
    for child in (*schema.get("properties", {}).values(), *(s for s in single if isinstance(s, Mapping))):
        yield from subschemas(child)


def _children(schema: Mapping[str, Any], value: Any) -> Iterator[tuple[Any, Any, Mapping[str, Any]]]:
    # An object where a list belongs has no items, nor a list fields: what is in them is under no schema.
    if isinstance(value, dict) and schema.get("type") == "object":
        named, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, child in value.items():
            below = named.get(name, others)
            if isinstance(below, Mapping):
                yield name, child, below
    elif isinstance(value, list) and schema.get("type") == "array":
        for index, child in enumerate(value):
            yield index, child, schema["items"]
