"""Kinds of objects that this project does not know, which somebody has the webhook called for."""

from collections.abc import Iterator
from typing import Any

from enc_operator.core.admission.matter import Matter, place
from enc_operator.core.admission.model import Request
from enc_operator.core.admission.predicate import may_hold_handle
from enc_operator.core.admission.refusing import too_deep
from enc_operator.core.admission.world import World
from enc_operator.core.findings import finding
from enc_operator.core.templates.autodiscovery import parse_key
from enc_operator.core.templates.strings import Path, strings_in


def gather_unread(request: Request, _: World) -> Matter | None:
    """Refuse what looks like a template with a handle, wherever it stands; None where nothing new does."""
    where = place(request.kind.kind, request.namespace, request.name)
    matter = Matter()
    old = set(_templates(request.old))
    for path, _text in sorted(set(_templates(request.object)) - old, key=str):
        what = f"{request.kind} is a kind that is not read: what looks like a handle in it cannot be judged"
        fix = "take the kind out of the webhook's rules, and judge the pods, Services and ConfigMaps that come of it"
        matter.refused.append(finding("not-read", where.at(*path), what, fix))
    if not request.whole:
        matter.refused.append(too_deep(where))
    return matter if matter.refused else None


def _templates(value: Any) -> Iterator[tuple[Path, str]]:
    for path, text in strings_in(value):
        if path and isinstance(path[-1], str) and parse_key(path[-1]) and may_hold_handle(text):
            yield path, text
