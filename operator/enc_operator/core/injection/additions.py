"""A planned injection as a patch that only adds (RFC 6902): what stands there stays, or nothing is added at all.

Added in part, it could leave an Agent with a command and the arguments of another one.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from enc_operator.core.objects.shapes import items, mapping, text

_POD = ("spec", "template", "spec")
_OF_POD = ("initContainers", "volumes")
_OF_CONTAINER = ("env", "volumeMounts")

Operation = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Additions:
    """What to add; or as `kept` what stands there and is not as planned, for which nothing is added."""

    operations: tuple[Operation, ...] = ()
    kept: tuple[str, ...] = ()


def plan_additions(manifest: Mapping[str, Any], planned: Mapping[str, Any]) -> Additions:
    """Plan what makes a workload the planned one, which has at least the containers that the workload has."""
    operations: list[Operation] = []
    kept: dict[str, None] = {}
    for path, old, new in _lists(manifest, planned):
        missing, other = _compared(old, new)
        kept.update(dict.fromkeys(f"{path[-1]} {name}" for name in other))
        if missing and old:
            operations += ({"op": "add", "path": pointer(*path, "-"), "value": item} for item in missing)
        elif missing:
            operations.append({"op": "add", "path": pointer(*path), "value": missing})
    return Additions(kept=tuple(kept)) if kept else Additions(tuple(operations))


def pointer(*steps: str | int) -> str:
    """Return a path as a JSON Pointer (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


_Path = tuple[str | int, ...]


def _lists(
    manifest: Mapping[str, Any], planned: Mapping[str, Any]
) -> Iterator[tuple[_Path, list[Any], list[Any]]]:
    """Yield the lists that an injection adds to: as they are, and as planned."""
    old, new = mapping(manifest, *_POD), mapping(planned, *_POD)
    for field in _OF_POD:
        yield (*_POD, field), items(old, field), items(new, field)
    pairs = zip(items(old, "containers"), items(new, "containers"), strict=True)
    for index, (before, after) in enumerate(pairs):
        for field in _OF_CONTAINER:
            yield (*_POD, "containers", index, field), items(before, field), items(after, field)


def _compared(old: list[Any], new: list[Any]) -> tuple[list[Any], list[str]]:
    """Return the planned items that are missing, and the names of those that are there as something else."""
    there, planned = _by_name(old), _by_name(new)
    missing = [item for item in new if text(item, "name") not in there]
    other = [
        name
        for name, found in there.items()
        if not all(any(holds(item, wanted) for item in found) for wanted in planned.get(name, ()))
    ]
    return missing, other


def _by_name(found: list[Any]) -> dict[str, list[Any]]:
    named: dict[str, list[Any]] = defaultdict(list)
    for item in found:
        named[text(item, "name")].append(item)
    return named


def holds(found: Any, wanted: Any) -> bool:
    """Tell whether an item says all that is planned; the API server's defaults and what other webhooks added say more."""
    if not (isinstance(found, dict) and isinstance(wanted, dict)):
        return bool(found == wanted)
    return all(
        all(each in items(found, key) for each in value)
        if key in ("env", "volumeMounts")
        else found.get(key, "") == value  # the API server stores no empty text
        for key, value in wanted.items()
    )
