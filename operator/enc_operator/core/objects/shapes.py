"""Reading values out of untyped manifests: what has the wrong shape counts as absent."""

from collections.abc import Iterator, Mapping
from typing import Any

from enc_operator.core.inventory import NOTHING, Selector


def mapping(value: Any, *path: str) -> Mapping[str, Any]:
    """Return the mapping at a path, or an empty one."""
    found = at(value, *path)
    return found if isinstance(found, dict) else NOTHING


def items(value: Any, *path: str) -> list[Any]:
    """Return the list at a path, or an empty one."""
    found = at(value, *path)
    return found if isinstance(found, list) else []


def text(value: Any, *path: str) -> str:
    """Return the string at a path, or an empty one."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def texts(value: Any, *path: str) -> tuple[str, ...]:
    """Return the strings of the list at a path."""
    return tuple(item for item in items(value, *path) if isinstance(item, str))


def labels(value: Any, *path: str) -> Mapping[str, str]:
    """Return the string values of the mapping at a path."""
    found = mapping(value, *path)
    if not found:
        return NOTHING
    return {key: item for key, item in found.items() if isinstance(key, str) and isinstance(item, str)}


def at(value: Any, *path: str) -> Any:
    """Return what stands at a path of mappings, or None."""
    for step in path:
        # Asked for a Mapping alone it takes ten times as long.
        if not isinstance(value, dict) and not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def entries(value: Any, *path: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the mappings of the list at a path with their indexes."""
    for index, item in enumerate(items(value, *path)):
        if isinstance(item, dict):
            yield index, item


def selector(value: Any) -> Selector:
    """Read a LabelSelector."""
    expressions = tuple(
        (text(item, "key"), text(item, "operator"), texts(item, "values"))
        for _, item in entries(value, "matchExpressions")
    )
    return Selector(labels(value, "matchLabels"), expressions)
