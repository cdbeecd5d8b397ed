"""Who wrote an object, as its managedFields say (Kubernetes: "Server-Side Apply", field management)."""

from collections.abc import Iterator, Mapping
from typing import Any

from enc_operator.core.objects.authorization import OWNER
from enc_operator.core.objects.shapes import entries, text

UNKNOWN = "an unknown writer (managedFields name nobody: see the API server's audit log)"


def other_manager(live: Mapping[str, Any], since: str = "") -> str:
    """Return who wrote an object last, besides this operator and but for its status, as its managedFields say.

    Who only takes fields away is named there no more than before: one that did not write since a time (RFC 3339) was not it.
    """
    found = max((each for each in _writers(live) if each[0] >= since), default=("", UNKNOWN))
    return found[1]


def written_at(live: Mapping[str, Any]) -> str:
    """Return when this operator wrote an object last, as its managedFields say."""
    return max((when for when, manager in _managers(live) if manager == OWNER), default="")


def _writers(live: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return (each for each in _managers(live) if each[1] not in ("", OWNER))


def _managers(live: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for _, each in entries(live, "metadata", "managedFields"):
        if not text(each, "subresource"):
            yield text(each, "time"), text(each, "manager")
