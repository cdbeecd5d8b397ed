"""Spoils good resources in one place or two, each from a seed: what somebody may write by mistake, and what still is right.

Whether a result is good is not decided here.
"""

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

Path = tuple[str | int, ...]
Resource = dict[str, Any]

_NAMES = (
    "a", "a-b", "a.b", "A", "a_b", "-a", "a-", ".a", "a.", "a..b", "..", "a/b", "*", "", " a", "a\n", "é", "a" * 52, "a" * 53,
    "a" * 63, "a" * 64, "a" * 253, "a" * 254, ".".join(["a" * 62] * 4), ".".join(["a" * 62] * 5), "1", "true", "In", "Exists",
    "é" * 40, "a.-b", "x" * 70_000,
)  # fmt: skip
_TIMES = (
    "2030-01-01T00:00:00Z", "2030-01-01T00:00:00+14:00", "2030-01-01T00:00:00-23:59", "2030-01-01T00:00:00+24:00",
    "2030-02-29T00:00:00Z", "2032-02-29T00:00:00Z", "2030-01-01T24:00:00Z", "2030-01-01T23:59:60Z", "2030-13-01T00:00:00Z",
    "2030-01-01t00:00:00z", "2030-01-01 00:00:00Z", "2030-01-01", "2030-01-01T00:00Z", "2030-01-01T00:00:00.123456789Z",
    "2030-01-01T00:00:00.1234567890Z", "2030-01-01T00:00:00.Z", "0999-01-01T00:00:00Z", "1000-01-01T00:00:00Z",
    "1000-01-01T00:00:00+01:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59-23:59",
    "10000-01-01T00:00:00Z", "2030-01-01T00:00:00Z\n", "2030-W01-1T00:00:00Z", "2030-01-01T00:00:00,5Z",
)  # fmt: skip
_NUMBERS = (
    -1,
    0,
    1,
    30,
    31,
    1.0,
    20.5,
    1e3,
    604800,
    604801,
    2**31 - 1,
    2**31,
    2**63 - 1,
    2**63,
    2**64,
    True,
    "1",
)
_OTHER_TYPES: tuple[Any, ...] = (
    1,
    1.5,
    True,
    False,
    "text",
    [],
    {},
    ["text"],
    {"name": "text"},
    [[]],
    [{}],
    0,
    "",
)
_KEYS = (
    "team", "example.com/team", "Example.com/team", "a..b/c", "a.-b/c", "/c", "a/", "a/b/c", "a b", "é", "", "-a", "a-", "a_b.c",
    "k" * 63, "k" * 64, "p" * 63 + "/a", "p" * 64 + "/a", "p." * 126 + "p/a", "p." * 127 + "p/a", "kubernetes.io/metadata.name",
)  # fmt: skip
_UNKNOWN = ("sepc", "secretname", "Namespace", "x", "kind", "name", "metadata", "status", "key", "")


