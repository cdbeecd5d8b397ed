"""A made-up collection on the wire: its objects, events and lists, and a reflector of it with what it tells."""

from collections.abc import Callable
from typing import Any

from e2e.cluster.folder import wait_until
from enc_operator.cluster.backoff import Backoff
from enc_operator.cluster.collections import Collection
from enc_operator.cluster.reflector import Reflector
from recorded_sink import RecordedSink
from scripted_api import Line, ScriptedApi

Step = Callable[[Line], object]


def thing(name: str, version: int, uid: str = "", **more: Any) -> dict[str, Any]:
    """Make an object; its uid is its name unless another is given."""
    metadata = {"namespace": "ns", "name": name, "uid": uid or name, "resourceVersion": str(version)}
    return {"metadata": metadata, **more}


def event(kind: str, *arguments: Any, **more: Any) -> dict[str, Any]:
    """Make an event on a thing."""
    return {"type": kind, "object": thing(*arguments, **more)}


def bookmark(version: int) -> dict[str, Any]:
    """Make a bookmark."""
    return {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(version)}}}


def error(code: int, reason: str) -> dict[str, Any]:
    """Make an ERROR event."""
    return {"type": "ERROR", "object": {"kind": "Status", "code": code, "reason": reason}}


def listed(version: int, *items: Any, proceed: str = "") -> Step:
    """Answer a list."""
    metadata = {"resourceVersion": str(version), **({"continue": proceed} if proceed else {})}
    return lambda line: line.answer({
        "apiVersion": "v1", "kind": "ThingList", "metadata": metadata, "items": list(items)
    })  # fmt: skip


def watched(*events: Any, then: Step = Line.hold) -> Step:
    """Answer a watch, and leave it open unless something else is to come of it."""
    return lambda line: then(line.watch(*events))


def refused(status: int, reason: str, **headers: str) -> Step:
    """Refuse a call."""
    return lambda line: line.refuse(status, reason, **headers)


def value_in(manifest: Any) -> Any:
    """Reduce a thing to its value; what has none is of no interest."""
    return manifest.get("value")


class Play:
    """A reflector of a scripted server, what it told, and what it asked."""

    def __init__(self, api: ScriptedApi, reduce: Callable[[Any], Any] = value_in, **options: Any) -> None:
        self.api = api
        self.sink = RecordedSink()
        quick = Backoff(first=0.02, longest=0.02)
        self.reflector = Reflector(
            api.gateway(), Collection("/things"), reduce, self.sink, page=2, **{"backoff": quick, **options}
        )  # fmt: skip

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for what the reflector is to do."""
        wait_until(condition, what, seconds=10, every=0.005)

    def until_known(self, **items: Any) -> None:
        """Wait until the sink knows these, and see that the store knows the same."""
        self.until(
            lambda: {key.name: item for key, item in self.sink.known.copy().items()} == items,
            f"{items} is known",
        )
        self.until(lambda: self.reflector.store.items() == self.sink.known, "the store knows it too")

    def asked(self, count: int) -> list[str]:
        """Return the next requests: `list`, `list:<token>` or `watch:<resourceVersion>`."""
        return [_brief(self.api.next_asked().query) for _ in range(count)]


def _brief(query: Any) -> str:
    if query.get("watch"):
        return f"watch:{query['resourceVersion']}"
    return f"list:{query['continue']}" if "continue" in query else "list"


Playing = Callable[..., Play]
