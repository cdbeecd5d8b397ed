"""The strings in a decoded value, and texts in them that look meant as handles but never resolve.

Source: the Agent's `comp/core/secrets/utils` walker: map values and list items at any depth, never keys, never non-strings.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from enc_resolver.handles import handle_in

Path = tuple[Any, ...]
_BLANKS = " \t\r\n"


def strings_in(value: Any) -> Iterator[tuple[Path, str]]:
    """Yield every string with its path, in document order."""
    for path, item in _walk(value):
        if isinstance(item, str):
            yield tuple(path), item


def telling_strings_in(value: Any) -> Iterator[tuple[Path, str]]:
    """Yield the strings that could become a handle or look meant as one: all others hold no bracket and no variable."""
    for path, item in _walk(value):
        if isinstance(item, str) and ("[" in item or "%%" in item or "‰" in item):
            yield tuple(path), item


def keys_in(value: Any) -> Iterator[tuple[Path, str]]:
    """Yield every string key of a mapping with the mapping's path."""
    for path, item in _walk(value):
        if isinstance(item, dict):
            place = tuple(path)
            yield from ((place, key) for key in item if isinstance(key, str))


def depth_of(value: Any) -> int:
    """Return how many keys and indexes lead to the deepest value."""
    return max(len(path) for path, _ in _walk(value))


def _walk(value: Any) -> Iterator[tuple[list[Any], Any]]:
    """Yield every value with its path, which is one list that changes: copies for all would be the square of the depth."""
    path: list[Any] = []
    yield path, value
    levels = [_members(value)]
    while levels:
        following = next(levels[-1], None)
        if following is None:
            levels.pop()
            continue
        path[len(levels) - 1 :] = [following[0]]
        yield path, following[1]
        if isinstance(following[1], dict | list):
            levels.append(_members(following[1]))


def _members(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        return iter(value.items())
    return enumerate(value) if isinstance(value, list) else iter(())


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A text that looks meant as a handle and is none; from `start` to `end` is what looks so."""

    code: str
    what: str
    fix: str
    start: int
    end: int


def near_miss(text: str) -> NearMiss | None:
    """Tell why a string that is no handle looks like one; None if it does not."""
    if "ENC[" in text:
        return _near_miss(text)
    lowered = text.strip(_BLANKS)
    if lowered[:4].upper() == "ENC[" and lowered.endswith("]"):
        what = f"`{lowered[:4]}` is not `ENC[`: the Agent leaves it as it stands"
        start = text.index(lowered)
        return NearMiss("handle-case", what, "write ENC[…]", start, start + 4)
    return None


def _near_miss(text: str) -> NearMiss | None:
    if handle_in(text) is not None:
        return None
    start = text.index("ENC[")
    end = text.find("]", start) + 1 or start + 4
    if handle_in(text.strip(_BLANKS)) is not None:
        return NearMiss(
            "handle-newline",
            "a line break before or after the handle keeps the Agent from seeing it",
            'write it on one line in quotes, or use "|-" or ">-" instead of "|" or ">"',
            start,
            end,
        )
    return NearMiss(
        "handle-partial",
        "a handle must be the entire value; inside other text the Agent leaves it as it stands",
        "make ENC[…] the whole value, and put the rest of the text into the Secret",
        start,
        end,
    )


def handle_key(key: str) -> NearMiss | None:
    """Tell that a mapping's key is written as a handle, which the Agent never resolves."""
    if handle_in(key) is None:
        return None
    return NearMiss("handle-as-key", "a handle as a key is never resolved", "use it as a value", 0, len(key))
