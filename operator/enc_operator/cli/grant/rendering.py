"""Grants as text for the owner of a namespace: YAML, with comments that say who asks and where. Pure."""

from collections.abc import Callable, Iterable, Iterator

from enc_operator.cli.grant.merging import Grant
from enc_operator.cli.grant.planning import ALL, Admitted, Opened
from enc_operator.cli.printing import printable
from enc_operator.core.judgement import Judged
from enc_operator.core.rendering import render_object

HEADER = "# Written by encctl grant, for review: drop what you do not consent to.\n"
"""The first line of every file that it writes."""
_SHOWN = 5


def render_file(namespace: str, grants: Iterable[Grant]) -> str:
    """Render the grants of one namespace."""
    return HEADER + f"# For the owner of namespace {namespace}.\n" + "".join(map(render_grant, grants))


def place_in_file(item: Judged) -> str:
    """Return where a reference stands: the object, and the place in a file."""
    where = item.reference.where
    file = f"{where.source.file}:{where.position().line}"
    return f"{where.object} ({file})" if where.object else file


def render_grant(grant: Grant, place: Callable[[Judged], str] = place_in_file) -> str:
    """Render one grant as a document with its comments; `place` says where a reference stands."""
    comments = "".join(f"# {printable(line)}\n" for line in _comments(grant, place))
    return f"---\n{comments}{render_object(grant.manifest())}"


def _comments(grant: Grant, place: Callable[[Judged], str]) -> Iterator[str]:
    if grant.extends:
        where = grant.extends.where
        yield f"Takes the place of {where.ref} ({where.source.file}:{where.position().line}), which allows less."
    for who, opened, judged in grant.asked:
        yield f"{who} ask for {_key(opened)}:"
        yield from (f"  {line}" for line in _places(map(place, judged)))
    yield from _wide(grant.asked)


def _key(opened: Opened) -> str:
    if opened.key == ALL:
        return f"a key of {opened.secret} that only the running pod decides, so all of them"
    return f"{opened.secret}, key {opened.key}"


def _places(places: Iterable[str]) -> Iterator[str]:
    found = list(dict.fromkeys(places))
    yield from found[:_SHOWN]
    if len(found) > _SHOWN:
        yield f"and {len(found) - _SHOWN} more"


def _wide(asked: Iterable[tuple[Admitted, Opened, tuple[Judged, ...]]]) -> Iterator[str]:
    """Say why a grant admits a whole namespace: a Service has no ServiceAccount."""
    wide = {who.namespace for who, _, _ in asked if who.service_account == ALL}
    for namespace in sorted(wide):
        yield f"All of namespace {namespace}, since a Service has no ServiceAccount that could be named."
