"""Manifests to inventories, as the tests of objects read them."""

import dataclasses
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from assessing import NOW, ROOT
from enc_operator.core.findings import Where
from enc_operator.core.inventory import Component, Inventory, Resolver
from enc_operator.core.objects.reading import Reader
from enc_operator.core.schemas import read_crds
from enc_operator.core.syntax import Source, parse_yaml

WHERE = Where(Source("f"))
Named = dict[tuple[str, str, str], Component | None]


@cache
def crds() -> Mapping[str, Mapping[str, Any]]:
    """Return the CRDs as the chart ships them."""
    return read_crds(path.read_text() for path in sorted((ROOT / "charts/enc-operator/crds").glob("*.yaml")))


def reader(named: Named | None = None, namespace: str = "default") -> Reader:
    """Return a reader into an empty inventory."""
    return Reader(Inventory(NOW, Resolver("digest", {}, ())), crds(), namespace, named or {})


def read(*manifests: Any, named: Named | None = None) -> Inventory:
    """Read decoded manifests, or texts of YAML."""
    reading = reader(named)
    for manifest in manifests:
        text = manifest if isinstance(manifest, str) else ""
        reading.read(parse_yaml(text).value if text else manifest, Source("f", 0, text))
    return reading.inventory


def everything(value: Any) -> Iterator[Any]:
    """Yield a value and everything that can be reached from it."""
    yield value
    members: Any = ()
    if dataclasses.is_dataclass(value):
        members = [getattr(value, field.name) for field in dataclasses.fields(value)]
    elif isinstance(value, Mapping):
        members = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        members = value
    for member in members:
        yield from everything(member)


def holds(value: Any, text: str) -> bool:
    """Tell whether a text stands in any string, or any bytes, that can be reached from a value."""
    return any(
        text in item if isinstance(item, str) else isinstance(item, bytes) and text.encode() in item
        for item in everything(value)
    )