class Spoiler:
    """Spoils resources; `kept` are the paths that stay as they are."""

    def __init__(self, seed: int, kept: frozenset[Path]) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secret, a seed
        self._kept = kept
        self._ways: tuple[Callable[[Resource, Path], str], ...] = (
            self._drop, self._retype, self._retype, self._add_field, self._empty, self._reword, self._reword, self._double,
            self._merge_neighbours, self._rename, self._recount,
        )  # fmt: skip

    def spoil(self, resource: Resource, below: Path = ()) -> tuple[str, Resource]:
        """Return what was done below a path, and the resource after it."""
        spoilt = copy.deepcopy(resource)
        done: list[str] = []
        for _ in range(self._random.choice((1, 1, 1, 2))):
            while not (what := self._once(spoilt, below)):
                pass
            done.append(what)
        return ", then ".join(done), spoilt

    def nulls(self, resource: Resource) -> Iterator[tuple[Path, Resource]]:
        """Yield the resource with a null in each place, once."""
        for path in self._paths(resource, ()):
            spoilt = copy.deepcopy(resource)
            parent, last = _parent(spoilt, path)
            parent[last] = None
            yield path, spoilt

    def _once(self, resource: Resource, below: Path) -> str:
        paths = list(self._paths(resource, below))
        if not paths:
            return "nothing"  # the first mistake left nothing to spoil
        path = self._random.choice(paths)
        what = self._random.choice(self._ways)(resource, path)
        return what and f"{what} at {path}"

    def _paths(self, value: Any, path: Path) -> Iterator[Path]:
        for found in _paths(value, ()):
            if found[: len(path)] == path and found not in self._kept and found[:1] not in self._kept:
                yield found

    def _drop(self, resource: Resource, path: Path) -> str:
        parent, last = _parent(resource, path)
        del parent[last]
        return "dropped"

    def _retype(self, resource: Resource, path: Path) -> str:
        parent, last = _parent(resource, path)
        parent[last] = copy.deepcopy(
            self._random.choice((*_OTHER_TYPES, [parent[last]], {"a": parent[last]}))
        )
        return f"{str(parent[last])[:40]!r} put"

    def _add_field(self, resource: Resource, path: Path) -> str:
        parent, last = _parent(resource, path)
        into = parent[last]
        name = self._random.choice(_UNKNOWN)
        if not isinstance(into, dict) or name in into:
            return ""
        into[name] = self._random.choice(("text", {}, [], 1))
        return f"field {name!r} added"

    def _empty(self, resource: Resource, path: Path) -> str:
        parent, last = _parent(resource, path)
        if not isinstance(parent[last], dict | list | str):
            return ""
        parent[last] = type(parent[last])()
        return "emptied"

    def _reword(self, resource: Resource, path: Path) -> str:
        parent, last = _parent(resource, path)
        if not isinstance(parent[last], str):
            return ""
        times = isinstance(parent[last], str) and parent[last][:2] == "20"
        parent[last] = self._random.choice(_TIMES if times else _NAMES)
        return f"{parent[last][:40]!r} put"

    def _double(self, resource: Resource, path: Path) -> str:
        parent, last = _parent(resource, path)
        if not isinstance(parent[last], list) or not parent[last]:
            return ""
        times = self._random.choice((2, 2, 17, 65))
        parent[last] = [copy.deepcopy(item) for item in parent[last] * times]
        if self._random.random() < 0.5 and all(isinstance(item, str) for item in parent[last]):
            parent[last] = [f"{item}{number}" for number, item in enumerate(parent[last])]
        return f"taken {times} times"

    def _merge_neighbours(self, resource: Resource, path: Path) -> str:
        """Give an item what another item has: two alternatives at once."""
        parent, last = _parent(resource, path)
        others = [each for each in parent if isinstance(each, dict)] if isinstance(parent, list) else []
        alternatives = (
            {"namespace": "shop"},
            {"agent": {"namespace": "x"}},
            {"namespaceSelector": {"matchLabels": {"a": "b"}}},
        )
        if not isinstance(parent, list) or not isinstance(parent[last], dict):
            return ""
        more = self._random.choice((*others, *alternatives))
        parent[last] = {**parent[last], **copy.deepcopy(more)}
        return f"{more} merged"

    def _rename(self, resource: Resource, path: Path) -> str:
        """Change a key, also of labels and annotations."""
        parent, last = _parent(resource, path)
        if not isinstance(parent, dict) or path[:-1] == ():
            return ""
        name = self._random.choice(_KEYS)
        parent[name] = parent.pop(last)
        return f"renamed to {name[:40]!r}"

    def _recount(self, resource: Resource, path: Path) -> str:
        parent, last = _parent(resource, path)
        if not isinstance(parent[last], int | float):
            return ""
        parent[last] = self._random.choice(_NUMBERS)
        return f"{parent[last]!r} put"


def _paths(value: Any, path: Path) -> Iterator[Path]:
    if path:
        yield path
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for step, child in children:
        yield from _paths(child, (*path, step))


def _parent(resource: Resource, path: Path) -> tuple[Any, Any]:
    value: Any = resource
    for step in path[:-1]:
        value = value[step]
    return value, path[-1]
