"""Collections of the API: what is listed and watched, and the calls that do it. How a watch is kept up stands in `reflector`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from enc_operator.cluster.calls import JSON, Call
from enc_operator.core.inventory import NOTHING

_METADATA = "as=PartialObjectMetadata{};g=meta.k8s.io;v=v1"


@dataclass(frozen=True, slots=True)
class Collection:
    """All objects below `path`, such as `/api/v1/pods`, that the selectors in `query` admit.

    `metadata_only` leaves everything but the metadata out on the wire.
    """

    path: str
    query: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    metadata_only: bool = False

    def __str__(self) -> str:
        return self.path

    def namespaced(self, namespace: str) -> "Collection":
        """Return the part of the collection that lies in one namespace."""
        above, _, plural = self.path.rpartition("/")
        return replace(self, path=f"{above}/namespaces/{quote(namespace, safe='')}/{plural}")

    def list_call(self, limit: int, proceed: str = "") -> Call:
        """Make the call for a page of the list: the first, or the one that a `continue` token names.

        Without a resourceVersion the list is as new as the store is, however old a server's cache.
        """
        page = {"limit": str(limit)} | ({"continue": proceed} if proceed else {})
        return Call("GET", self.path, {**self.query, **page}, accept=self._accept("List"))

    def watch_call(self, resource_version: str, seconds: int) -> Call:
        """Make the call that watches what comes after a resourceVersion, for as many seconds at most."""
        watch = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(seconds),
        }
        return Call("GET", self.path, {**self.query, **watch}, accept=self._accept(""))

    def _accept(self, suffix: str) -> str:
        return f"{JSON};{_METADATA.format(suffix)},{JSON}" if self.metadata_only else JSON
