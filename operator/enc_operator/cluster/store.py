"""What is known of a collection at this moment; how it comes to be known stands in `reflector`."""

import threading
from collections.abc import Mapping
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Key(NamedTuple):
    """One object; another one of the same name has another `uid`. Cluster-scoped ones have no namespace."""

    namespace: str
    name: str
    uid: str


class Store(Generic[T]):
    """Objects by key and by namespace, at most one of each name; many threads may read while one writes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: dict[Key, T] = {}
        self._names: dict[str, dict[str, Key]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: Key) -> T | None:
        """Return an object, or None."""
        return self._items.get(key)

    def find(self, namespace: str, name: str) -> tuple[Key, T] | None:
        """Return the object of a name with its key, or None."""
        with self._lock:
            key = self._names.get(namespace, {}).get(name)
            return None if key is None else (key, self._items[key])

    def items(self) -> Mapping[Key, T]:
        """Return everything, as it is now."""
        with self._lock:
            return self._items.copy()

    def in_namespace(self, namespace: str) -> Mapping[Key, T]:
        """Return everything of a namespace, as it is now."""
        with self._lock:
            return {key: self._items[key] for key in self._names.get(namespace, {}).values()}

    def replace(self, items: Mapping[Key, T]) -> None:
        """Know these objects and no others."""
        names: dict[str, dict[str, Key]] = {}
        for key in items:
            names.setdefault(key.namespace, {})[key.name] = key
        with self._lock:
            self._items = {key: items[key] for each in names.values() for key in each.values()}
            self._names = names

    def put(self, key: Key, item: T) -> None:
        """Know an object, in place of what was known under its name."""
        with self._lock:
            self._remove(self._names.get(key.namespace, {}).get(key.name))
            self._items[key] = item
            self._names.setdefault(key.namespace, {})[key.name] = key

    def remove(self, key: Key) -> None:
        """Forget an object; one of the same name with another uid stays."""
        with self._lock:
            self._remove(key)

    def _remove(self, key: Key | None) -> None:
        if key is None or self._items.pop(key, None) is None:
            return
        named = self._names[key.namespace]
        del named[key.name]
        if not named:
            del self._names[key.namespace]
