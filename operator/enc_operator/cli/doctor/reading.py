"""Single objects and short lists of a cluster, each with what right it takes where it may not be read. What they mean is not here."""

from collections.abc import Mapping

from enc_operator.cli.doctor.model import Found, Manifest, Unreadable
from enc_operator.cli.kubectl.arguments import Kubectl
from enc_operator.cli.kubectl.calls import NotAllowed, NotThere, list_pages, read_path

_NOTHING: Mapping[str, str] = {}


class Looker:
    """Reads as the user; raises EncError only where the cluster does not answer."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl

    def one(self, path: str) -> Found:
        """Return the object of a path."""
        try:
            return read_path(self._kubectl, path)
        except NotThere:
            return None
        except NotAllowed as refused:
            return Unreadable(right_of("get", path), _words(refused))

    def many(self, path: str, query: Mapping[str, str] = _NOTHING) -> list[Manifest] | Unreadable:
        """Return the objects of a collection; none where there is no such kind."""
        try:
            return [item for page in list_pages(self._kubectl, path, query) for item in page]
        except NotThere:
            return []
        except NotAllowed as refused:
            return Unreadable(right_of("list", path), _words(refused))


def right_of(verb: str, path: str) -> str:
    """Return the right that a call takes, in words: the verb, the resource as kubectl writes it, and where."""
    root, *steps = path.strip("/").split("/")
    group, rest = ("", steps[1:]) if root == "api" else (steps[0], steps[2:])
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    resource = f"{rest[0]}.{group}" if group else rest[0]
    named = f" {rest[1]}" if verb == "get" and len(rest) > 1 else ""
    return f"{verb} {resource}{named}" + (f" in namespace {namespace}" if namespace else "")


def _words(refused: NotAllowed) -> str:
    return refused.message.partition(" is forbidden: ")[2] or refused.message
