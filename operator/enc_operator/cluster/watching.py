"""What the pages of a list and the events of a watch say, as values; pure. What is done about it stands in `reflector`.

What cannot be understood is an ApiError with reason `Unintelligible`: nobody knows what it changed, so only a new list helps.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from enc_operator.cluster.calls import ApiError, Call, failure_told
from enc_operator.cluster.store import Key

Manifest = Mapping[str, Any]
UNINTELLIGIBLE = "Unintelligible"
_PRESENT = {"ADDED": True, "MODIFIED": True, "DELETED": False}


@dataclass(frozen=True, slots=True)
class Seen:
    """An object as it is since `version`; without a manifest it is gone."""

    key: Key
    version: str
    manifest: Manifest | None


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Nothing happened up to `version`; empty where the server does not say which."""

    version: str


@dataclass(slots=True)
class Page:
    """A part of a list; `proceed` is the token of the next one, `version` that of the whole list."""

    call: Call
    version: str
    proceed: str
    kinds: Mapping[str, str]
    items: list[Any]

    def objects(self) -> Iterator[tuple[Key, Manifest]]:
        """Hand over each object once, so that no more than one page's rest is held."""
        self.items.reverse()
        while self.items:
            item = self.items.pop()
            key, _ = _identify(self.call, item)
            yield key, {**self.kinds, **item}


def read_page(call: Call, answer: Manifest) -> Page:
    """Read a page of a list; its items leave out the kind that the list's own names (meta/v1 `List`)."""
    metadata, items = answer.get("metadata"), answer.get("items")
    if not isinstance(metadata, dict) or not isinstance(items, list | None):
        raise _unintelligible(call, "the answer is no list")
    version = metadata.get("resourceVersion")
    if not isinstance(version, str) or not version:
        raise _unintelligible(call, "the list has no resourceVersion")
    kinds = {
        "apiVersion": str(answer.get("apiVersion")),
        "kind": str(answer.get("kind")).removesuffix("List"),
    }
    return Page(call, version, str(metadata.get("continue") or ""), kinds, items or [])


def read_event(call: Call, event: Manifest) -> Seen | Bookmark:
    """Read an event of a watch; an ERROR event is raised as the failure that it tells."""
    kind, found = event.get("type"), event.get("object")
    if kind == "ERROR":
        raise failure_told(call, found if isinstance(found, dict) else {})
    if kind == "BOOKMARK":
        return Bookmark(_version_in(found))
    if kind not in _PRESENT:
        raise _unintelligible(call, f"an event is of type {str(kind)[:40]!r}")
    key, version = _identify(call, found)
    return Seen(key, version, found if _PRESENT[kind] else None)


def is_newer(version: str, than: str) -> bool:
    """Tell whether a resourceVersion comes after another of the same collection (KEP-5504); what is no number is newer."""
    return not (version.isdecimal() and than.isdecimal()) or int(version) > int(than)


def _identify(call: Call, item: Any) -> tuple[Key, str]:
    metadata = item.get("metadata") if isinstance(item, dict) else None
    named = metadata if isinstance(metadata, dict) else {}
    parts = [named.get(field) for field in ("name", "uid", "resourceVersion")]
    if not all(isinstance(part, str) and part for part in parts):
        raise _unintelligible(call, "an object has no name, uid or resourceVersion")
    name, uid, version = map(str, parts)
    return Key(str(named.get("namespace") or ""), name, uid), version


def _version_in(found: Any) -> str:
    metadata = found.get("metadata") if isinstance(found, dict) else None
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    return version if isinstance(version, str) else ""


def _unintelligible(call: Call, message: str) -> ApiError:
    return ApiError(call, 0, UNINTELLIGIBLE, message)
