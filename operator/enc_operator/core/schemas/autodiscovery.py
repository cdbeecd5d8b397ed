"""The shape of Autodiscovery annotations' values, as JSON schemas and as a check without a library.

Source: the Agent's `comp/core/autodiscovery/common/utils/{annotations,pod_annotations}.go`. A fault is what makes the Agent
refuse or silently lose a value. Go matches field names whatever their case (the long s and the Kelvin sign fold too) and ignores
unknown ones. What stands inside an instance is the integration's business; values are never shown, they may be secrets.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from enc_operator.core.schemas.faults import Path, SchemaFault, closest, quote, type_name

_OBJECT: dict[str, Any] = {"type": "object"}
_OBJECTS: dict[str, Any] = {"type": "array", "items": _OBJECT}
_FIELDS: dict[str, Any] = {
    "name": {
        "type": ["string", "null"],
        "description": "The check's name, instead of the key that this stands under.",
    },
    "init_config": {**_OBJECT, "description": "What all instances of the check share."},
    "instances": {**_OBJECTS, "type": ["array", "null"], "description": "One run of the check each."},
    "logs": {**_OBJECTS, "description": "The logs to collect."},
    "ignore_autodiscovery_tags": {
        "type": ["boolean", "null"],
        "description": "Whether to leave out Autodiscovery's tags.",
    },
    "check_tag_cardinality": {
        "type": ["string", "null"],
        "description": "Which tags to add: low, orchestrator or high.",
    },
}
_MOST = 100  # hostile annotations have a hundred thousand faults, and admission has no time to word them
_WORKING = ("instances", "logs")
_FOLDS = {"s": "sS\u017f", "k": "kK\u212a"}


def _names(*fields: str) -> str:
    """Return a pattern of field names as Go folds them; its end is spelt so that Python and ECMAScript agree on it."""
    return f"^(?:{'|'.join(''.join(map(_letter, field)) for field in fields)})(?![\\s\\S])"


def _letter(letter: str) -> str:
    return f"[{_FOLDS.get(letter, letter + letter.upper())}]" if letter.isalpha() else letter


_CHECK: dict[str, Any] = {
    "type": "object",
    "properties": _FIELDS,
    "patternProperties": {_names(field): schema for field, schema in _FIELDS.items()},
    # Unknown fields are tolerated beside a field that makes the check do something.
    "anyOf": [
        {"not": {"propertyNames": {"not": {"pattern": _names(*_WORKING)}}}},
        {"propertyNames": {"pattern": _names(*_FIELDS)}},
    ],
}
_DIALECT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}

CHECKS_SCHEMA: dict[str, Any] = {
    **_DIALECT,
    "title": "Autodiscovery annotation, version 2: <identifier>.checks",
    "type": "object",
    "additionalProperties": _CHECK,
}
CHECK_NAMES_SCHEMA: dict[str, Any] = {
    **_DIALECT,
    "title": "Autodiscovery annotation, version 1: <identifier>.check_names",
    "type": "array",
    "items": {"type": "string"},
}
INIT_CONFIGS_SCHEMA: dict[str, Any] = {
    **_DIALECT,
    "title": "Autodiscovery annotation, version 1: <identifier>.init_configs",
    "type": "array",
    "items": {"anyOf": [_OBJECT, {**_OBJECTS, "minItems": 1, "maxItems": 1}]},
}
INSTANCES_SCHEMA: dict[str, Any] = {
    **_DIALECT,
    "title": "Autodiscovery annotation, version 1: <identifier>.instances",
    "type": "array",
    "items": {"anyOf": [_OBJECT, {**_OBJECTS, "minItems": 1}]},
}
LOGS_SCHEMA: dict[str, Any] = {
    **_DIALECT,
    "title": "Autodiscovery annotation: <identifier>.logs",
    **_OBJECTS,
}


def check_annotation(suffix: str, value: Any) -> tuple[SchemaFault, ...]:
    """Return what is wrong with a decoded value; `suffix` is what follows the identifier, such as `checks`.

    Suffixes whose values are no JSON have no faults. Whether version 1's three lists fit each other is not asked here.
    """
    check = _CHECKERS.get(suffix)
    return tuple(islice(check(value, ()), _MOST)) if check else ()


def _checks(value: Any, path: Path) -> Iterator[SchemaFault]:
    yield from _object(value, path)
    if isinstance(value, Mapping):
        for name, check in value.items():
            yield from _check(check, (*path, name))


def _check(check: Any, path: Path) -> Iterator[SchemaFault]:
    yield from _object(check, path)
    if isinstance(check, Mapping):
        fields = {key: _fold(key) for key in check}
        for key, field in fields.items():
            if field in _FIELD_CHECKERS:
                yield from _FIELD_CHECKERS[field](check[key], (*path, key))
        if not any(field in _WORKING for field in fields.values()):
            yield from _ignored([key for key, field in fields.items() if field not in _FIELDS], path)


def _ignored(keys: list[str], path: Path) -> Iterator[SchemaFault]:
    for key in keys:
        meant = closest(key, _FIELDS)
        fix = f'did you mean "{meant}"?' if meant else "add instances or logs"
        yield SchemaFault(
            (*path, key), f"unknown field {quote(key)}, and without instances or logs nothing runs", fix
        )


def _fold(key: str) -> str:
    return key.lower().replace("\u017f", "s")


def _object(value: Any, path: Path) -> Iterator[SchemaFault]:
    if not isinstance(value, Mapping):
        yield SchemaFault(path, f"must be an object, not {type_name(value)}", "write {…}")


def _list(value: Any, path: Path) -> Iterator[SchemaFault]:
    if not isinstance(value, list):
        yield SchemaFault(path, f"must be a list, not {type_name(value)}", "write […]")


def _objects(value: Any, path: Path) -> Iterator[SchemaFault]:
    yield from _list(value, path)
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _object(item, (*path, index))


def _objects_or_null(value: Any, path: Path) -> Iterator[SchemaFault]:
    if value is not None:
        yield from _objects(value, path)


def _scalar(kind: type, name: str) -> Callable[[Any, Path], Iterator[SchemaFault]]:
    def check(value: Any, path: Path) -> Iterator[SchemaFault]:
        if value is not None and not isinstance(value, kind):
            yield SchemaFault(
                path, f"must be {name}, not {type_name(value)}", "the Agent refuses the whole annotation"
            )

    return check


def _check_names(value: Any, path: Path) -> Iterator[SchemaFault]:
    yield from _list(value, path)
    for index, name in enumerate(value if isinstance(value, list) else ()):
        if not isinstance(name, str):
            yield SchemaFault((*path, index), f"must be a string, not {type_name(name)}", "name a check")


def _init_configs(value: Any, path: Path) -> Iterator[SchemaFault]:
    yield from _list(value, path)
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, list) and len(item) != 1:
            yield SchemaFault(
                (*path, index), f"holds {len(item)} items, but each check has one init_config", "write {}"
            )
        else:
            yield from _object_or_objects(item, (*path, index))


def _instances(value: Any, path: Path) -> Iterator[SchemaFault]:
    yield from _list(value, path)
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if item == []:
            yield SchemaFault(
                (*path, index), "is empty: the Agent drops it, and later items move up", "write [{…}]"
            )
        else:
            yield from _object_or_objects(item, (*path, index))


def _object_or_objects(value: Any, path: Path) -> Iterator[SchemaFault]:
    yield from (_objects if isinstance(value, list) else _object)(value, path)


_Checker = Callable[[Any, Path], Iterator[SchemaFault]]
_FIELD_CHECKERS: dict[str, _Checker] = {
    "name": _scalar(str, "a string"),
    "init_config": _object,
    "instances": _objects_or_null,
    "logs": _objects,
    "ignore_autodiscovery_tags": _scalar(bool, "true or false"),
    "check_tag_cardinality": _scalar(str, "a string"),
}
_CHECKERS: dict[str, _Checker] = {
    "checks": _checks,
    "check_names": _check_names,
    "init_configs": _init_configs,
    "instances": _instances,
    "logs": _objects,
}
