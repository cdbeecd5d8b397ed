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
    for step, child in _children(value):
        below = _schema_below(schema, step)
        if below is not None:
            yield from walk(below, child, (*path, step))


def subschemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and every schema in it."""
    yield schema
    single = (schema.get("items"), schema.get("additionalProperties"))
    for child in (*schema.get("properties", {}).values(), *(s for s in single if isinstance(s, Mapping))):
        yield from subschemas(child)


def _children(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _schema_below(schema: Mapping[str, Any], step: Any) -> Mapping[str, Any] | None:
    named = schema.get("properties", {}).get(step)
    below = named or schema.get("items") or schema.get("additionalProperties")
    return below if isinstance(below, Mapping) else None
