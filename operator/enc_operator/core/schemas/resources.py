"""Checks a custom resource of enc-operator.io offline, by the CRD that the API server enforces.

Three passes: the shape (jsonschema), what lists must not repeat, and the CEL rules of values whose shape is right, as the
API server does (k8s.io/apiextensions-apiserver `pkg/registry/customresource/strategy.go`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from enc_operator.core.schemas.definitions import find_schema
from enc_operator.core.schemas.faults import Path, SchemaFault, quote
from enc_operator.core.schemas.nodes import Node, walk
from enc_operator.core.schemas.rules import rule_of
from enc_operator.core.schemas.translation import format_checker, translate
from enc_operator.core.schemas.wording import word_faults


def check_resource(
    document: Mapping[str, Any], crds: Mapping[str, Mapping[str, Any]]
) -> tuple[SchemaFault, ...]:
    """Return what is wrong with a decoded document; `crds` are the parsed CRDs by kind.

    Timestamps must be strings still, as in JSON. Raise ValueError when a CRD holds a rule that is not implemented.
    """
    schema = find_schema(document, crds)
    return (schema,) if isinstance(schema, SchemaFault) else check_document(document, schema)


def check_document(document: Any, schema: Mapping[str, Any]) -> tuple[SchemaFault, ...]:
    """Return what is wrong with a decoded document by a structural schema, closed to unknown fields.

    Raise ValueError when the schema holds a pattern or a rule that is not implemented.
    """
    misshapen = _misshapen(schema, document)
    unsound = _with_ancestors(fault.path for fault in misshapen)
    # A null that is allowed is nothing to the API server, and its rules are not asked about it.
    sound = [node for node in walk(schema, document) if node.path not in unsound and node.value is not None]
    found = [*misshapen, *_repeated(sound), *_broken_rules(sound)]
    return tuple(sorted(found, key=_place))


def _place(fault: SchemaFault) -> list[tuple[int, str]]:
    return [(step, "") if isinstance(step, int) else (-1, str(step)) for step in fault.path]


def _misshapen(schema: Mapping[str, Any], document: Any) -> tuple[SchemaFault, ...]:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 60 ms that a run without such resources saves

    validator = Draft202012Validator(translate(schema), format_checker=format_checker())
    return word_faults(validator.iter_errors(document))


def _with_ancestors(paths: Iterable[Path]) -> set[Path]:
    return {path[:length] for path in paths for length in range(len(path) + 1)}


def _repeated(nodes: Iterable[Node]) -> Iterator[SchemaFault]:
    for node in nodes:
        kind = node.schema.get("x-kubernetes-list-type")
        if kind in ("set", "map"):
            yield from _repeated_items(node, node.schema.get("x-kubernetes-list-map-keys", ()))


def _repeated_items(node: Node, fields: Iterable[str]) -> Iterator[SchemaFault]:
    seen = set()
    for index, item in enumerate(node.value):
        identity = tuple(item[field] for field in fields) if isinstance(item, Mapping) else (item,)
        if identity in seen:
            yield SchemaFault(
                (*node.path, index),
                f"{'/'.join(map(quote, identity))} is listed twice",
                "remove one of the two",
            )
        seen.add(identity)


def _broken_rules(nodes: Iterable[Node]) -> Iterator[SchemaFault]:
    for node in nodes:
        for validation in node.schema.get("x-kubernetes-validations", ()):
            rule = rule_of(validation["rule"])
            if not rule.holds(node.value):
                yield SchemaFault(node.path, validation["message"], rule.fix)
